"""What is decided of a tool call, and how the trail says so."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

Verdict = Literal["allow", "deny", "confirm"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

Outcome = Literal["allow", "deny", "confirm", "left"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""What became of a call: left are those to confirm of which a hook says nothing, so that the agent's own permissions
decide."""

MADE, EXECUTED = "decision.made", "execution.recorded"
"""The types of their events."""
PROMPTED, USAGE_TOLD = "session.prompted", "session.usage_told"
"""Of what a person asks of an agent, and of what its models took."""


def verdict_of(event_type: str, value: Any) -> Verdict | None:
    """What a decision's event decided. Callers may report one that says anything: what is no verdict is none."""
    said = value.get("decision") if event_type == MADE and isinstance(value, Mapping) else None
    return said if said in VERDICTS else None


def outcome_of(event_type: str, value: Any) -> Outcome | None:
    """The same, but for what is left to the agent."""
    said = verdict_of(event_type, value)
    return "left" if said == "confirm" and value.get("open") is True else said
