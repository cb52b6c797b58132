"""Prometheus figures of the checks."""

from collections.abc import Iterator

from django.db.models import Avg, Count
from prometheus_client.core import GaugeMetricFamily, Metric

from schemacheck.models import Check


def collect() -> Iterator[Metric]:
    kept = GaugeMetricFamily("handrail_schemacheck_checks", "Checks kept.", labels=["dialect", "verdict"])
    counted = Check.objects.order_by().values_list("dialect", "status", "valid").annotate(count=Count("id"))
    for dialect, status, valid, count in counted:
        verdict = status if valid is None else "valid" if valid else "invalid"
        kept.add_metric([dialect, verdict], count)
    yield kept
    average = Check.objects.order_by("-id").aggregate(Avg("duration_ms"))["duration_ms__avg"]
    yield GaugeMetricFamily(
        "handrail_schemacheck_duration_seconds", "Mean time of the checks kept.", value=(average or 0) / 1000
    )
