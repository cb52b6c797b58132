"""Liveness, readiness, and the checks both and `doctor` are made of."""

import shutil
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import OperationalError
from django.utils import timezone

import prompts.health
from config.jobs.heartbeat import alive_processes
from config.models import BrokerMessage, Heartbeat
from config.processes import Process, Record, path_of, process_name
from config.watching import health
from config.watching.health import Check, Snapshot, overall
from tests.patience import comes_back

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


@pytest.mark.parametrize(("minutes", "status"), [(1, "warn"), (10, "fail")])
def test_the_oldest_waiting_job_is_named_with_its_age_although_a_worker_lives(db, minutes, status):
    Heartbeat.objects.create(name="worker@a:1", role="worker")
    since = timezone.now() - timedelta(minutes=minutes)
    message = {"queue": "celery", "payload": "{}", "task": "prompts.run_test"}
    BrokerMessage.objects.create(**message, task_id="t-1", available_at=since)
    BrokerMessage.objects.create(**message, task_id="t-2", available_at=since + timedelta(seconds=5))
    BrokerMessage.objects.create(**message, task_id="t-3", available_at=since, parked_at=since)
    [parked, late] = health.broker()
    assert parked.detail == "2 jobs wait, 1 are parked"
    assert (late.status, late.critical) == (status, False)
    assert late.detail == f"the oldest waiting job, prompts.run_test t-1, waits for {60 * minutes} s"


def test_a_job_that_is_not_due_yet_does_not_wait(db):
    later = timezone.now() + timedelta(hours=1)
    created = timezone.now() - timedelta(hours=1)
    BrokerMessage.objects.create(queue="celery", payload="{}", available_at=later, created_at=created)
    assert [found.status for found in health.broker()] == ["ok"]


class TestProcesses:
    @pytest.fixture
    def record(self, tmp_path, settings):
        settings.DATA_DIR = tmp_path
        return Record(processes={"worker": Process(pid=11), "beat": Process(pid=12)})

    def test_without_a_supervisor_there_is_nothing_to_say(self, record):
        assert list(health.supervised()) == []

    def test_who_died_of_what_is_told_while_it_is_news(self, record, tmp_path):
        record.processes["worker"].note_death("signal 9 (SIGKILL)")
        record.write(path_of(tmp_path, 8000))
        worker, beat = health.supervised()
        assert (worker.name, worker.status) == ("process worker", "warn")
        assert worker.detail == "died 0 s ago of signal 9 (SIGKILL); is started again"
        assert (beat.name, beat.status, beat.detail) == ("process beat", "ok", "runs")
        record.processes["worker"].pid = 13
        record.processes["worker"].deaths[0].at -= 3600
        record.write(path_of(tmp_path, 8000))
        worker, _ = health.supervised()
        assert (worker.status, worker.detail) == ("ok", "died 3600 s ago of signal 9 (SIGKILL); runs again")

    def test_a_process_its_supervisor_saw_die_is_not_alive_whatever_its_heartbeat_says(self, db, record, tmp_path):
        Heartbeat.objects.create(name=process_name("worker", pid=11), role="worker")
        assert [role for role, _ in alive_processes()] == ["worker"]
        record.processes["worker"].note_death("signal 9 (SIGKILL)")
        record.write(path_of(tmp_path, 8000))
        assert alive_processes() == []
        [worker, _] = health.workers()
        assert worker.detail == "none is alive: jobs will wait"


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
    assert overall([Check("a", "ok", ""), Check("b", "warn", "", optional=True)]) == "ok"


def test_what_nobody_has_set_up_is_said_and_is_no_fault(settings):
    settings.MODEL_BASE_URL = "http://127.0.0.1:9/v1"
    for is_set in (False, True):
        settings.MODEL_IS_SET = is_set
        model = next(check for check in prompts.health.checks() if check.name == "model")
        assert (model.status, model.optional) == ("warn", not is_set)


def test_every_apps_checks_are_cheap_and_well_formed(db):
    sources = [*health.app_sources().items(), *health.app_sources("doctor_checks").items()]
    assert {app for app, _ in sources} >= {"audit", "schemacheck"}
    for _, source in sources:
        with comes_back():
            found = list(source())
        for check in found:
            assert check.status in {"ok", "warn", "fail"}
            assert check.fix or check.status == "ok", check
