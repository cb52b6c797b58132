"""Prometheus figures of the trail."""

from collections.abc import Iterator

from django.conf import settings
from django.db.models import Count, Max
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from audit import streaming
from audit.ledger import sealing
from audit.models import BackupRun, Event

_TYPES = 100  # callers name their own types of event, and every label is a time series of its own


def collect() -> Iterator[Metric]:
    yield _events()
    unsealed = "Age of the oldest event that no checkpoint holds."
    yield GaugeMetricFamily("handrail_audit_unsealed_seconds", unsealed, sealing.seconds_unsealed())
    sound = BackupRun.objects.filter(verification=BackupRun.Verification.PASSED, removed_at=None)
    made = sound.aggregate(at=Max("completed_at"))["at"]
    if made:
        last = "When the newest backup that was seen to restore was made."
        yield GaugeMetricFamily("handrail_audit_last_backup_timestamp_seconds", last, made.timestamp())
    if settings.AUDIT_STREAM_URL:
        waiting = "Sealed events the SIEM has not confirmed."
        yield GaugeMetricFamily("handrail_audit_stream_waiting_events", waiting, streaming.standing().waiting)


def _events() -> Metric:
    family = CounterMetricFamily("handrail_audit_events", "Events recorded.", labels=["event_type"])
    counts = list(Event.objects.values_list("event_type").annotate(count=Count("id")).order_by("-count", "event_type"))
    for event_type, count in counts[:_TYPES]:
        family.add_metric([event_type], count)
    if counts[_TYPES:]:
        family.add_metric(["other"], sum(count for _, count in counts[_TYPES:]))
    return family
