"""/metrics for Prometheus."""

from types import SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from config.models import BrokerMessage, Heartbeat
from config.watching import metrics

pytestmark = pytest.mark.usefixtures("inline_health")


def scraped(client, **headers):
    answer = client.get("/metrics", **headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def test_a_reader_scrapes_what_the_database_holds(reader):
    Heartbeat.objects.create(name="worker@a:1", role="worker")
    BrokerMessage.objects.create(queue="celery", payload="{}")
    figures = scraped(reader)
    assert figures["handrail_processes", "worker"] == 1
    assert figures["handrail_processes", "beat"] == 0
    assert figures["handrail_queued_jobs", "waiting"] == 1
    assert figures["handrail_component_healthy", "database"] == 1
    assert figures["handrail_api_keys",] == 1


def test_every_app_with_figures_is_read(reader):
    figures = scraped(reader)
    assert figures["handrail_metrics_failed", "audit"] == 0
    assert all(value == 0 for name, value in figures.items() if name[0] == "handrail_metrics_failed")


def test_prometheus_may_ask_for_its_own_formats(reader):
    answer = reader.get("/metrics", HTTP_ACCEPT="application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.content.endswith(b"# EOF\n")


def test_without_a_key_there_are_no_figures(client, db):
    answer = client.get("/metrics")
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_staff_may_look_with_their_login(admin_client):
    assert admin_client.get("/metrics").status_code == 200


def test_an_app_that_fails_hurts_no_other(reader, monkeypatch):
    def broken():
        raise RuntimeError("broken")

    monkeypatch.setattr(metrics, "app_modules", lambda name: [("audit", SimpleNamespace(collect=broken))])
    figures = scraped(reader)
    assert figures["handrail_metrics_failed", "audit"] == 1
    assert ("handrail_api_keys",) in figures
