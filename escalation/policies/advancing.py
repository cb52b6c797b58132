"""The steps that are due. A timer is a row: whichever worker comes first makes the step, and no restart loses it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.trail import record
from escalation.bugs import BugNotFound, changed
from escalation.calling.holding import hold_of
from escalation.calling.steps import next_after
from escalation.changes import ENTITY_TYPE
from escalation.delivery.queueing import queue_call
from escalation.models import Escalation, EscalationState, Status
from escalation.oncall.reaching import reach

MOST_AT_ONCE = 200
EXPIRED = "bug.acknowledgement_expired"


def advance_due(*, limit: int = MOST_AT_ONCE) -> int:
    """Make every step that is due, and let bugs call anew whose acknowledgement timed out; returns how many."""
    due = Escalation.objects.due(at=timezone.now()).order_by("due_at")
    found = list(due.values_list("pk", "state", "bug__bug_id")[:limit])
    for pk, state, bug_id in found:
        if state == EscalationState.RUNNING:
            _advance(pk)
        else:
            _expire(pk, bug_id)
    return len(found)


@transaction.atomic
def _advance(pk: UUID) -> None:
    now = timezone.now()
    rows = Escalation.objects.due(at=now).running().filter(pk=pk)
    run = rows.select_for_update(of=("self",)).select_related("bug__project").first()
    if run is None:
        return  # somebody else made the step, or somebody took notice
    if not run.bug.still_calls:
        _end(run, at=now, because="nobody is called for any more")
    elif (hold := hold_of(run, at=now)) is not None:
        run.due_at, run.held_by = hold.until, hold.maintenance
    else:
        _make_step(run, at=now)
    run.save()


def _make_step(run: Escalation, *, at: datetime) -> None:
    run.held_by = None
    reached = reach(run.rules["steps"][run.step]["targets"], at=at)
    queue_call(run, reached.targets)
    to = sorted({recipient for _, recipient in reached.targets})
    _tell(run, "bug.called", {"to": to, "missing": reached.missing})
    after = next_after(run.rules, step=run.step, done_rounds=run.round)
    if after is None:
        run.state, run.due_at, run.ended_because = EscalationState.UNANSWERED, None, "nobody came"
        _tell(run, "bug.unanswered", {})
    else:
        # A step that reaches nobody is no reason to wait for the one behind it.
        wait = after.wait if reached.targets or after.step <= run.step else timedelta(0)
        run.step, run.round, run.due_at = after.step, after.round, at + wait


def _expire(pk: UUID, bug_id: str) -> None:
    """An acknowledged bug that nobody began to work on calls again; the change itself begins a new run."""
    try:
        with changed(bug_id=bug_id, event_type=EXPIRED) as bug:
            due = Escalation.objects.due(at=timezone.now()).filter(pk=pk, state=EscalationState.ACKNOWLEDGED)
            if bug.status == Status.ACKNOWLEDGED and due.exists():
                bug.status, bug.escalated_at = Status.PENDING, timezone.now()
                bug.acknowledged_at, bug.acknowledge_ms, bug.acknowledged_by = None, None, ""
    except BugNotFound:
        return
    Escalation.objects.due(at=timezone.now()).filter(pk=pk, state=EscalationState.ACKNOWLEDGED).update(
        state=EscalationState.ENDED, due_at=None, ended_at=timezone.now(), ended_because="its acknowledgement expired"
    )


def _end(run: Escalation, *, at: datetime, because: str) -> None:
    run.state, run.due_at, run.ended_at, run.ended_because = EscalationState.ENDED, None, at, because


def _tell(run: Escalation, event_type: str, context: Mapping[str, Any]) -> None:
    said = {"policy": run.rules["name"], "step": run.step + 1, "round": run.round + 1, **context}
    record(event_type=event_type, entity_type=ENTITY_TYPE, entity_id=run.bug.bug_id, context=said)
