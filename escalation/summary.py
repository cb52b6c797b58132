"""The state of all bugs in one look."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count
from django.utils import timezone

from config.database.figures import number_of, read_figures, sum_of
from escalation.models import OPEN, Bug, Cycle, Priority, Status

MOST_ERROR_TYPES = 20
Grid = Mapping[tuple[str, str], int]
"""Of a status and a priority."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Counts of bugs; times are means in seconds over all their cycles that have them, None when none has."""

    total: int
    open: int
    by_status: Mapping[str, int]
    by_priority: Mapping[str, int]
    open_by_priority: Mapping[str, Mapping[str, int]]
    overdue: int
    muted: int
    unassigned: int
    seconds_to_acknowledge: float | None
    seconds_to_resolve: float | None


@dataclass(frozen=True, kw_only=True)
class Summary(Counts):
    """With the twenty most frequent types of error."""

    by_error_type: Mapping[str, int]


def summarise() -> Summary:
    """Count the bugs by status, priority and error type."""
    types = Bug.objects.order_by().values_list("error_type").annotate(count=Count("*"))
    most = dict(types.order_by("-count", "error_type")[:MOST_ERROR_TYPES])
    return Summary(**vars(count_bugs()), by_error_type=most)


def count_bugs() -> Counts:
    """Count the bugs by status and priority, from indexes alone."""
    grid = count_grid()
    by_status = {status: sum(grid.get((status, level), 0) for level in Priority.values) for status in Status.values}
    return Counts(
        total=sum(by_status.values()),
        open=sum(by_status.values()) - by_status[Status.RESOLVED],
        by_status=by_status,
        by_priority={level: sum(grid.get((status, level), 0) for status in Status.values) for level in Priority.values},
        open_by_priority={
            level: {status: grid.get((status, level), 0) for status in OPEN} for level in reversed(Priority.values)
        },
        seconds_to_acknowledge=_mean_seconds("acknowledge_ms"),
        seconds_to_resolve=_mean_seconds("resolve_ms"),
        **_waiting(timezone.now()),
    )


def count_grid() -> Grid:
    """How many bugs of each status and priority; what there is none of is left out."""
    rows = Bug.objects.order_by().values_list("status", "priority").annotate(count=Count("*"))
    return {(status, priority): count for status, priority, count in rows}


def _waiting(at: datetime) -> dict[str, int]:
    bugs = Bug.objects.open()
    return read_figures(
        overdue=number_of(bugs.overdue(at=at)),
        muted=number_of(bugs.muted(at=at)),
        unassigned=number_of(bugs.filter(assignee="")),
    )


def _mean_seconds(span: str) -> float | None:
    """The mean of a kept time, over the present cycles of all bugs and those that ended before."""
    known = {f"{span}__isnull": False}
    now, before = Bug.objects.filter(**known), Cycle.objects.filter(**known)
    found = read_figures(
        now=number_of(now), before=number_of(before), now_ms=sum_of(now, span), before_ms=sum_of(before, span)
    )
    count, milliseconds = found["now"] + found["before"], found["now_ms"] + found["before_ms"]
    return round(milliseconds / 1000 / count, 1) if count else None
