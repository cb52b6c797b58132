"""The figures behind /metrics, read from the database at scrape time, so that every process gives the same answer.

An app's metrics.py may define collect() -> Iterable[Metric].
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator

from django.conf import settings
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector, CollectorRegistry

from config.discovery import app_modules
from config.jobs.heartbeat import alive_processes
from config.models import ApiKey, BrokerMessage, Heartbeat
from config.watching import health

logger = logging.getLogger(__name__)


class _Everything(Collector):
    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        yield from _own()
        failed = GaugeMetricFamily(
            "handrail_metrics_failed", "1 when an app's figures could not be read.", None, ["app"]
        )
        for app, module in app_modules("metrics"):
            try:
                families = list(module.collect())
            except Exception:
                logger.exception("The metrics of %s could not be read", app)
                families = []
                failed.add_metric([app], 1)
            else:
                failed.add_metric([app], 0)
            yield from families
        yield failed


def exposition(accept: str) -> tuple[bytes, str]:
    """Everything there is to scrape, in the form an Accept header prefers, and that form's content type."""
    everything = CollectorRegistry(auto_describe=False)
    everything.register(_Everything())
    encode, content_type = choose_encoder(accept)
    return encode(everything), content_type


def _own() -> Iterator[Metric]:
    healthy = GaugeMetricFamily("handrail_component_healthy", "1 ok, 0.5 warn, 0 fail.", labels=["component"])
    for name, value in sorted(_component_values().items()):
        healthy.add_metric([name], value)
    yield healthy
    alive = GaugeMetricFamily("handrail_processes", "Processes that gave a sign of life lately.", labels=["role"])
    counts = Counter(role for role, _ in alive_processes())
    for role in Heartbeat.Role.values:
        alive.add_metric([role], counts[role])
    yield alive
    yield GaugeMetricFamily("handrail_api_keys", "Keys that work now.", ApiKey.objects.live().count())
    if settings.CELERY_BROKER_URL == settings.BROKER:
        jobs = GaugeMetricFamily("handrail_queued_jobs", "Jobs in the broker's table.", labels=["state"])
        jobs.add_metric(["waiting"], BrokerMessage.objects.ready().count())
        jobs.add_metric(["leased"], BrokerMessage.objects.leased().count())
        jobs.add_metric(["parked"], BrokerMessage.objects.parked().count())
        yield jobs


def _component_values() -> dict[str, float]:
    """The worst finding of each component: two of one name would be the same series twice."""
    worth = {"ok": 1.0, "warn": 0.5, "fail": 0.0}
    values: dict[str, float] = {}
    for check in health.components():
        values[check.name] = min(values.get(check.name, 1.0), worth[check.status])
    return values
