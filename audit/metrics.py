"""Prometheus figures of the trail."""

from collections.abc import Iterator

from django.db.models import Count
from prometheus_client.core import CounterMetricFamily, Metric

from audit.models import Event


def collect() -> Iterator[Metric]:
    family = CounterMetricFamily("handrail_audit_events", "Events recorded.", labels=["event_type"])
    for event_type, count in Event.objects.values_list("event_type").annotate(count=Count("id")).order_by():
        family.add_metric([event_type], count)
    yield family
