"""How many events there were of each type, actor and decision: kept by the hour, so that nobody counts their rows.

The sealer adds what it seals in the transaction that seals it. What it has not sealed yet is counted from the rows by
the very statement that sums up, so figures are exact at any moment; what retention removes stays counted.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from audit.models import EventCount, Tile

KEPT_BY_HOUR = timedelta(days=3)
"""Days that ended longer ago are folded to one row a value: 60 days of 100 values are then 15,000 rows, not 147,000."""

EVER = datetime(1, 1, 1, tzinfo=UTC)

Place = tuple[int, int]
"""Of an event in the ledger's order: (tx, id)."""

NOWHERE: Place = (-1, -1)
"""Before the first."""

Counts = Mapping[str, Mapping[str, int]]
"""Of each dimension: value and number, the largest first."""


def add(*, behind: Place, upto: Place) -> None:
    """Count the events behind one place up to another; in the transaction that seals them."""
    _run(_ADD, behind=behind, upto=upto)


def fold(*, now: datetime) -> None:
    """Join the hours of each day that ended long enough ago; the sealer must not run meanwhile."""
    before = _adapted(_folded_before(now))
    _run(_FOLD, before=before)
    _run(_FORGET_FOLDED, before=before)


def counts_since(since: datetime) -> Counts:
    """The events that happened at `since` or later, as if each was counted."""
    last = Tile.objects.order_by("-number").values_list("last_tx", "last_id").first()
    edge = _edge(since.astimezone(UTC))
    rows = _run(_SINCE, since=_adapted(since), edge=_adapted(edge), behind=last or NOWHERE)
    found: dict[str, dict[str, int]] = {dimension: {} for dimension in EventCount.Dimension.values}
    for dimension, value, count in rows:
        found[dimension][value] = count
    return found


def _folded_before(now: datetime) -> datetime:
    return _midnight(now.astimezone(UTC) - KEPT_BY_HOUR)


def _edge(since: datetime) -> datetime:
    """From where on counters hold nothing of before `since`; what lies between is less than an hour, or than a day."""
    hour = since.replace(minute=0, second=0, microsecond=0)
    if since >= _folded_before(timezone.now()):
        return hour if hour == since else hour + timedelta(hours=1)
    day = _midnight(since)
    return day if day == since else day + timedelta(days=1)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _adapted(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


def _run(template: str, *, behind: Place = NOWHERE, upto: Place = NOWHERE, **values: Any) -> list[tuple[Any, ...]]:
    values |= {"tx": behind[0], "id": behind[1], "upto_tx": upto[0], "upto_id": upto[1]}
    with connection.cursor() as cursor:
        cursor.execute(template.format(**_WORDS[connection.vendor]), values)
        return list(cursor.fetchall()) if cursor.description else []


_WORDS = {
    "sqlite": {
        "hour": "substr(timestamp, 1, 13) || ':00:00' AS hour",
        "day": "substr(hour, 1, 10) || ' 00:00:00'",
        "behind": "id > %(id)s",
        "upto": "id <= %(upto_id)s",
        "behind_seal": "id > COALESCE((SELECT last_id FROM audit_tile ORDER BY number DESC LIMIT 1), -1)",
        # The plus keeps SQLite from the index of time, which would lead it to every event since then.
        "at": "+timestamp",
    },
    "postgresql": {
        "hour": "date_trunc('hour', timestamp, 'UTC') AS hour",
        "day": "date_trunc('day', hour, 'UTC')",
        "behind": "(tx, id) > (%(tx)s, %(id)s) AND tx > 0",
        "upto": "(tx, id) <= (%(upto_tx)s, %(upto_id)s)",
        "behind_seal": "(tx, id) > (COALESCE((SELECT last_tx FROM audit_tile ORDER BY number DESC LIMIT 1), -1),"
        " COALESCE((SELECT last_id FROM audit_tile ORDER BY number DESC LIMIT 1), -1))",
        "at": "timestamp",
    },
}
_ADD = """
WITH sealed AS (
    SELECT {hour}, event_type, actor, decision FROM audit_event WHERE {behind} AND {upto}
)
INSERT INTO audit_eventcount (dimension, hour, value, count)
SELECT dimension, hour, value, COUNT(*) FROM (
    SELECT 'type' AS dimension, hour, event_type AS value FROM sealed
    UNION ALL SELECT 'actor', hour, actor FROM sealed
    UNION ALL SELECT 'decision', hour, decision FROM sealed WHERE decision IS NOT NULL
) told GROUP BY dimension, hour, value
ON CONFLICT (dimension, hour, value) DO UPDATE SET count = audit_eventcount.count + excluded.count
"""
_FOLD = """
INSERT INTO audit_eventcount (dimension, hour, value, count)
SELECT dimension, {day}, value, SUM(count) FROM audit_eventcount
WHERE hour < %(before)s AND hour <> {day} GROUP BY 1, 2, 3
ON CONFLICT (dimension, hour, value) DO UPDATE SET count = audit_eventcount.count + excluded.count
"""
_FORGET_FOLDED = "DELETE FROM audit_eventcount WHERE hour < %(before)s AND hour <> {day}"
# The last place is said twice: as a number it leads to the few events behind it, and as it is in the statement's own
# snapshot it keeps an event that is sealed at this moment from being counted twice.
_SINCE = """
WITH uncounted AS (
    SELECT event_type, actor, decision, COUNT(*) AS count FROM (
        SELECT event_type, actor, decision FROM audit_event WHERE timestamp >= %(since)s AND timestamp < %(edge)s
        UNION ALL
        SELECT event_type, actor, decision FROM audit_event
        WHERE {behind} AND {behind_seal} AND {at} >= %(edge)s
    ) told GROUP BY event_type, actor, decision
)
SELECT dimension, value, CAST(SUM(count) AS bigint) AS total FROM (
    SELECT dimension, value, count FROM audit_eventcount
    WHERE dimension IN ('type', 'actor', 'decision') AND hour >= %(edge)s
    UNION ALL SELECT 'type', event_type, count FROM uncounted
    UNION ALL SELECT 'actor', actor, count FROM uncounted
    UNION ALL SELECT 'decision', decision, count FROM uncounted WHERE decision IS NOT NULL
) told GROUP BY dimension, value ORDER BY total DESC, value
"""
