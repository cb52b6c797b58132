"""What the dashboard shows of bugs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.utils import timezone

from config.database.moments import Day, Hour
from config.pages.dashboard import Chart, Panel, Tile
from escalation.models import OPEN, Bug, Cycle, Priority
from escalation.summary import count_bugs


@dataclass(frozen=True, slots=True)
class Step:
    of: type[Hour | Day]
    length: timedelta
    label: str


_HOURS, _DAYS = Step(Hour, timedelta(hours=1), "%H:00"), Step(Day, timedelta(days=1), "%d %b")
LIST = "/admin/escalation/bug/"


def panel(since: datetime) -> Panel:
    summary = count_bugs()
    new = _per_step(Bug.objects.all(), "first_seen_at", since)
    resolved, came_back = (_per_step(rows, "resolved_at", since) for rows in (Bug.objects.all(), Cycle.objects.all()))
    rows = [[level, *(row[status] for status in OPEN)] for level, row in summary.open_by_priority.items()]
    critical = sum(summary.open_by_priority[Priority.CRITICAL].values())
    return Panel(
        title="Bug escalation",
        tiles=[
            Tile("Open bugs", summary.open, LIST),
            Tile("Critical", critical, f"{LIST}?priority__exact=critical", "fail" if critical else "ok"),
            Tile("Overdue", summary.overdue, LIST, "fail" if summary.overdue else "ok"),
            Tile("Resolved", resolved.total(), f"{LIST}?status__exact=resolved"),
            Tile("Mean time to acknowledge", duration(summary.seconds_to_acknowledge)),
            Tile("Mean time to resolve", duration(summary.seconds_to_resolve)),
        ],
        charts=[
            Chart("New bugs", "line", _line(new, since), "bugs"),
            Chart("Resolved bugs", "line", _line(resolved + came_back, since), "bugs"),
        ],
        headers=["Open by priority", *(status.label for status in OPEN)],
        rows=rows,
    )


def duration(seconds: float | None) -> str:
    """A mean time as a person says it."""
    if seconds is None:
        return "-"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def _step(since: datetime) -> Step:
    return _HOURS if timezone.now() - since <= timedelta(days=2) else _DAYS


def _per_step(rows: "QuerySet[Any]", field: str, since: datetime) -> Counter[datetime]:
    """How many each hour, or each day of a longer time."""
    recent = rows.filter(**{f"{field}__gte": since}).order_by()
    return Counter(dict(recent.values_list(_step(since).of(field)).annotate(count=Count("*"))))


def _line(found: Counter[datetime], since: datetime) -> Sequence[tuple[str, float]]:
    """The steps in their order; empty ones count as zero."""
    step = _step(since)
    start = since.replace(minute=0, second=0, microsecond=0)
    start = start if step is _HOURS else start.replace(hour=0)
    moments = [start + step.length * index for index in range(int((timezone.now() - start) / step.length) + 1)]
    return [(moment.strftime(step.label), float(found[moment])) for moment in moments]
