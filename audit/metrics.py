"""Prometheus figures of the trail."""

from collections.abc import Iterator

from django.db.models import Count
from prometheus_client.core import CounterMetricFamily, Metric

from audit.models import Event

_TYPES = 100  # callers name their own types of event, and every label is a time series of its own


def collect() -> Iterator[Metric]:
    family = CounterMetricFamily("handrail_audit_events", "Events recorded.", labels=["event_type"])
    counts = list(Event.objects.values_list("event_type").annotate(count=Count("id")).order_by("-count", "event_type"))
    for event_type, count in counts[:_TYPES]:
        family.add_metric([event_type], count)
    if counts[_TYPES:]:
        family.add_metric(["other"], sum(count for _, count in counts[_TYPES:]))
    yield family
