"""The state of all bugs in one look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, DurationField, ExpressionWrapper, F, Sum
from django.utils import timezone

from escalation.models import Bug, Cycle, Priority, Status

MOST_ERROR_TYPES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Counts of bugs; times are means in seconds over all their cycles that have them, None when none has."""

    total: int
    open: int
    by_status: Mapping[str, int]
    by_priority: Mapping[str, int]
    open_by_priority: Mapping[str, Mapping[str, int]]
    by_error_type: Mapping[str, int]
    overdue: int
    muted: int
    unassigned: int
    seconds_to_acknowledge: float | None
    seconds_to_resolve: float | None


def summarise(*, at: datetime | None = None) -> Summary:
    """Count the bugs by status, priority and error type; the twenty most frequent types only."""
    at = at or timezone.now()
    bugs = Bug.objects.order_by()
    grid = {(status, priority): count for status, priority, count in _grid()}
    by_status = {status: sum(grid.get((status, level), 0) for level in Priority.values) for status in Status.values}
    return Summary(
        total=sum(by_status.values()),
        open=sum(by_status.values()) - by_status[Status.RESOLVED],
        by_status=by_status,
        by_priority={level: sum(grid.get((status, level), 0) for status in Status.values) for level in Priority.values},
        open_by_priority={
            level: {status: grid.get((status, level), 0) for status in Status.values if status != Status.RESOLVED}
            for level in reversed(Priority.values)
        },
        by_error_type=dict(
            bugs.values_list("error_type")
            .annotate(count=Count("id"))
            .order_by("-count", "error_type")[:MOST_ERROR_TYPES]
        ),
        overdue=bugs.overdue(at=at).count(),
        muted=bugs.open().muted(at=at).count(),
        unassigned=bugs.open().filter(assignee="").count(),
        seconds_to_acknowledge=_mean_seconds("escalated_at", "acknowledged_at"),
        seconds_to_resolve=_mean_seconds("began_at", "resolved_at"),
    )


def _grid() -> Sequence[tuple[str, str, int]]:
    return list(Bug.objects.order_by().values_list("status", "priority").annotate(Count("id")))


def _mean_seconds(start: str, end: str) -> float | None:
    """The mean time from one moment to another, of the present cycles of all bugs and of those that ended before."""
    span = ExpressionWrapper(F(end) - F(start), output_field=DurationField())
    sums = [
        rows.filter(**{f"{end}__isnull": False}).aggregate(count=Count("id"), total=Sum(span, default=timedelta()))
        for rows in (Bug.objects.order_by(), Cycle.objects.order_by())
    ]
    count = sum(found["count"] for found in sums)
    total = sum((found["total"] for found in sums), timedelta())
    return round(total.total_seconds() / count, 1) if count else None
