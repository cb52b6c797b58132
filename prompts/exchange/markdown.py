"""Markdown with front matter: the text as it is, everything else before it. It holds all of a prompt's version."""

from collections.abc import Iterable, Sequence
from typing import Any

from prompts.exchange import front_matter, names
from prompts.exchange.jsonl import checked_cases
from prompts.exchange.terms import Carried, File, Read, Unreadable, Written

_WORDS = ("purpose", "notes", "description", "folder")
_KNOWN = {"prompt_id", *_WORDS, "settings", "tags", "messages", "cases"}


def read(files: Sequence[File]) -> Read:
    """A prompt in each file that ends in .md. Raises Unreadable."""
    found = Read()
    for file in files:
        if file.name.endswith((".md", ".markdown")):
            front, body = front_matter.parted(file)
            found.leave(file.path, sorted(set(front) - _KNOWN))
            found.prompts.append(_carried(file, front, body))
    if not found.prompts:
        raise Unreadable("There is no Markdown: give files whose names end in .md.")
    return found


def _carried(file: File, front: dict[str, Any], body: str) -> Carried:
    prompt_id, folder = names.placed(front_matter.text_of(front, "prompt_id") or file.stem)
    settings, messages = front.get("settings") or {}, front.get("messages")
    if not isinstance(settings, dict) or not isinstance(messages, list | None):
        raise Unreadable(f"{file.path}: settings are names with values, messages a list of role and content.")
    if messages and body.strip():
        raise Unreadable(f"{file.path} has messages in its front matter and a text behind it. Keep one of them.")
    words = {name: str(front[name]) for name in _WORDS if front.get(name) is not None}
    return Carried(
        prompt_id=prompt_id,
        prompt_text=None if messages else body,
        messages=messages or None,
        settings=settings,
        tags=names.tags(front.get("tags")),
        cases=checked_cases(front.get("cases") or [], file.path),
        **{"folder": folder, **words},
    )


def write(prompts: Iterable[Carried]) -> Written:
    """`NAME.md` for each."""
    done = Written()
    for carried in prompts:
        front = {
            "prompt_id": carried.prompt_id,
            **{name: getattr(carried, name) for name in _WORDS},
            "tags": list(carried.tags),
            "settings": carried.settings,
            "messages": carried.messages,
            "cases": [dict(case) for case in carried.cases],
        }
        text = front_matter.joined(front, carried.prompt_text or "")
        done.files.append(File(path=f"{carried.prompt_id}.md", text=text))
    return done
