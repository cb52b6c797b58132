"""Prometheus figures of bugs."""

from collections.abc import Iterator

from django.db.models import Sum
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from escalation.models import Bug, Priority, Status
from escalation.summary import count_bugs


def collect() -> Iterator[Metric]:
    summary = count_bugs()
    bugs = GaugeMetricFamily("handrail_escalation_bugs", "Bugs by priority and status.", labels=["priority", "status"])
    for priority in Priority.values:
        still_open = summary.open_by_priority[priority]
        resolved = summary.by_priority[priority] - sum(still_open.values())
        for status, count in {**still_open, Status.RESOLVED.value: resolved}.items():
            bugs.add_metric([priority, status], count)
    yield bugs
    # Bugs are never deleted by the service, so the sum only grows.
    reports = CounterMetricFamily("handrail_escalation_reports", "Reports of bugs, repeated ones included.")
    reports.add_metric([], Bug.objects.aggregate(sum=Sum("frequency"))["sum"] or 0)
    yield reports
    overdue = GaugeMetricFamily("handrail_escalation_overdue_bugs", "Open bugs past their deadline.")
    overdue.add_metric([], summary.overdue)
    yield overdue
    for name, seconds in (("acknowledge", summary.seconds_to_acknowledge), ("resolve", summary.seconds_to_resolve)):
        if seconds is not None:
            family = GaugeMetricFamily(f"handrail_escalation_seconds_to_{name}", f"Mean time to {name} a bug.")
            family.add_metric([], seconds)
            yield family
