"""Assertions as promptfoo writes them, and ours as it would."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from prompts.assertions import KEYS, SET, TYPES

MICROS = 1_000_000
_LISTS = {"contains-all", "contains-any", "icontains-all", "icontains-any"}
_WRITTEN = re.compile(r"(?P<type>(?:not-)?[a-z][a-z-]*)(?:\((?P<threshold>[0-9.]+)\))?\s*:\s*(?P<value>.*)", re.DOTALL)
_BARE = re.compile(r"(?:not-)?(?:is-json|contains-json)\Z")


def from_promptfoo(given: Iterable[Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """Ours, and the types that we do not judge."""
    kept, left = [], []
    for item in given:
        kind = item.get("type") if isinstance(item, Mapping) else None
        if kind == SET and isinstance(item.get("assert"), list):
            members, lost = from_promptfoo(item["assert"])
            kept += [_ours(SET, {**item, "value": members})] if members else []
            left += lost
            continue
        if not isinstance(kind, str) or kind.removeprefix("not-") not in TYPES:
            left.append(str(kind or item)[:60])
            continue
        kept.append(_ours(kind, item))
        left += [f"{kind}.{name}" for name in item if name not in KEYS]
    return kept, left


def _ours(kind: str, item: Mapping[str, Any]) -> dict[str, Any]:
    plain = kind.removeprefix("not-")
    said = {name: item[name] for name in KEYS[1:] if item.get(name) is not None}
    if plain in _LISTS and isinstance(said.get("value"), str):
        said["value"] = [word.strip() for word in said["value"].split(",") if word.strip()]
    if plain == "cost":
        said |= {name: round(said[name] * MICROS) for name in ("value", "threshold") if _is_number(said.get(name))}
    return {"type": kind, **said}


def to_promptfoo(assertions: Iterable[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """Theirs, and our types that it does not have."""
    kept, left = [], []
    for item in assertions:
        if item["type"].removeprefix("not-") == "token-count":
            left.append(item["type"])
            continue
        said = {name: value for name, value in item.items() if value is not None}
        if item["type"] == SET:
            members, lost = to_promptfoo(said.pop("value"))
            kept.append({**said, "assert": members})
            left += lost
            continue
        if item["type"].removeprefix("not-") == "cost":
            said |= {name: said[name] / MICROS for name in ("value", "threshold") if name in said}
        kept.append(said)
    return kept, left


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def of_cell(text: str) -> dict[str, Any]:
    """What a cell `__expected` says: `contains: sunset`, `levenshtein(3): ...`; anything else is the whole output."""
    found = _WRITTEN.match(text.strip())
    if _BARE.match(text.strip()):
        return {"type": text.strip()}
    if not found or found["type"].removeprefix("not-") not in TYPES:
        return {"type": "equals", "value": text}
    value: Any = found["value"].strip()
    plain = found["type"].removeprefix("not-")
    if plain in _LISTS:
        value = [word.strip() for word in value.split(",") if word.strip()]
    elif plain in {"word-count", "token-count", "latency", "cost"} and re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
        value = float(value) if "." in value else int(value)
    said = {"type": found["type"], "value": value}
    said |= {"threshold": float(found["threshold"])} if found["threshold"] else {}
    return _ours(found["type"], said)


def cell_of(assertion: Mapping[str, Any]) -> str | None:
    """The cell that says an assertion, or None where no cell can."""
    kind: str = assertion["type"]
    value: Any = assertion.get("value")
    plain = kind.removeprefix("not-")
    if assertion.get("weight") not in (None, 1, 1.0) or assertion.get("metric") or kind == SET:
        return None
    if isinstance(value, str) and value.strip() and of_cell(value) == dict(assertion):
        return value  # the whole output, which needs no word before it
    if plain in _LISTS:
        text = None if any("," in word or word != word.strip() for word in value or ()) else ", ".join(value or ())
    elif plain == "cost":
        text = str(value / MICROS) if _is_number(value) else None
    else:
        text = "" if value is None else str(value) if isinstance(value, str | int | float) else None
    if text is None:
        return None
    threshold = f"({assertion['threshold']:g})" if assertion.get("threshold") is not None else ""
    written = f"{kind}{threshold}: {text}" if text else kind
    return written if of_cell(written) == {name: item for name, item in assertion.items() if item is not None} else None
