"""Recording events and reading them back as history."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from audit.changes import deep_compare
from audit.models import Event
from audit.signals import event_recorded
from config.context import caller
from config.errors import DomainError, FieldError, NotFound

logger = logging.getLogger(__name__)

MAX_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """What a caller says of an event; the rest is known or computed."""

    event_type: str
    entity_type: str
    entity_id: str
    old_value: Any = None
    new_value: Any = None
    user: str | None = None
    context: Mapping[str, Any] | None = None
    timestamp: datetime | None = None


class InvalidEvent(DomainError):
    code = "invalid-event"


def record(
    *,
    event_type: str,
    entity_type: str,
    entity_id: str,
    old_value: Any = None,
    new_value: Any = None,
    user: str | None = None,
    context: Mapping[str, Any] | None = None,
    timestamp: datetime | None = None,
) -> Event:
    """Record that something happened; call it inside the transaction of the change. Raises InvalidEvent."""
    new = NewEvent(
        event_type=event_type,
        entity_type=entity_type,
        entity_id=entity_id,
        old_value=old_value,
        new_value=new_value,
        user=user,
        context=context,
        timestamp=timestamp,
    )
    return record_all(events=[new])[0]


def record_all(*, events: Sequence[NewEvent]) -> list[Event]:
    """Record up to 500 events, all or none. Raises InvalidEvent naming the first that is wrong."""
    if not 1 <= len(events) <= MAX_BATCH:
        raise InvalidEvent(f"Send 1 to {MAX_BATCH} events at once.")
    rows = [_row(new) for new in events]
    with transaction.atomic():
        if len(rows) == 1:
            rows[0].save(force_insert=True)
        else:
            Event.objects.bulk_create(rows)
        transaction.on_commit(lambda: _announce(rows))
    return rows


def _row(new: NewEvent) -> Event:
    _check(new)
    by = caller()
    changes = deep_compare(new.old_value, new.new_value)
    return Event(
        event_type=new.event_type,
        entity_type=new.entity_type,
        entity_id=new.entity_id,
        old_value=new.old_value,
        new_value=new.new_value,
        changes=[asdict(change) for change in changes],
        user=new.user or by.actor,
        actor=by.actor,
        correlation_id=by.correlation_id,
        context={**by.details, **(new.context or {})} or None,
        timestamp=new.timestamp or timezone.now(),
    )


def _check(new: NewEvent) -> None:
    limits = {"event_type": 50, "entity_type": 50, "entity_id": 255}
    for name, limit in limits.items():
        value = getattr(new, name)
        if not value or len(value) > limit:
            wrong = FieldError(field=name, code="length", detail=f"Must have 1 to {limit} characters.")
            raise InvalidEvent(f"The event's {name} must have 1 to {limit} characters.", errors=[wrong])
    if new.user and len(new.user) > 255:
        raise InvalidEvent("The event's user must have at most 255 characters.")


def _announce(rows: Sequence[Event]) -> None:
    for event in rows:
        for receiver, failure in event_recorded.send_robust(Event, event=event):
            if isinstance(failure, Exception):
                logger.error("Subscriber %s failed on event %s: %r", receiver, event.uid, failure)


def history(*, entity_type: str, entity_id: str, limit: int = 100) -> list[Event]:
    """The newest events of an entity, newest first."""
    return list(Event.objects.of(entity_type, entity_id).newest_first()[:limit])


def state_at(*, entity_type: str, entity_id: str, at: datetime) -> Event:
    """The last event of an entity at a time; its new_value is the state then. Raises NotFound before the first."""
    event = Event.objects.of(entity_type, entity_id).filter(timestamp__lte=at).newest_first().first()
    if event is None:
        raise NotFound(f"Nothing is recorded of {entity_type} {entity_id} up to {at.isoformat()}.")
    return event
