"""Whether what a caller wants to store is an answer at all: not nothing, not an error, not an empty reply.

A false refusal costs one call; an error that is kept is served as an answer for as long as the entry lives. Where a
picture truly shows the words of an error, the caller can say so by a name of its own: `{"text": "503 ..."}`.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from visioncache.failures import is_error_object, is_error_page, is_error_text, is_sign
from visioncache.replies import Reply, read_reply

NOTHING = "it says nothing"
ERROR = "it is an error, not what a model read"
_WORDS_FOR_NOTHING = frozenset({"null", "none", "undefined", "nan", "[object object]"})


def why_no_answer(data: Any) -> str | None:
    """Why `data` is no answer, to go on with "because"; None when it is one."""
    if is_empty(data):
        return NOTHING
    match data:
        case str():
            return _of_text(data.strip())
        case Mapping():
            return _of_object(data)
        case list() | tuple():
            return _of_list(data)
    return None


def is_empty(data: Any) -> bool:
    """Nothing at any depth but null, blank text and empty lists and objects."""
    return all(value is None or (isinstance(value, str) and not _strip(value)) for value in _leaves(data))


_UNSEEN = re.compile("[\\s\u200b-\u200f\u2060\ufeff]*")


def _strip(text: str) -> str:
    """Without white space, and without a byte order mark and joiners if there is nothing else."""
    return "" if _UNSEEN.fullmatch(text) else text.strip()


def _leaves(data: Any) -> Iterator[Any]:
    waiting = [data]  # a loop, since a value may be deeper than the stack
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            waiting.extend(value.values())
        elif isinstance(value, list | tuple):
            waiting.extend(value)
        else:
            yield value


def _of_list(data: Sequence[Any]) -> str | None:
    """Chunks of a stream, or several bodies: one answer among them is enough, unless the model was stopped."""
    replies = [read_reply(item) for item in data if isinstance(item, Mapping)]
    if blocked := next((reply for reply in replies if reply and reply.is_blocked), None):
        return _of_reply(blocked)
    whys = [why_no_answer(item) if isinstance(item, Mapping) else None for item in data]
    return whys[0] if all(whys) else None


def _of_text(text: str) -> str | None:
    if text.lower() in _WORDS_FOR_NOTHING:
        return NOTHING
    if is_sign(text):
        return None
    if fenced := _FENCE.fullmatch(text):
        return why_no_answer(fenced[1].strip())
    if (text[0] in '{["' or text.startswith(_STREAM)) and not is_error_text(text):
        return _of_written_json(text)
    return ERROR if is_error_text(text) or is_error_page(text) else None


_FENCE = re.compile(r"```\w{0,20}\s([^`]*)```")  # as models write JSON
_STREAM = ("data:", "event:")  # how lines of server-sent events begin


def _of_written_json(text: str) -> str | None:
    """JSON as text: one value, one a line, or one an event of a stream."""
    try:
        return why_no_answer(json.loads(text))
    except (ValueError, RecursionError):
        pass
    lines = [line.removeprefix("data:").strip() for line in text.splitlines() if not line.startswith("event:")]
    try:
        return why_no_answer([json.loads(line) for line in lines if line not in {"", "[DONE]"}])
    except (ValueError, RecursionError):
        return None


def _of_object(data: Mapping[str, Any]) -> str | None:
    if is_error_object({name.lower(): value for name, value in data.items() if not is_empty(value)}):
        return ERROR
    reply = read_reply(data)
    return None if reply is None else _of_reply(reply)


def _of_reply(reply: Reply) -> str | None:
    if reply.is_blocked:
        return f"the model was stopped ({reply.stop})"
    said = [part for part in reply.said if not is_empty(part)]
    if not said:
        return f"the provider's reply has neither text nor a tool call{f' ({reply.stop})' if reply.stop else ''}"
    return _of_text(said[0].strip()) if len(said) == 1 and isinstance(said[0], str) else None
