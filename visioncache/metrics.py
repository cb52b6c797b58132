"""Prometheus figures of the vision cache."""

from collections.abc import Iterator

from django.db.models import Sum
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from visioncache.counting import flush
from visioncache.models import Entry, Tally

_KINDS = {"hit": "hits", "miss": "misses", "wait": "waits"}


def collect() -> Iterator[Metric]:
    flush()
    lookups = CounterMetricFamily("handrail_visioncache_lookups", "Look-ups.", labels=["namespace", "result"])
    seconds = CounterMetricFamily("handrail_visioncache_saved_seconds", "Model time saved.", labels=["namespace"])
    dollars = CounterMetricFamily("handrail_visioncache_saved_dollars", "Model cost saved.", labels=["namespace"])
    sums = {f"sum_{name}": Sum(name) for name in (*_KINDS.values(), "saved_ms", "saved_cost_micros")}
    for namespace, *figures in Tally.objects.values_list("namespace").annotate(**sums).order_by("namespace"):
        for result, figure in zip(_KINDS, figures, strict=False):
            lookups.add_metric([namespace, result], figure)
        seconds.add_metric([namespace], figures[3] / 1_000)
        dollars.add_metric([namespace], figures[4] / 1_000_000)
    yield from (lookups, seconds, dollars)

    stored = Entry.objects.all().figures()
    entries = GaugeMetricFamily("handrail_visioncache_entries", "Entries stored.", labels=["life"])
    entries.add_metric(["live"], stored["live_entries"])
    entries.add_metric(["expired"], stored["total_entries"] - stored["live_entries"])
    yield entries
    yield GaugeMetricFamily("handrail_visioncache_bytes", "Data stored.", value=stored["bytes"])
