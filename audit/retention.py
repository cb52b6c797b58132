"""Letting go of what need not or must not be kept, with every proof intact."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audit import streaming
from audit.ledger.sealing import event_ids
from audit.ledger.triggers import removal_permit
from audit.models import Event, EventQuerySet, Tile
from audit.trail import record
from config.errors import DomainError, NotFound
from config.identifiers import row_of

BATCH = 5_000
"""Events removed in one transaction: on SQLite it holds the write lock, here for about 50 ms."""

OTHERS = "*"
KEPT_FOR_EVER = ("audit.pruned", "audit.erased")
"""What says which events are gone must itself stay."""


@transaction.atomic
def erase(*, uid: str, reason: str) -> Event:
    """Erase one event's old and new value, changes and context for good, as the law may ask; its proofs stay valid.

    Returns the event that records the erasure. Raises NotFound; DomainError without a reason.
    """
    if not reason.strip():
        raise DomainError("An erasure needs a reason.")
    event = row_of(Event.objects.all(), uid, NotFound(f"No event has the uid {uid}."))
    with removal_permit(f"erase {uid}"):
        blank: dict[str, object] = {"old_value": None, "new_value": None, "changes": [], "context": None, "salt": ""}
        Event.objects.filter(pk=event.pk).update(**blank, erased_at=timezone.now())
    return record(
        event_type="audit.erased", entity_type="event", entity_id=str(event.uid), context={"reason": reason.strip()}
    )


def prune(*, days: Mapping[str, int] | None = None, progress: Callable[[int], None] = lambda done: None) -> int:
    """Remove sealed events older than their type's days (AUDIT_RETENTION_DAYS); returns how many.

    Their leaves stay in the tree, and an event says which positions went.
    """
    days = settings.AUDIT_RETENTION_DAYS if days is None else days
    if any(kept < 1 for kept in days.values()):
        raise DomainError("An event is kept for at least 1 day.")
    removed = 0
    while count := _prune_batch(days):
        removed += count
        progress(removed)
    return removed


def expired(days: Mapping[str, int], now: datetime) -> EventQuerySet:
    """Events past their days: those of a named type by its own number, the others by that of `*`."""
    past = Q(pk__in=[])
    for event_type, kept in days.items():
        older = Q(timestamp__lt=now - timedelta(days=kept))
        past |= older & (~Q(event_type__in=list(days)) if event_type == OTHERS else Q(event_type=event_type))
    return Event.objects.filter(past).exclude(event_type__in=KEPT_FOR_EVER)


@transaction.atomic
def _prune_batch(days: Mapping[str, int]) -> int:
    last = Tile.objects.order_by("-number").first()
    if last is None or not days:
        return 0
    sealed = streaming.confirmed(expired(days, timezone.now())).up_to(last.last_tx, last.last_id)
    rows = list(sealed.in_order().values_list("tx", "id")[:BATCH])
    if not rows:
        return 0
    positions = _positions(rows)
    with removal_permit("retention"):
        Event.objects.filter(pk__in=[id_ for _, id_ in rows])._raw_delete("default")  # noqa: SLF001  -- nothing refers
    record(
        event_type="audit.pruned",
        entity_type="trail",
        entity_id="events",
        new_value={"events": len(rows), "positions": _ranges(positions), "days": dict(days)},
    )
    return len(rows)


def _positions(rows: Sequence[tuple[int, int]]) -> list[int]:
    """Where sealed events stand in the tree, in the order of (tx, id) they are given in."""
    wanted = {id_ for _, id_ in rows}
    first, last = rows[0], rows[-1]
    covering = Tile.objects.filter(
        Q(last_tx__gt=first[0]) | Q(last_tx=first[0], last_id__gte=first[1]),
        Q(first_tx__lt=last[0]) | Q(first_tx=last[0], first_id__lte=last[1]),
    )
    return [
        tile.number * Tile.SIZE + offset
        for tile in covering.order_by("number").iterator(100)
        for offset, id_ in enumerate(event_ids(tile))
        if id_ in wanted
    ]


def _ranges(positions: Sequence[int]) -> list[tuple[int, int]]:
    """Runs of positions as (first, one past the last)."""
    runs = groupby(enumerate(positions), key=lambda pair: pair[1] - pair[0])
    found = [[position for _, position in run] for _, run in runs]
    return [(run[0], run[-1] + 1) for run in found]
