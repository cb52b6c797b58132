"""Look-ups by the hour: one row an hour, namespace and slot."""

import threading
from collections.abc import Mapping
from dataclasses import astuple, fields
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Sum
from django.db.models.functions import TruncDay
from django.utils import timezone

from visioncache.buffer import MOST_SAVED, Hour, Tallied
from visioncache.models import Tally

SLOTS = 8
FOLD_AFTER = timedelta(days=30)
COUNTS = tuple(count.name for count in fields(Tallied))

_ADD = """
INSERT INTO visioncache_tally (namespace, hour, slot, hits, misses, waits, saved_ms, saved_cost_micros)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (namespace, hour, slot) DO UPDATE
   SET hits = visioncache_tally.hits + excluded.hits,
       misses = visioncache_tally.misses + excluded.misses,
       waits = visioncache_tally.waits + excluded.waits,
       saved_ms = {least}(visioncache_tally.saved_ms + excluded.saved_ms, {most}),
       saved_cost_micros = {least}(visioncache_tally.saved_cost_micros + excluded.saved_cost_micros, {most})
"""


def hour_of(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def add(counted: Mapping[Hour, Tallied]) -> None:
    """Add to the hours, in one order, so that two who add to the same rows cannot wait for each other in a circle."""
    slot = threading.get_native_id() % SLOTS
    sql = _ADD.format(most=MOST_SAVED, least="LEAST" if connection.vendor == "postgresql" else "MIN")
    with connection.cursor() as cursor:
        for (namespace, hour), tallied in sorted(counted.items()):
            cursor.execute(sql, [namespace, connection.ops.adapt_datetimefield_value(hour), slot, *astuple(tallied)])


def fold_tallies(*, before: datetime | None = None) -> int:
    """Join the hours of days that ended before `before` (30 days ago) to one row a day; totals stay as they are."""
    now = timezone.now()
    today = (before or now - FOLD_AFTER).replace(hour=0, minute=0, second=0, microsecond=0)
    folded = 0
    with transaction.atomic():
        old = Tally.objects.filter(hour__lt=today)
        # A folded day is one row at midnight in slot 0; only days with another row are worth a write.
        ragged = old.annotate(day=TruncDay("hour")).exclude(slot=0, hour=F("day"))
        for namespace, day in list(ragged.values_list("namespace", "day").distinct()):
            rows = old.filter(namespace=namespace, hour__gte=day, hour__lt=day + timedelta(days=1))
            sums = rows.aggregate(**{name: Sum(name) for name in COUNTS})
            folded += rows.delete()[0] - 1
            Tally.objects.create(namespace=namespace, hour=day, slot=0, **sums)
    return folded


def per_hour(since: datetime) -> list[tuple[datetime, int, int]]:
    """Hour, hits and misses of all namespaces, oldest first."""
    rows = Tally.objects.filter(hour__gte=since - timedelta(hours=1)).values("hour").order_by("hour")
    return [(row["hour"], row["h"], row["m"]) for row in rows.annotate(h=Sum(F("hits")), m=Sum(F("misses")))]


def totals(since: datetime) -> dict[str, int]:
    """All counts of all namespaces from an hour on."""
    rows = Tally.objects.filter(hour__gte=since - timedelta(hours=1))
    return rows.aggregate(**{name: Sum(name, default=0) for name in COUNTS})
