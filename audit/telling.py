"""An event as a person reads it in one line: what happened, what changed, how it stands since. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audit.verdicts import MADE
from config.pages.kit.marks import Tone

MOST_CHANGES = 3
LONGEST_VALUE, LONGEST_TOLD = 60, 90

OUTCOMES: dict[str, tuple[str, Tone]] = {
    "allow": ("allowed", "good"),
    "deny": ("denied", "bad"),
    "confirm": ("to confirm", "wait"),
    "left": ("left to the agent", "quiet"),
}
"""What became of a call, by the decision on it."""

_STATES = ("verdict", "verification", "status")
"""Fields in which the things of the trail say how they stand, the weightiest first."""
_TONES: dict[str, Tone] = {
    **dict.fromkeys(("passed", "approved", "completed", "finished", "resolved", "improvement"), "good"),
    **dict.fromkeys(("failed", "fault", "regression", "denied", "expired"), "bad"),
    **dict.fromkeys(("pending", "reopened", "muted"), "wait"),
    **dict.fromkeys(("acknowledged", "investigating", "running"), "info"),
}
_ENDINGS: dict[str, tuple[str, Tone]] = {
    "failed": ("failed", "bad"),
    "fault_found": ("fault found", "bad"),
    "regression_found": ("regression", "bad"),
    "rolled_back": ("rolled back", "info"),
    "removed": ("removed", "quiet"),
    "deleted": ("removed", "quiet"),
}
"""Of event types that say by their last word how it ended."""


def happened(event_type: str, decision: str | None) -> str:
    """What happened, in a few words."""
    return f"call {OUTCOMES[decision][0]}" if decision in OUTCOMES else spoken(event_type)


def spoken(event_type: str) -> str:
    """An event's type as words: `bug.reported_again` is "bug reported again"."""
    return event_type.replace(".", " ").replace("_", " ")


def in_a_line(event_type: str, changes: Sequence[Mapping[str, Any]]) -> str:
    """What changed, as a row of a list has room for it."""
    line = "; ".join(told(event_type, changes))
    return line if len(line) <= LONGEST_TOLD else f"{line[:LONGEST_TOLD]}..."


def told(event_type: str, changes: Sequence[Mapping[str, Any]], most: int = MOST_CHANGES) -> list[str]:
    """What changed, in a few short pieces; of a decision, what was to be done."""
    whole = _whole(changes)
    if event_type == MADE and isinstance(whole, Mapping) and whole.get("part"):
        return [_short(whole["part"])]
    if isinstance(whole, Mapping):
        pieces = [
            f"{_short(name)}: {_short(value)}" for name, value in whole.items() if value not in (None, "", [], {})
        ]
    else:
        pieces = [_piece(change) for change in changes]
    more = len(pieces) - most
    return [*pieces[:most], *([f"and {more} more"] if more > 0 else [])]


def outcome(event_type: str, decision: str | None, changes: Sequence[Mapping[str, Any]]) -> tuple[str, Tone] | None:
    """How a thing stands since the event, and how good that is; None where the event says nothing of it."""
    if decision in OUTCOMES:
        return OUTCOMES[decision]
    ending = f"_{event_type.rpartition('.')[2]}"
    for word, how in _ENDINGS.items():
        if ending.endswith(f"_{word}"):
            return how
    whole = _whole(changes)
    if isinstance(whole, Mapping) and whole.get("failed") is True:
        return "failed", "bad"
    for said in _said(whole, changes):
        return said.replace("_", " "), _TONES.get(said, "quiet")
    return None


def _said(whole: Any, changes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What the fields of _STATES say now, as far as the event speaks of them."""
    now = whole if isinstance(whole, Mapping) else {change["path"]: change["new"] for change in changes}
    for name in _STATES:
        value = now.get(name)
        value = value.get("call") if isinstance(value, Mapping) else value
        if isinstance(value, str) and value:
            yield value


def _whole(changes: Sequence[Mapping[str, Any]]) -> Any:
    """The new value, where the whole of it is what changed."""
    return changes[0]["new"] if len(changes) == 1 and changes[0]["path"] == "" else None


def _piece(change: Mapping[str, Any]) -> str:
    path = _short(str(change["path"]) or "value")
    match change["kind"]:
        case "added":
            return f"+ {path}: {_short(change['new'])}"
        case "removed":
            return f"- {path}: {_short(change['old'])}"
    return f"{path}: {_short(change['old'])} -> {_short(change['new'])}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_VALUE else f"{line[: LONGEST_VALUE - 3]}..."
