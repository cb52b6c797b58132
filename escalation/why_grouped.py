"""Why the reports of a bug are one bug: what its newest report was grouped by, frame by frame."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from escalation.bugs import find_bug
from escalation.grouping import RULE
from escalation.grouping.groups import Grouping, group, raised_of_text
from escalation.grouping.judging import Judged, judged
from escalation.grouping.traces.frame import Frame
from escalation.grouping.traces.reading import parse_stack_trace
from escalation.ingestion.events import read_event
from escalation.ingestion.intake import unpacked
from escalation.models import Bug, Group

MOST_KEYS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The frames of one exception, the innermost last; `error_type` is empty for a thread's stack."""

    error_type: str
    frames: Sequence[Judged]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """`parts` are what the fingerprint is a hash of; `keys` lead to the bug, each a group that joined it."""

    rule: int
    basis: str
    fingerprint: str
    parts: Sequence[str]
    stacks: Sequence[Stack]
    keys: Sequence[Group]


def explain_grouping(*, bug_id: str) -> Explanation:
    """What the newest report that is kept is grouped by, by the rule in force. Raises BugNotFound."""
    bug = find_bug(bug_id=bug_id)
    grouping, stacks = _of_event(bug) or _of_text(bug)
    return Explanation(
        rule=RULE,
        basis=grouping.basis,
        fingerprint=grouping.fingerprint.key,
        parts=grouping.fingerprint.parts,
        stacks=[Stack(error_type=error_type, frames=judged(frames)) for error_type, frames in stacks if frames],
        keys=list(bug.groups.order_by("-id")[:MOST_KEYS]),
    )


Stacks = Iterable[tuple[str, Sequence[Frame]]]


def _of_event(bug: Bug) -> tuple[Grouping, Stacks] | None:
    """Of the event of an SDK, whose frames say more than their text."""
    newest = bug.occurrences.order_by("-id").first()
    if newest is None or not newest.event:
        return None
    event = read_event(unpacked(bytes(newest.event)))
    return event.grouping(), [*((each.error_type, each.frames) for each in event.exceptions), ("", event.stack)]


def _of_text(bug: Bug) -> tuple[Grouping, Stacks]:
    traces = parse_stack_trace(bug.stack_trace) if bug.stack_trace else []
    raised = raised_of_text(error_type=bug.error_type, error_message=bug.error_message, traces=traces)
    return group(raised=raised), [(each.error_type, each.frames) for each in raised]
