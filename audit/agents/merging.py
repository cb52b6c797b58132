"""Putting entries of ours into files of others, and taking them out again. Pure: text in, text out."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from audit.json_text import Element, NotJson, has_comments, put, read, replace, take

MARK = re.compile(
    r"""(?:(?:manage\.py|handrail)['"]? (?:hook|tell)|(?:hook|tell)\.py['"]?) ['"]?[a-z]+\b|/handrail-hook$"""
)
"""The command of a hook of ours, by whatever way it was installed."""
_COMMANDS = ("command", "bash", "powershell", "to")
_FIRST = {"amp.permissions"}
"""Lists of which the first that fits counts."""
_BEGIN, _END = "# handrail: begin (agent_install writes this part)", "# handrail: end"
_BLOCK = re.compile(rf"(?ms)^{re.escape(_BEGIN)}\n.*?^{re.escape(_END)}\n?")
_NAME = "handrail"


class NotMergeable(ValueError):
    """The file cannot be rewritten without a loss."""


def merged_json(text: str, ours: Mapping[str, Any]) -> str:
    """The JSON text with our entries, everything else as it stands. Raises NotMergeable."""
    text = text if text.strip() else "{}\n"
    known = read_object(text)
    if _holds(known.value, ours):
        return text
    return _with_all(_without_all(text, ours), ours)


def removed_json(text: str, ours: Mapping[str, Any]) -> str:
    """The JSON text without our entries; nothing where nothing else is left. Raises NotMergeable."""
    if not text.strip():
        return text
    rest = _without_all(text, ours)
    bare = {name: value for name, value in read_object(rest).value.items() if name not in ours or ours[name] != value}
    return "" if rest != text and not bare and not has_comments(rest) else rest


def merged_toml(text: str, block: str) -> str:
    """The TOML text with a part of ours between two comments: where it was, else at the end. Raises NotMergeable."""
    ours = f"{_BEGIN}\n{block.rstrip()}\n{_END}\n"
    if (found := _BLOCK.search(text)) is not None:
        mixed = f"{text[: found.start()]}{ours}{removed_block(text[found.end() :])}"
    else:
        mixed = text + "\n" * bool(text and not text.endswith("\n")) + ours
    try:
        tomllib.loads(mixed)
    except ValueError as error:
        raise NotMergeable(f"would be no TOML with our part ({error}): take out what it names twice") from error
    return mixed


def removed_block(text: str) -> str:
    return _BLOCK.sub("", text)


def commands_of(value: Any) -> list[str]:
    """The commands of hooks of ours that stand in a configuration, in their order."""
    if isinstance(value, list):
        return [command for item in value for command in commands_of(item)]
    if not isinstance(value, Mapping):
        return []
    own = [value[name] for name in _COMMANDS if isinstance(value.get(name), str) and MARK.search(value[name])]
    return own + [command for item in value.values() for command in commands_of(item)]


def _holds(known: Any, ours: Any) -> bool:
    """Whether our entries are there as we would write them, whatever stands beside them."""
    if isinstance(ours, Mapping):
        return isinstance(known, Mapping) and all(name in known and _holds(known[name], ours[name]) for name in ours)
    if isinstance(ours, list):
        return isinstance(known, list) and [item for item in known if commands_of(item)] == ours
    return bool(known == ours)


def read_object(text: str) -> Element:
    """Raises NotMergeable."""
    try:
        known = read(text)
    except NotJson as error:
        raise NotMergeable(str(error)) from error
    if not isinstance(known.value, dict):
        raise NotMergeable("is no JSON object")
    return known


def _with_all(text: str, ours: Mapping[str, Any], path: tuple[str, ...] = ()) -> str:
    for name, value in ours.items():
        container = _at(text, path)
        member = container.member(name)
        if member is None:
            text = put(text, container, value, name=name)
        elif isinstance(value, Mapping) and isinstance(member.value, dict):
            text = _with_all(text, value, (*path, name))
        elif isinstance(value, list) and isinstance(member.value, list):
            for item in reversed(value) if name in _FIRST else value:
                text = put(text, _at(text, (*path, name)), item, first=name in _FIRST)
        elif isinstance(value, Mapping | list) or isinstance(member.value, dict | list):
            raise NotMergeable(f"holds something else where our entries belong: {name}")
        elif member.value != value:
            text = replace(text, member, value)
    return text


def _without_all(text: str, ours: Mapping[str, Any]) -> str:
    """What stays when our entries go, one by one. Looks only where we write, so that nothing of others is touched."""
    while (found := next(_entries(text, read_object(text), ours), None)) is not None:
        text = take(text, *found)
    return text


def _entries(text: str, container: Element, ours: Any) -> Iterator[tuple[Element, Element]]:
    """What is ours and can go at once, with what holds it; where a holder has nothing else, the holder."""
    for item in container.inner:
        wanted = ours.get(item.name) if isinstance(ours, Mapping) else None
        if _is_ours(item, ours) or (_is_only(item, wanted) and not has_comments(text[item.start : item.end])):
            yield container, item
        elif isinstance(ours, list) and (hooks := item.member("hooks")) is not None:
            yield from ((hooks, hook) for hook in hooks.inner if commands_of(hook.value))
        elif isinstance(wanted, Mapping | list):
            yield from _entries(text, item, wanted)


def _is_ours(item: Element, ours: Any) -> bool:
    """Whether an element is ours, as it stands: the server's name, a switch, or hooks with no command of others."""
    if isinstance(ours, Mapping):
        return item.name in ours and (item.name == _NAME or ours[item.name] is True)
    hooks = item.member("hooks")
    return bool(commands_of(item.value)) and (hooks is None or all(commands_of(hook.value) for hook in hooks.inner))


def _is_only(item: Element, ours: Any) -> bool:
    """Whether all that a container holds is ours."""
    if not isinstance(ours, Mapping | list):
        return False
    return bool(item.inner) and all(
        _is_ours(inner, ours) or (isinstance(ours, Mapping) and _is_only(inner, ours.get(inner.name)))
        for inner in item.inner
    )


def _at(text: str, path: tuple[str, ...]) -> Element:
    found: Element | None = read_object(text)
    for name in path:
        found = found.member(name) if found is not None else None
    if found is None:
        raise NotMergeable(f"has lost {'.'.join(path)}")
    return found
