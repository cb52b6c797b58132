"""Liveness, readiness, and the checks both and `doctor` are made of."""

import shutil
import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import OperationalError
from django.utils import timezone

from config import health
from config.health import Check, Snapshot, overall
from config.models import BrokerMessage, Heartbeat

pytestmark = pytest.mark.usefixtures("inline_health")


def test_live_answers_without_touching_the_database(client, django_assert_num_queries, db):
    with django_assert_num_queries(0):
        answer = client.get("/health/live")
    assert (answer.status_code, answer.content) == (200, b"ok")


def test_ready_names_every_component_without_a_key(client, db):
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    names = [component["name"] for component in answer.json()["components"]]
    assert names[:6] == ["database", "migrations", "broker", "worker", "beat", "disk"]
    assert all(set(component) == {"name", "status", "detail"} for component in answer.json()["components"])
    assert "no-store" in answer.headers["Cache-Control"]


def test_ready_is_503_when_a_critical_component_fails(client, db, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1024))
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["status"] == "fail"


def test_ready_is_200_when_only_workers_are_away(client, db):
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert {"name": "worker", "status": "warn", "detail": "none is alive: jobs will wait"} in answer.json()[
        "components"
    ]


def test_a_worker_with_a_fresh_heartbeat_is_alive(db):
    Heartbeat.objects.create(name="worker@a:1", role="worker")
    Heartbeat.objects.create(name="beat@a:2", role="beat", beaten_at=timezone.now() - timedelta(minutes=1))
    worker, beat = health.workers()
    assert (worker.status, worker.detail) == ("ok", "1 alive")
    assert beat.status == "warn"


def test_jobs_that_wait_without_a_worker_are_a_failure(db):
    long_ago = timezone.now() - timedelta(minutes=5)
    BrokerMessage.objects.create(queue="celery", payload="{}", available_at=long_ago)
    worker, _ = health.workers()
    assert (worker.status, worker.detail) == ("fail", "none is alive, and 1 jobs wait")
    assert not worker.critical


def test_parked_jobs_are_a_warning(db):
    BrokerMessage.objects.create(queue="celery", payload="{}", parked_at=timezone.now())
    [found] = health.broker()
    assert (found.status, found.detail) == ("warn", "0 jobs wait, 1 are parked")


def test_a_broker_elsewhere_that_does_not_answer_is_critical_and_keeps_its_password(settings):
    settings.CELERY_BROKER_URL = "redis://:secret-word@127.0.0.1:1/0"
    [found] = health.broker()
    assert (found.name, found.status, found.critical) == ("broker", "fail", True)
    assert "secret-word" not in found.detail


def test_a_database_that_is_away_is_critical(db, monkeypatch):
    def away():
        raise OperationalError("could not connect to postgres://user:secret-word@host")

    monkeypatch.setattr(health, "connection", SimpleNamespace(cursor=away))
    [found] = health.database()
    assert (found.status, found.critical) == ("fail", True)
    assert "secret-word" not in found.detail


def test_a_missing_migration_is_critical(db, monkeypatch):
    monkeypatch.setattr(health, "_migrations_on_disk", lambda: {("audit", "9999_later")})
    [found] = health.migrations()
    assert (found.status, found.critical) == ("fail", True)
    assert "audit.9999_later" in found.detail


def test_watchers_do_not_load_what_they_watch():
    reads = []

    def source():
        reads.append(1)
        return [Check("a", "ok", "well")]

    snapshot = Snapshot(lambda: {"a": source}, max_age=60, seconds=1)
    for _ in range(5):
        assert snapshot.checks() == [Check("a", "ok", "well")]
    assert len(reads) == 1
    snapshot.forget()
    snapshot.checks()
    assert len(reads) == 2


def test_only_critical_failures_make_the_whole_fail():
    assert overall([Check("a", "ok", "")]) == "ok"
    assert overall([Check("a", "ok", ""), Check("b", "fail", "")]) == "warn"
    assert overall([Check("a", "warn", "", critical=True)]) == "warn"
    assert overall([Check("a", "fail", "", critical=True), Check("b", "ok", "")]) == "fail"


def test_every_apps_checks_are_cheap_and_well_formed(db):
    sources = [*health.app_sources().items(), *health.app_sources("doctor_checks").items()]
    assert {app for app, _ in sources} >= {"audit", "schemacheck"}
    for app, source in sources:
        started = time.perf_counter()
        found = list(source())
        assert time.perf_counter() - started < 2, app
        for check in found:
            assert check.status in {"ok", "warn", "fail"}
            assert check.fix or check.status == "ok", check
