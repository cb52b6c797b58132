"""The calls of a session: what was asked, what was decided, and what became of it."""

import json
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.models import AgentSession, Event
from audit.permissions.calls import Call
from audit.permissions.rules import EDITING
from audit.verdicts import EXECUTED, MADE, PROMPTED, USAGE_TOLD
from config.errors import NotFound
from config.secrets import known_as

MOST = 1_000
"""Calls of one session that are told, its first; the trail has them all."""
MOST_BESIDE = 100
"""Of what else happened in it."""


class SessionNotFound(NotFound):
    code = "session-not-found"
    remedy = "list the sessions; one appears within a minute of its first call"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One tool call."""

    event: str
    """The uid of what the trail has of it."""
    row: int
    """And its primary key."""
    timestamp: datetime
    tool: str
    input: Any
    decision: str | None
    """None where the agent told of a call that it never asked about."""
    rule: str | None
    reason: str
    outcome: str | None
    """`ran`, `failed`, or None where the agent did not say."""
    duration_ms: float | None
    agent_id: str
    """Of the sub-agent that made it; empty where it was the agent itself, or it did not say."""
    agent_type: str
    part: str
    """Of the call, what decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a person asked of the agent."""

    event: str
    timestamp: datetime
    text: str


def find_session(*, session_id: str) -> AgentSession:
    """Raises SessionNotFound."""
    found = AgentSession.objects.filter(session_id__in=known_as(session_id)).first()
    if found is None:
        raise SessionNotFound(
            f"No session is called {session_id[:100]}. One appears within a minute of its first call."
        )
    return found


def steps_of(session: AgentSession) -> list[Step]:
    """Its calls in order."""
    events = Event.objects.joined_by("session_id", session.session_id).filter(event_type__in=[MADE, EXECUTED])
    return joined(events.order_by("id")[: 2 * MOST])[:MOST]


def prompts_of(session: AgentSession) -> list[Prompt]:
    """Those that the agent's hook told, in order."""
    events = Event.objects.joined_by("session_id", session.session_id).filter(event_type=PROMPTED).order_by("id")
    told = ((event, event.new_value) for event in events[:MOST])
    return [
        Prompt(event=str(event.uid), timestamp=event.timestamp, text=str(said.get("text") or ""))
        for event, said in told
        if isinstance(said, dict)
    ]


def beside(session: AgentSession) -> list[Event]:
    """What else the trail has of it, in order: what it was told when it began, what it had remembered."""
    shown = [MADE, EXECUTED, PROMPTED, USAGE_TOLD]  # by themselves
    events = Event.objects.joined_by("session_id", session.session_id).exclude(event_type__in=shown)
    return list(events.order_by("id")[:MOST_BESIDE])


def joined(events: Iterable[Event]) -> list[Step]:
    """Decisions with the executions that belong to them, by the call's id; where an agent has no such ids, by what
    was asked, in order."""
    steps: list[Step] = []
    waiting: defaultdict[tuple[str, ...], deque[int]] = defaultdict(deque)
    for event in events:
        key = _key(event)
        if event.event_type == MADE:
            waiting[key].append(len(steps))
            steps.append(_step(event))
        elif places := waiting[key]:
            place = places.popleft()
            steps[place] = _with_outcome(steps[place], event)
        else:
            steps.append(_with_outcome(_step(event), event))
    return steps


def touched(steps: Sequence[Step]) -> list[str]:
    """Files that its editing tools named, in calls that were not denied."""
    calls = (
        Call(tool=step.tool, input=step.input)
        for step in steps
        if step.decision != "deny" and isinstance(step.input, dict)
    )
    return list(dict.fromkeys(path for call in calls if _edits(call) for path in call.paths()))


def _edits(call: Call) -> bool:
    return call.tool in EDITING or call.tool == "ApplyPatch"


def _key(event: Event) -> tuple[str, ...]:
    if event.tool_use_id:
        return (event.tool_use_id,)
    context = event.context or {}
    asked = json.dumps(context.get("tool_input"), sort_keys=True, default=str)
    return ("", str(context.get("tool_name")), asked)


def _step(event: Event) -> Step:
    context, said = event.context or {}, event.new_value if isinstance(event.new_value, dict) else {}
    return Step(
        event=str(event.uid),
        row=event.pk,
        timestamp=event.timestamp,
        tool=str(context.get("tool_name") or said.get("tool") or ""),
        input=context.get("tool_input"),
        decision=event.decision,
        rule=said.get("rule"),
        reason=str(said.get("reason") or ""),
        outcome=None,
        duration_ms=None,
        agent_id=str(context.get("agent_id") or ""),
        agent_type=str(context.get("agent_type") or ""),
        part=str(said.get("part") or ""),
    )


def _with_outcome(step: Step, event: Event) -> Step:
    said = event.new_value if isinstance(event.new_value, dict) else {}
    took = said.get("duration_ms")
    outcome = "failed" if said.get("failed") else "ran"
    duration = float(took) if isinstance(took, int | float) else None
    known = {name: getattr(step, name) for name in Step.__slots__}
    return Step(**{**known, "outcome": outcome, "duration_ms": duration})


def call_text(given: Any) -> str:
    """What a call is about, in a line."""
    if not isinstance(given, dict):
        return str(given or "")
    alone = next((given[name] for name in ("command", "file_path", "url", "sql") if given.get(name)), None)
    return str(alone if alone is not None else given).replace("\n", " ")
