"""How many events there were of each type, actor, decision and rule: kept by the hour, so that nobody counts rows.

The sealer adds what it seals in the transaction that seals it. What it has not sealed yet is counted from the rows by
the very statement that sums up, so figures are exact at any moment; what retention removes stays counted.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from audit.ledger import counting_statements
from audit.models import EventCount, Tile
from config.database.moments import Minute
from config.database.windows import Window

KEPT_BY_HOUR = timedelta(days=3)
"""Days that ended longer ago are folded to one row a value: 60 days of 100 values are then 15,000 rows, not 147,000."""

EVER = datetime(1, 1, 1, tzinfo=UTC)
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)

Place = tuple[int, int]
"""Of an event in the ledger's order: (tx, id)."""

NOWHERE: Place = (-1, -1)
"""Before the first."""

Counts = Mapping[str, Mapping[str, int]]
"""Of each dimension: value and number, the largest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A window and the one before it. `steps` has the events of each verdict by step, and under "" all events."""

    now: Counts
    before: Counts
    steps: Mapping[str, Mapping[datetime, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """What to count: times whose counters hold nothing else, and times whose rows are counted themselves."""

    counters: tuple[datetime, datetime] = (_NEVER, _NEVER)
    upon: datetime = _NEVER
    """Counters from here on, too."""
    rows: tuple[datetime, datetime] = (_NEVER, _NEVER)
    rows_upon: datetime = _NEVER

    def moments(self) -> dict[str, datetime]:
        (begin, end), (rows_begin, rows_end) = self.counters, self.rows
        told = {"begin": begin, "end": end, "upon": self.upon, "first": min(begin, self.upon)}
        return told | {"rows_begin": rows_begin, "rows_end": rows_end, "rows_upon": self.rows_upon}


def add(*, behind: Place, upto: Place) -> None:
    """Count the events behind one place up to another; in the transaction that seals them."""
    _run(counting_statements.ADD, behind=behind, upto=upto)


def fold(*, now: datetime) -> None:
    """Join the hours of each day that ended long enough ago; the sealer must not run meanwhile."""
    before = _adapted(_folded_before(now))
    _run(counting_statements.FOLD, before=before)
    _run(counting_statements.FORGET_FOLDED, before=before)


def counts_since(since: datetime) -> Counts:
    """The events that happened at `since` or later, as if each was counted."""
    edge = _edge(since.astimezone(UTC))
    rows = _read(Spans(upon=edge, rows=(since, edge)), half=since, step="half")
    return _by_dimension((dimension, value, count) for dimension, value, _, count in rows if dimension != "event")


def counted(window: Window) -> Counted:
    """The events of a window and of the one before it, with what each step of it had."""
    now: list[tuple[str, str, int]] = []
    before: list[tuple[str, str, int]] = []
    steps: dict[str, Counter[datetime]] = defaultdict(Counter)
    for dimension, value, moment, count in _read(_spans(window), half=window.since, step=window.step.of.unit):
        is_now = moment >= window.since
        if dimension in {"decision", "event"} and is_now:
            steps[value][window.beginning(moment)] += count
        if dimension != "event":
            (now if is_now else before).append((dimension, value, count))
    return Counted(now=_by_dimension(now), before=_by_dimension(before), steps=steps)


def _by_dimension(rows: Iterable[tuple[str, str, int]]) -> Counts:
    found: dict[str, Counter[str]] = {dimension: Counter() for dimension in EventCount.Dimension.values}
    for dimension, value, count in rows:
        found[dimension][value] += count
    largest = {name: sorted(counts.items(), key=lambda item: (-item[1], item[0])) for name, counts in found.items()}
    return {name: dict(counts) for name, counts in largest.items()}


def _spans(window: Window) -> Spans:
    if window.step.of is Minute:  # finer than any counter
        return Spans(rows=(window.earlier_since, window.earlier_until), rows_upon=window.since)
    cut = _floor(window.earlier_until)
    earlier = (window.earlier_since, cut)
    return Spans(counters=earlier, upon=window.since, rows=(cut, window.earlier_until))


def _read(spans: Spans, *, half: datetime, step: str) -> list[tuple[str, str, datetime, int]]:
    """Dimension, value, beginning of its step or half, and count."""
    last = Tile.objects.order_by("-number").values_list("last_tx", "last_id").first()
    told = {name: _adapted(moment) for name, moment in spans.moments().items()}
    found = _run(counting_statements.count_by(step), behind=last or NOWHERE, half=_adapted(half), **told)
    return [(dimension, value, _moment(moment), count) for dimension, value, moment, count in found]


def _moment(told: Any) -> datetime:
    return told.astimezone(UTC) if isinstance(told, datetime) else datetime.fromisoformat(told).replace(tzinfo=UTC)


def _folded_before(now: datetime) -> datetime:
    return _midnight(now.astimezone(UTC) - KEPT_BY_HOUR)


def _edge(since: datetime) -> datetime:
    """From where on counters hold nothing of before `since`; what lies between is less than an hour, or than a day."""
    floor = _floor(since)
    whole = timedelta(hours=1) if since >= _folded_before(timezone.now()) else timedelta(days=1)
    return floor if floor == since else floor + whole


def _floor(moment: datetime) -> datetime:
    """The beginning of the counter a moment lies in."""
    if moment >= _folded_before(timezone.now()):
        return moment.replace(minute=0, second=0, microsecond=0)
    return _midnight(moment)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _adapted(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


def _run(template: str, *, behind: Place = NOWHERE, upto: Place = NOWHERE, **values: Any) -> list[tuple[Any, ...]]:
    values |= {"tx": behind[0], "id": behind[1], "upto_tx": upto[0], "upto_id": upto[1]}
    with connection.cursor() as cursor:
        cursor.execute(template.format(**counting_statements.WORDS[connection.vendor]), values)
        return list(cursor.fetchall()) if cursor.description else []
