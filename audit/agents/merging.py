"""Putting entries of ours into files of others, and taking them out again. Pure: text in, text out."""

import json
import re
from collections.abc import Mapping
from typing import Any

MARK = re.compile(r"""(?:manage\.py['"]? hook|handrail['"]? hook|hook\.py['"]?) ['"]?[a-z]+\b|/handrail-hook$""")
"""The command of a hook of ours, by whatever way it was installed."""
_COMMANDS = ("command", "bash", "powershell", "to")
_FIRST = {"amp.permissions"}
"""Lists of which the first that fits counts."""
_BEGIN, _END = "# handrail: begin (agent_install writes this part)", "# handrail: end"
_NAME = "handrail"


class NotMergeable(ValueError):
    """The file cannot be rewritten without a loss."""


def merged_json(text: str, ours: Mapping[str, Any]) -> str:
    """The JSON text with our entries. Raises NotMergeable."""
    known = _read(text)
    if _holds(known, ours):
        return text
    return _write(_with(_without(known, ours), ours), text)


def removed_json(text: str, ours: Mapping[str, Any]) -> str:
    """The JSON text without our entries; nothing where nothing else is left. Raises NotMergeable."""
    known = _read(text)
    kept = _without(known, ours)
    if kept == known:
        return text
    only_ours = not kept or set(kept) <= {"version", "description"}
    return "" if only_ours else _write(kept, text)


def merged_block(text: str, block: str) -> str:
    """The text with a part of ours at its end, between two comments."""
    rest = removed_block(text)
    gap = "\n" if rest and not rest.endswith("\n") else ""
    return f"{rest}{gap}{_BEGIN}\n{block.rstrip()}\n{_END}\n"


def removed_block(text: str) -> str:
    return re.sub(rf"(?ms)^{re.escape(_BEGIN)}\n.*?^{re.escape(_END)}\n?", "", text)


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


def _read(text: str) -> dict[str, Any]:
    try:
        known = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise NotMergeable(
            f"is not plain JSON ({error}): comments would be lost, so add the entries by hand"
        ) from error
    if not isinstance(known, dict):
        raise NotMergeable("is no JSON object")
    return known


def _write(value: Any, before: str) -> str:
    """As the file was written before: its indentation, and its last line."""
    indent = re.search(r"(?m)^([ \t]+)\S", before)
    text = json.dumps(value, indent=indent[1] if indent else 2, ensure_ascii=False)
    return text if before and not before.endswith("\n") else f"{text}\n"


def _with(known: Any, ours: Any, *, first: bool = False) -> Any:
    if isinstance(ours, Mapping) and isinstance(known, Mapping):
        mixed = {name: _with(known.get(name), value, first=name in _FIRST) for name, value in ours.items()}
        return {**known, **mixed}
    if isinstance(ours, list) and isinstance(known, list):
        return [*ours, *known] if first else [*known, *ours]
    if known is not None and isinstance(ours, Mapping | list):
        raise NotMergeable("holds something else where our entries belong")
    return ours


def _without(known: Any, ours: Any) -> Any:
    """What stays when our entries go. Looks only where we write, so that nothing of others is touched."""
    if isinstance(known, Mapping) and isinstance(ours, Mapping):
        kept = {}
        for name, value in known.items():
            if name in ours and (name == _NAME or ours[name] is True):
                continue
            rest = _without(value, ours[name]) if name in ours else value
            if rest or rest == value:
                kept[name] = rest
        return kept
    if isinstance(known, list) and isinstance(ours, list):
        return [rest for item in known if (rest := _without_commands(item)) is not None]
    return known


def _without_commands(item: Any) -> Any:
    """An element of a list of hooks, None when nothing of others is left in it."""
    if not isinstance(item, Mapping) or not commands_of(item):
        return item
    inner = item.get("hooks")
    if isinstance(inner, list):
        others = [hook for hook in inner if not commands_of(hook)]
        return {**item, "hooks": others} if others else None
    return None
