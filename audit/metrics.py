"""Prometheus figures of the trail."""

from collections.abc import Iterator

from django.conf import settings
from django.db.models import Max
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from audit import streaming
from audit.ledger import counting, sealing
from audit.models import Approval, BackupRun
from audit.verdicts import OUTCOMES

_TYPES = 100  # callers name their own types of event, and every label is a time series of its own


def collect() -> Iterator[Metric]:
    yield from _counted()
    unsealed = "Age of the oldest event that no checkpoint holds."
    yield GaugeMetricFamily("handrail_audit_unsealed_seconds", unsealed, sealing.seconds_unsealed())
    sound = BackupRun.objects.filter(verification=BackupRun.Verification.PASSED, removed_at=None)
    made = sound.aggregate(at=Max("completed_at"))["at"]
    if made:
        last = "When the newest backup that was seen to restore was made."
        yield GaugeMetricFamily("handrail_audit_last_backup_timestamp_seconds", last, made.timestamp())
    asked = "Tool calls that wait for a person to answer."
    yield GaugeMetricFamily("handrail_audit_approvals_waiting", asked, Approval.objects.waiting().count())
    if settings.AUDIT_STREAM_URL:
        waiting = "Sealed events the SIEM has not confirmed."
        yield GaugeMetricFamily("handrail_audit_stream_waiting_events", waiting, streaming.standing().waiting)


def _counted() -> Iterator[Metric]:
    """Counters that only grow: what retention removes stays counted."""
    counts = counting.counts_since(counting.EVER)
    events = CounterMetricFamily("handrail_audit_events", "Events recorded.", labels=["event_type"])
    by_type = list(counts["type"].items())
    for event_type, count in by_type[:_TYPES]:
        events.add_metric([event_type], count)
    if by_type[_TYPES:]:
        events.add_metric(["other"], sum(count for _, count in by_type[_TYPES:]))
    yield events
    decisions = CounterMetricFamily("handrail_audit_decisions", "Tool calls decided.", labels=["decision"])
    for outcome in OUTCOMES:
        decisions.add_metric([outcome], counts["decision"].get(outcome, 0))
    yield decisions
