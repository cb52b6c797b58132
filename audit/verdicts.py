"""What is decided of a tool call, and how the trail says so."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

Verdict = Literal["allow", "deny", "confirm"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

MADE, EXECUTED = "decision.made", "execution.recorded"
"""The types of their events."""


def verdict_of(event_type: str, value: Any) -> Verdict | None:
    """What a decision's event decided. Callers may report one that says anything: what is no verdict is none."""
    said = value.get("decision") if event_type == MADE and isinstance(value, Mapping) else None
    return said if said in VERDICTS else None
