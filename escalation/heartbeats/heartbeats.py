"""Heartbeats: adding, changing and removing one."""

from collections.abc import Mapping
from itertools import chain
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from audit.trail import record
from config.errors import Conflict, DomainError, NotFound
from escalation import fields
from escalation.fields import require
from escalation.models import Heartbeat, Impact

LONGEST_PERIOD = 366 * 24 * 60  # minutes


class InvalidHeartbeat(DomainError):
    code = "invalid-heartbeat"


class HeartbeatNotFound(NotFound):
    code = "heartbeat-not-found"


class HeartbeatExists(Conflict):
    code = "heartbeat-exists"
    remedy = "choose another name, or change the heartbeat that has it"


def add_heartbeat(
    *, name: str, period_minutes: int, grace_minutes: int = 5, bug_impact: str = Impact.HIGH, is_paused: bool = False
) -> Heartbeat:
    """Say what reports how often. It is missed from its first report on. Raises InvalidHeartbeat, HeartbeatExists."""
    heartbeat = Heartbeat(
        name=name,
        period_minutes=period_minutes,
        grace_minutes=grace_minutes,
        bug_impact=bug_impact,
        is_paused=is_paused,
    )
    require(chain(fields.check_slug("name", name), _problems(heartbeat)), InvalidHeartbeat)
    try:
        with transaction.atomic():
            heartbeat.save(force_insert=True)
            _tell(heartbeat, "heartbeat.added", before=None, now=heartbeat.state())
    except IntegrityError as error:
        raise HeartbeatExists(f"A heartbeat {name} exists. Choose another name, or change that one.") from error
    return heartbeat


@transaction.atomic
def change_heartbeat(*, name: str, **changes: Any) -> Heartbeat:
    """Change some fields. Paused, it is not missed; resumed, it has its whole time again.

    Raises HeartbeatNotFound, InvalidHeartbeat.
    """
    heartbeat = find_heartbeat(name=name, lock=True)
    before, was_paused = heartbeat.state(), heartbeat.is_paused
    for field, value in changes.items():
        setattr(heartbeat, field, value)
    require(_problems(heartbeat), InvalidHeartbeat)
    now = timezone.now()
    heartbeat.expect(since=now if was_paused else heartbeat.last_ping_at or now)
    heartbeat.save()
    _tell(heartbeat, "heartbeat.changed", before=before, now=heartbeat.state())
    return heartbeat


@transaction.atomic
def remove_heartbeat(*, name: str) -> None:
    """A bug that is open because of it stays. Raises HeartbeatNotFound."""
    heartbeat = find_heartbeat(name=name, lock=True)
    _tell(heartbeat, "heartbeat.removed", before=heartbeat.state(), now=None)
    heartbeat.delete()


def list_heartbeats() -> QuerySet[Heartbeat]:
    return Heartbeat.objects.all()


def find_heartbeat(*, name: str, lock: bool = False) -> Heartbeat:
    """Raises HeartbeatNotFound."""
    rows = Heartbeat.objects.select_for_update() if lock else list_heartbeats()
    found = rows.filter(name=name).first()
    if found is None:
        raise HeartbeatNotFound(f"There is no heartbeat {name[:80]}. GET /api/v1/escalation/heartbeats lists them.")
    return found


def ping_url(heartbeat: Heartbeat) -> str:
    """What the program asks for when it is done."""
    return settings.PUBLIC_URL + reverse("escalation-ping", args=[heartbeat.ping_key])


def _problems(heartbeat: Heartbeat) -> fields.Problems:
    yield from fields.check_count("period_minutes", heartbeat.period_minutes, most=LONGEST_PERIOD)
    yield from fields.check_count("grace_minutes", heartbeat.grace_minutes, most=LONGEST_PERIOD)
    yield from fields.check_choice("bug_impact", heartbeat.bug_impact, Impact.values)


def _tell(
    heartbeat: Heartbeat, event_type: str, *, before: Mapping[str, Any] | None, now: Mapping[str, Any] | None
) -> None:
    record(event_type=event_type, entity_type="heartbeat", entity_id=heartbeat.name, old_value=before, new_value=now)
