"""Recording events and reading them back as history."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from secrets import token_hex
from typing import Any, TypedDict, Unpack

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from audit import limits
from audit.changes import deep_compare
from audit.leaves import leaf, payload_hash
from audit.models import Event
from audit.signals import event_recorded
from audit.verdicts import outcome_of
from config.context import caller
from config.errors import Conflict, DomainError, FieldError, NotFound
from config.identifiers import uuid7
from config.secrets import blank, keyed, scrub

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
    agent: str = ""
    session_id: str = ""
    tool_use_id: str = ""
    idempotency_key: str | None = None


class Details(TypedDict, total=False):
    """The fields of NewEvent that may be left out."""

    old_value: Any
    new_value: Any
    user: str | None
    context: Mapping[str, Any] | None
    timestamp: datetime | None
    agent: str
    session_id: str
    tool_use_id: str
    idempotency_key: str | None


class InvalidEvent(DomainError):
    code = "invalid-event"


def record(*, event_type: str, entity_type: str, entity_id: str, **fields: Unpack[Details]) -> Event:
    """Record that something happened; call it inside the transaction of the change. Raises InvalidEvent.

    A second event of one actor with the same `idempotency_key` is not recorded: the first is returned, or Conflict
    raised when it says something else.
    """
    new = NewEvent(event_type=event_type, entity_type=entity_type, entity_id=entity_id, **fields)
    return record_all(events=[new])[0]


def record_all(*, events: Sequence[NewEvent]) -> list[Event]:
    """Record up to 500 events, all or none. Raises InvalidEvent naming the first that is wrong."""
    if not 1 <= len(events) <= MAX_BATCH:
        raise InvalidEvent(f"Send 1 to {MAX_BATCH} events at once.")
    rows = [prepare(new) for new in events]
    known: dict[str, Event] = {}
    while True:  # until no key is in the way: each round finds one more of them
        try:
            return _write(rows, known)
        except IntegrityError:
            found = _known(rows) if _have_keys(rows) else {}
            if found.keys() <= known.keys():
                raise
            known = found


def write(rows: list[Event]) -> None:
    """Write events that were prepared before, as whoever was the caller then, all or none."""
    _write(rows, {})


def _write(rows: list[Event], known: Mapping[str, Event]) -> list[Event]:
    """Insert what is not known. Nobody looks for a key before it is in the way: nearly every one is new, and looking
    took a quarter of a decision."""
    fresh = [row for row in rows if row.idempotency_key not in known]
    with transaction.atomic(savepoint=_have_keys(fresh)):
        _insert(fresh)
        transaction.on_commit(partial(_announce, fresh))
    return [known.get(row.idempotency_key or "", row) for row in rows]


def _have_keys(rows: Sequence[Event]) -> bool:
    return any(row.idempotency_key for row in rows)


def _insert(rows: list[Event]) -> None:
    if len(rows) == 1:
        _insert_one(rows[0])
    elif rows:
        Event.objects.bulk_create(rows)


_COLUMNS = [str(field.column) for field in Event._meta.concrete_fields if field.column not in {"id", "tx"}]
_NAMES, _MARKS = ", ".join(f'"{name}"' for name in _COLUMNS), ", ".join(["%s"] * len(_COLUMNS))
_INSERT = f"INSERT INTO audit_event ({_NAMES}) VALUES ({_MARKS}) RETURNING id, tx"  # noqa: S608  -- our own columns
_INSERT_SQLITE = f'INSERT INTO audit_event ({_NAMES}, "tx") VALUES ({_MARKS}, 0)'  # noqa: S608
_JSON = {"old_value", "new_value", "changes", "context"}


def _insert_one(event: Event) -> None:
    """Insert by a statement composed once: the ORM composes it each time, at a third of what a recording costs."""
    values = [_column(name, getattr(event, name)) for name in _COLUMNS]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_INSERT, values)
            event.pk, event.tx = cursor.fetchone()
        else:
            cursor.execute(_INSERT_SQLITE, values)
            event.pk, event.tx = cursor.lastrowid, 0
    event._state.adding, event._state.db = False, connection.alias  # noqa: SLF001  -- what save() sets


def _column(name: str, value: Any) -> Any:
    if name in _JSON:
        return None if value is None else json.dumps(value)
    if name == "uid" and connection.vendor != "postgresql":
        return value.hex
    return connection.ops.adapt_datetimefield_value(value) if name == "timestamp" else value


def _known(rows: Sequence[Event]) -> dict[str, Event]:
    """Events recorded before under the rows' idempotency keys. Raises Conflict where one says something else."""
    keyed = {row.idempotency_key: row for row in rows if row.idempotency_key}
    before = Event.objects.filter(actor=rows[0].actor, idempotency_key__in=keyed)
    known = {str(event.idempotency_key): event for event in before}
    for key, event in known.items():
        if any(
            getattr(event, name) != getattr(keyed[key], name) for name in ("event_type", "entity_type", "entity_id")
        ):
            raise Conflict(f"The idempotency key {key} was used for another event. Use a new key for a new event.")
    return known


def prepare(new: NewEvent) -> Event:
    """An event as the present caller's, to be written. Raises InvalidEvent."""
    _check(new)
    new = _without_secrets(new)
    by = caller()
    details = dict(by.details)
    known = {name: keyed(str(details.pop(name, ""))[:limit]) for name, limit in limits.KEPT_OF_CALLER.items()}
    fields: dict[str, Any] = {
        "uid": uuid7(),
        "timestamp": new.timestamp or timezone.now(),
        "event_type": new.event_type,
        "entity_type": new.entity_type,
        "entity_id": new.entity_id,
        "old_value": new.old_value,
        "new_value": new.new_value,
        "changes": [change.as_dict() for change in deep_compare(new.old_value, new.new_value)],
        "user": new.user or by.actor,
        "actor": by.actor,
        "correlation_id": keyed(by.correlation_id),
        "context": {**scrub(details), **(new.context or {})} or None,
        **{name: getattr(new, name) or known[name] for name in limits.KEPT_OF_CALLER},
        "decision": outcome_of(new.event_type, new.new_value),
        "salt": token_hex(16),
    }
    try:
        fields["payload_hash"] = payload_hash(fields["salt"], fields)
        hashed = leaf({**fields, "uid": str(fields["uid"])})
    except ValueError as error:
        raise InvalidEvent(f"The event cannot be kept as JSON: {error}") from error
    return Event(**fields, leaf_hash=hashed, idempotency_key=new.idempotency_key)


_KEYS = ("event_type", "entity_type", "entity_id", "agent", "session_id", "tool_use_id")
"""Fields that events are looked up by."""


def _without_secrets(new: NewEvent) -> NewEvent:
    """The event as it may be kept for ever: values are marked, and what it is found by becomes a keyed hash."""
    keys: dict[str, Any] = {name: keyed(getattr(new, name)) for name in _KEYS}
    blanked: dict[str, str] = {}  # what is old and new, and what is told of it, have most of their texts in common
    return replace(
        new,
        **keys,
        idempotency_key=keyed(new.idempotency_key) if new.idempotency_key else new.idempotency_key,
        old_value=scrub(new.old_value, blanked),
        new_value=scrub(new.new_value, blanked),
        context=scrub(dict(new.context), blanked) if new.context else new.context,
        user=blank(new.user)[:255] if new.user else new.user,
    )


def _check(new: NewEvent) -> None:
    filled = {
        "event_type": limits.LONGEST_TYPE,
        "entity_type": limits.LONGEST_TYPE,
        "entity_id": limits.LONGEST_ID,
    }
    for name, limit in filled.items():
        value = getattr(new, name)
        if not value or len(value) > limit:
            wrong = FieldError(field=name, code="length", detail=f"Must have 1 to {limit} characters.")
            raise InvalidEvent(f"The event's {name} must have 1 to {limit} characters.", errors=[wrong])
    at_most = {"user": limits.LONGEST_USER, "idempotency_key": limits.LONGEST_KEY, **limits.KEPT_OF_CALLER}
    for name, limit in at_most.items():
        if len(getattr(new, name) or "") > limit:
            wrong = FieldError(field=name, code="length", detail=f"Must have at most {limit} characters.")
            raise InvalidEvent(f"The event's {name} must have at most {limit} characters.", errors=[wrong])


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
