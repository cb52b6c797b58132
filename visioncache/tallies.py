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
Hours = Mapping[datetime, Tallied]
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


def per_hour(since: datetime) -> Hours:
    """What all namespaces counted from an hour on, oldest first."""
    rows = Tally.objects.filter(hour__gte=hour_of(since)).values("hour").order_by("hour")
    summed = rows.annotate(**{f"all_{name}": Sum(name) for name in COUNTS})
    told = summed.values_list("hour", *(f"all_{name}" for name in COUNTS))
    return {hour: Tallied(**dict(zip(COUNTS, counts, strict=True))) for hour, *counts in told}


def total(hours: Hours, since: datetime, until: datetime | None = None) -> Tallied:
    """The sum of the hours that have a part in a time."""
    found = Tallied()
    for hour, counted in hours.items():
        if hour >= hour_of(since) and (until is None or hour < until):
            found.add(counted)
    return found
