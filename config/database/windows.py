"""A span of time that people look at, cut into steps, beside the one before it that it is compared with.

It begins with a step, so that bars are whole and its links stay the same while nothing happens. What came before ends
as far from its own end as now is, or a morning would be compared with a day.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Count, QuerySet
from django.utils import timezone

from config.database.moments import Day, Hour, Minute

Rows = TypeVar("Rows", bound="QuerySet[Any, Any]")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How long it is, how a statement groups rows for it, and what it is called below a chart."""

    length: timedelta
    of: type[Minute | Hour | Day]
    label: str


_MINUTES = Step(length=timedelta(minutes=5), of=Minute, label="%H:%M")
_HOURS = Step(length=timedelta(hours=1), of=Hour, label="%H:00")
_DAYS = Step(length=timedelta(days=1), of=Day, label="%d %b")
RANGES: Mapping[str, tuple[Step, int]] = {
    "1h": (_MINUTES, 12),
    "24h": (_HOURS, 24),
    "7d": (_DAYS, 7),
    "30d": (_DAYS, 30),
}
"""Each range by its step and how many it has, the present one included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From `since` until now, and as much time before it."""

    name: str
    since: datetime
    until: datetime

    @property
    def step(self) -> Step:
        return RANGES[self.name][0]

    @property
    def length(self) -> timedelta:
        step, number = RANGES[self.name]
        return step.length * number

    @property
    def earlier_since(self) -> datetime:
        return self.since - self.length

    @property
    def earlier_until(self) -> datetime:
        return self.until - self.length

    @property
    def moments(self) -> list[datetime]:
        """Where its steps begin."""
        return [self.since + self.step.length * index for index in range(RANGES[self.name][1])]

    def beginning(self, moment: datetime) -> datetime:
        """Of the step a moment lies in."""
        return _floor(moment, self.step.length)

    def label(self, moment: datetime) -> str:
        return moment.strftime(self.step.label)

    def within(self, rows: Rows, field: str) -> Rows:
        return rows.filter(**{f"{field}__gte": self.since})

    def before(self, rows: Rows, field: str) -> Rows:
        return rows.filter(**{f"{field}__gte": self.earlier_since, f"{field}__lt": self.earlier_until})

    def count_steps(self, field: str, *tables: "QuerySet[Any, Any]") -> Counter[datetime]:
        """How many rows of the tables each step has, by one statement."""
        found: Counter[datetime] = Counter()
        moments = [self.within(rows, field).order_by().values_list(self.step.of(field)) for rows in tables]
        first, *others = [rows.annotate(count=Count("*")) for rows in moments]
        for moment, count in first.union(*others, all=True) if others else first:
            found[self.beginning(moment)] += count
        return found


def window(name: str, now: datetime | None = None) -> Window:
    """The range of that name. What changes within a minute changes no link."""
    until = _floor(now or timezone.now(), timedelta(minutes=1))
    step, number = RANGES[name]
    since = _floor(until, step.length) - step.length * (number - 1)
    return Window(name=name, since=since, until=until)


def _floor(moment: datetime, length: timedelta) -> datetime:
    return moment - (moment - EPOCH) % length
