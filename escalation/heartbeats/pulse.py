"""What reports, what is missed and what returns: the bug of a heartbeat opens and closes with it.

A report that finds nothing wrong records no event: programs report often.
"""

from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from audit.trail import record
from escalation import bugs
from escalation.bugs import BugNotFound, TransitionRefused
from escalation.heartbeats.heartbeats import HeartbeatNotFound
from escalation.models import Heartbeat
from escalation.reports import report_bug

MOST_AT_ONCE = 200


@transaction.atomic
def ping(*, key: str) -> None:
    """It reports; if it was missed, its bug closes. Raises HeartbeatNotFound."""
    found, now = _called(key), timezone.now()
    down_since = found.down_since
    found.last_ping_at, found.down_since = now, None
    found.expect(since=now)
    found.save(update_fields=["last_ping_at", "down_since", "due_at"])
    if down_since is not None:
        _return(found, down_since)


@transaction.atomic
def fail(*, key: str) -> None:
    """It reports that it failed, which opens its bug at once, paused or not. Raises HeartbeatNotFound."""
    found = _called(key)
    found.last_ping_at = timezone.now()
    _go_down(found, because="says that it failed", at=found.last_ping_at)


def miss_overdue(*, limit: int = MOST_AT_ONCE) -> int:
    """Open a bug for each that did not report in time; returns how many there are."""
    late = list(Heartbeat.objects.missed(at=timezone.now()).order_by("due_at").values_list("pk", flat=True)[:limit])
    return sum(_miss(pk) for pk in late)


def _called(key: str) -> Heartbeat:
    found = Heartbeat.objects.select_for_update().filter(ping_key=key).first()
    if found is None:
        raise HeartbeatNotFound("No heartbeat has this address. GET /api/v1/escalation/heartbeats has each one's.")
    return found


@transaction.atomic
def _miss(pk: int) -> bool:
    now = timezone.now()
    found = Heartbeat.objects.missed(at=now).select_for_update().filter(pk=pk).first()
    if found is None:
        return False  # it reported meanwhile, or somebody else was here
    said = f"last reported at {found.last_ping_at:%Y-%m-%d %H:%M} UTC"
    _go_down(found, because=f"{said}; it reports every {found.period_minutes} minutes", at=now)
    return True


def _go_down(heartbeat: Heartbeat, *, because: str, at: datetime) -> None:
    heartbeat.down_since, heartbeat.due_at = heartbeat.down_since or at, None
    heartbeat.save(update_fields=["last_ping_at", "down_since", "due_at"])
    bug = report_bug(
        bug_id=_bug_id(heartbeat),
        error_type="HeartbeatMissed",
        error_message=f"{heartbeat.name} {because}.",
        user_impact=heartbeat.bug_impact,
        tags=["heartbeat"],
    )
    _tell(heartbeat, "heartbeat.missed", bug=bug.bug_id, because=because)


def _return(heartbeat: Heartbeat, down_since: datetime) -> None:
    minutes = (timezone.now() - down_since) // timedelta(minutes=1)
    with suppress(BugNotFound, TransitionRefused):  # somebody resolved it before
        resolution = f"It reports again, after {minutes} minutes."
        bugs.resolve(bug_id=_bug_id(heartbeat), resolution=resolution, resolved_by=f"heartbeat:{heartbeat.name}")
    _tell(heartbeat, "heartbeat.returned", minutes=minutes)


def _bug_id(heartbeat: Heartbeat) -> str:
    return f"heartbeat:{heartbeat.name}"


def _tell(heartbeat: Heartbeat, event_type: str, **context: object) -> None:
    record(event_type=event_type, entity_type="heartbeat", entity_id=heartbeat.name, context=context)
