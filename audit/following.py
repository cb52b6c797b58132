"""Following the trail from a place kept by whoever follows: events in the ledger's order, none passed over.

On PostgreSQL ids are given out before commit, so an event may appear behind one that was seen. Below the oldest running
transaction nothing can appear any more; what is above waits for the next look.
"""

from typing import cast

from django.db import connection

from audit.models import Event, EventQuerySet, TransactionBase

Place = tuple[int, int]
"""An event's (tx, id)."""


def settled(events: EventQuerySet) -> EventQuerySet:
    """Those of the events that none can come before any more."""
    if connection.vendor != "postgresql":
        return events
    horizon = '"audit_event"."tx" < pg_snapshot_xmin(pg_current_snapshot())::text::bigint + %s'
    below = events.extra(where=[horizon], params=[TransactionBase.current()])  # noqa: S610  -- our own words
    return cast("EventQuerySet", below)


def next_places(after: Place, *, limit: int) -> list[Place]:
    """Of the next settled events, in order."""
    found = settled(Event.objects.after(*after)).in_order()
    return list(found.values_list("tx", "id")[:limit])


def events_between(after: Place, upto: Place) -> EventQuerySet:
    """Behind one place and up to another, in order."""
    return Event.objects.after(*after).up_to(*upto).in_order()


def last_place() -> Place:
    """Of the newest settled event; before the first where there is none."""
    newest = settled(Event.objects.all()).in_order().reverse()
    return newest.values_list("tx", "id").first() or (-1, -1)
