"""Prometheus figures of the vision cache."""

from collections.abc import Iterator

from django.db.models import Sum
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from visioncache.models import Entry, Tally

_KINDS = ("hits", "misses", "waits")


def collect() -> Iterator[Metric]:
    lookups = CounterMetricFamily("handrail_visioncache_lookups", "Look-ups.", labels=["namespace", "result"])
    seconds = CounterMetricFamily("handrail_visioncache_saved_seconds", "Model time saved.", labels=["namespace"])
    dollars = CounterMetricFamily("handrail_visioncache_saved_dollars", "Model cost saved.", labels=["namespace"])
    sums = {name: Sum(name) for name in (*_KINDS, "saved_ms", "saved_cost_micros")}
    for row in Tally.objects.values("namespace").annotate(**sums).order_by("namespace"):
        for kind in _KINDS:
            lookups.add_metric([row["namespace"], {"hits": "hit", "misses": "miss", "waits": "wait"}[kind]], row[kind])
        seconds.add_metric([row["namespace"]], row["saved_ms"] / 1_000)
        dollars.add_metric([row["namespace"]], row["saved_cost_micros"] / 1_000_000)
    yield from (lookups, seconds, dollars)

    figures = Entry.objects.all().figures()
    entries = GaugeMetricFamily("handrail_visioncache_entries", "Entries stored.", labels=["life"])
    entries.add_metric(["live"], figures["live_entries"])
    entries.add_metric(["expired"], figures["total_entries"] - figures["live_entries"])
    yield entries
    yield GaugeMetricFamily("handrail_visioncache_bytes", "Data stored.", value=figures["bytes"])
