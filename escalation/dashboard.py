"""What the dashboard shows of bugs."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, DateTimeField, QuerySet
from django.db.models.functions import TruncDay, TruncHour
from django.utils import timezone

from config.pages.dashboard import Chart, Panel, Tile
from escalation.models import OPEN, Bug, Cycle, Priority
from escalation.summary import summarise

LIST = "/admin/escalation/bug/"


def panel(since: datetime) -> Panel:
    summary = summarise()
    recent = Bug.objects.filter(resolved_at__gte=since)
    resolved = (recent, Cycle.objects.filter(resolved_at__gte=since))  # what came back was resolved, too
    rows = [[level, *(row[status] for status in OPEN)] for level, row in summary.open_by_priority.items()]
    critical = sum(summary.open_by_priority[Priority.CRITICAL].values())
    return Panel(
        title="Bug escalation",
        tiles=[
            Tile("Open bugs", summary.open, LIST),
            Tile("Critical", critical, f"{LIST}?priority__exact=critical", "fail" if critical else "ok"),
            Tile("Overdue", summary.overdue, LIST, "fail" if summary.overdue else "ok"),
            Tile("Resolved", recent.count(), f"{LIST}?status__exact=resolved"),
            Tile("Mean time to acknowledge", duration(summary.seconds_to_acknowledge)),
            Tile("Mean time to resolve", duration(summary.seconds_to_resolve)),
        ],
        charts=[
            Chart("New bugs", "line", _per_step([Bug.objects.all()], "first_seen_at", since), "bugs"),
            Chart("Resolved bugs", "line", _per_step(resolved, "resolved_at", since), "bugs"),
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


def _per_step(rows: Sequence[QuerySet[Any]], field: str, since: datetime) -> Sequence[tuple[str, float]]:
    """How many each hour, or each day of a longer time; empty steps count as zero."""
    now = timezone.now()
    hourly = now - since <= timedelta(days=2)
    truncate, step, label = (
        (TruncHour, timedelta(hours=1), "%H:00") if hourly else (TruncDay, timedelta(days=1), "%d %b")
    )
    found: Counter[datetime] = Counter()
    for counted in rows:
        step_of = truncate(field, output_field=DateTimeField())
        recent = counted.filter(**{f"{field}__gte": since}).annotate(step=step_of)
        found.update(dict(recent.order_by().values_list("step").annotate(Count("id"))))
    start = since.replace(minute=0, second=0, microsecond=0)
    start = start if hourly else start.replace(hour=0)
    steps = [start + step * index for index in range(int((now - start) / step) + 1)]
    return [(moment.strftime(label), float(found[moment])) for moment in steps]
