"""Prometheus figures of bugs."""

from collections.abc import Iterator

from django.db.models import Count, Sum
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from escalation.models import Bug, Priority, Status
from escalation.summary import summarise


def collect() -> Iterator[Metric]:
    grid = Bug.objects.order_by().values_list("priority", "status").annotate(Count("id"))
    found = {(priority, status): count for priority, status, count in grid}
    bugs = GaugeMetricFamily("handrail_escalation_bugs", "Bugs by priority and status.", labels=["priority", "status"])
    for priority in Priority.values:
        for status in Status.values:
            bugs.add_metric([priority, status], found.get((priority, status), 0))
    yield bugs
    # Bugs are never deleted by the service, so the sum only grows.
    reports = CounterMetricFamily("handrail_escalation_reports", "Reports of bugs, repeated ones included.")
    reports.add_metric([], Bug.objects.aggregate(sum=Sum("frequency"))["sum"] or 0)
    yield reports
    overdue = GaugeMetricFamily("handrail_escalation_overdue_bugs", "Open bugs past their deadline.")
    overdue.add_metric([], Bug.objects.overdue(at=timezone.now()).count())
    yield overdue
    summary = summarise()
    for name, seconds in (("acknowledge", summary.seconds_to_acknowledge), ("resolve", summary.seconds_to_resolve)):
        if seconds is not None:
            family = GaugeMetricFamily(f"handrail_escalation_seconds_to_{name}", f"Mean time to {name} a bug.")
            family.add_metric([], seconds)
            yield family
