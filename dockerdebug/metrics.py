"""Prometheus figures of diagnoses."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from dockerdebug.models import Diagnosis, Insight

SPAN = timedelta(days=1)
LATEST = 500


def collect() -> Iterator[Metric]:
    kept = GaugeMetricFamily("handrail_dockerdebug_diagnoses", "Diagnoses stored.", labels=["status"])
    counts = dict(Diagnosis.objects.order_by().values_list("status").annotate(count=Count("pk")))
    for status in Diagnosis.Status.values:
        kept.add_metric([status], counts.get(status, 0))
    yield kept

    found = GaugeMetricFamily(
        "handrail_dockerdebug_findings", "Diagnoses of the last day (500 at most) with the finding.", labels=["key"]
    )
    latest = Diagnosis.objects.filter(created_at__gte=timezone.now() - SPAN).only("findings")[:LATEST]
    for key, count in sorted(Counter(key for diagnosis in latest for key in diagnosis.finding_keys).items()):
        found.add_metric([key], count)
    yield found
    yield GaugeMetricFamily("handrail_dockerdebug_insights", "Insights kept.", value=Insight.objects.count())
