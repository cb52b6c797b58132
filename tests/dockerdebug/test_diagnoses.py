"""Making, claiming, failing and forgetting diagnoses."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from audit.models import Event
from config.errors import DomainError
from dockerdebug import diagnoses, tasks
from dockerdebug.diagnoses import (
    DiagnosisMissing,
    diagnose,
    diagnose_facts,
    find_diagnosis,
    prune_diagnoses,
    request_diagnosis,
    run_diagnosis,
)
from dockerdebug.facts import Facts
from dockerdebug.models import Diagnosis
from tests.dockerdebug.makers import container, dist, healthy, python, stopped, traceback, with_environment

pytestmark = pytest.mark.django_db


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Says what collecting reads, and counts how often."""
    calls: list[str] = []

    def set_facts(facts: Facts | Exception) -> list[str]:
        def collect(container: str) -> Facts:
            calls.append(container)
            if isinstance(facts, Exception):
                raise facts
            return facts

        monkeypatch.setattr(diagnoses, "collect", collect)
        return calls

    return set_facts


def events(diagnosis: Diagnosis) -> list[str]:
    return [event.event_type for event in Event.objects.of("diagnosis", str(diagnosis.pk)).order_by("id")]


def test_facts_read_before_are_judged_as_if_they_were_read_now(reads: Any) -> None:
    asked = reads(healthy())
    made = diagnose_facts(
        container="api", facts=stopped(logs=traceback("ModuleNotFoundError: No module named 'flask'"))
    )
    assert (made.status, made.failed, asked) == ("finished", 2, [])
    assert events(made) == ["diagnosis.requested", "diagnosis.finished"]


def test_a_diagnosis_is_stored_with_its_totals_and_trail(reads: Any) -> None:
    reads(stopped(logs=traceback("ModuleNotFoundError: No module named 'flask'")))
    made = diagnose(container="api")
    made.refresh_from_db()
    assert (made.status, made.container, made.total_checks, made.passed, made.failed, made.not_run) == (
        "finished",
        "api",
        7,
        5,
        2,
        1,
    )
    assert made.finding_keys == ["module_not_found", "container_stopped"]
    assert (made.worst, made.image, made.has_faults) == ("error", "shop/api:1", True)
    assert made.summary.startswith("5 of 7 checks passed")
    assert made.finished_at
    assert made.started_at
    assert events(made) == ["diagnosis.requested", "diagnosis.finished"]


def test_a_request_waits_for_the_job(reads: Any, django_capture_on_commit_callbacks: Any) -> None:
    calls = reads(healthy())
    made = request_diagnosis(container="api", check="sys_path")
    assert (made.status, calls) == ("pending", [])
    with django_capture_on_commit_callbacks(execute=True):
        again = request_diagnosis(container="api")
    again.refresh_from_db()
    assert (again.status, calls) == ("finished", ["api"])


def test_a_message_received_twice_is_carried_out_once(reads: Any) -> None:
    calls = reads(healthy())
    made = request_diagnosis(container="api")
    tasks.diagnose(str(made.pk))
    tasks.diagnose(str(made.pk))
    assert calls == ["api"]


def test_one_that_another_process_runs_is_left_alone_until_it_is_abandoned(reads: Any) -> None:
    calls = reads(healthy())
    made = request_diagnosis(container="api")
    Diagnosis.objects.update(status="running", started_at=timezone.now())
    assert run_diagnosis(diagnosis_id=made.pk).status == "running"
    Diagnosis.objects.update(started_at=timezone.now() - diagnoses.ABANDONED * 2)
    assert run_diagnosis(diagnosis_id=made.pk).status == "finished"
    assert calls == ["api"]


def test_a_mistake_of_ours_fails_the_diagnosis_in_words(reads: Any, caplog: pytest.LogCaptureFixture) -> None:
    reads(ZeroDivisionError("secret detail"))
    made = diagnose(container="api")
    assert made.status == "failed"
    assert "ZeroDivisionError" in made.summary
    assert "secret detail" not in made.summary
    assert events(made) == ["diagnosis.requested", "diagnosis.failed"]


@pytest.mark.parametrize("wrong", [{"container": "../x"}, {"check": "astrology"}])
def test_nothing_is_stored_for_a_wrong_request(wrong: dict[str, str]) -> None:
    for operation in (diagnose, request_diagnosis):
        with pytest.raises(DomainError):
            operation(**wrong)
    assert not Diagnosis.objects.exists()
    assert not Event.objects.filter(entity_type="diagnosis").exists()


@pytest.mark.parametrize("wrong", ["nonsense", "01a1fe10-3774-73fd-a919-c343cd32b1b4"])
def test_a_diagnosis_that_does_not_exist(wrong: str) -> None:
    for operation in (run_diagnosis, find_diagnosis):
        with pytest.raises(DiagnosisMissing):
            operation(diagnosis_id=wrong)


def test_old_diagnoses_are_pruned_in_batches(reads: Any, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.DIAGNOSIS_RETENTION_DAYS = 30
    monkeypatch.setattr(diagnoses, "BATCH", 2)
    reads(healthy())
    for _ in range(5):
        diagnose(container="api")
    kept = diagnose(container="api")
    Diagnosis.objects.exclude(pk=kept.pk).update(created_at=timezone.now() - timedelta(days=31))
    assert tasks.prune() == 5
    assert list(Diagnosis.objects.all()) == [kept]
    pruned = Event.objects.filter(event_type="diagnosis.pruned")
    assert sorted(event.new_value["count"] for event in pruned) == [1, 2, 2]


def test_pruning_takes_the_days_it_is_given(reads: Any) -> None:
    reads(healthy())
    made = diagnose(container="api")
    Diagnosis.objects.filter(pk=made.pk).update(created_at=timezone.now() - timedelta(days=3))
    assert (prune_diagnoses(days=4), prune_diagnoses(days=2)) == (0, 1)


def test_hostile_text_is_stored_on_either_database(reads: Any) -> None:
    nasty = "a\0b\ud800c\x1b[31m<script>\u202e"
    facts = healthy(
        python=python(
            executable=nasty, distributions=(dist(nasty, nasty, nasty),), shadows=((nasty, nasty),), cwd=nasty
        ),
        container=container(image=nasty, error=nasty, health="unhealthy", health_output=nasty),
        environment={nasty: nasty, "LANG": nasty},
        logs=nasty,
    )
    reads(facts)
    made = diagnose(container="api")
    made.refresh_from_db()
    assert made.status == "finished"
    stored = str(made.checks) + str(made.findings) + made.summary + made.image
    assert "abc<script>" in stored
    assert not set("\0\ud800\x1b\u202e") & set(stored)


def test_one_whose_process_died_is_closed(reads: Any) -> None:
    reads(healthy())
    lost, fresh = request_diagnosis(container="a"), request_diagnosis(container="b")
    Diagnosis.objects.update(status="running", started_at=timezone.now())
    Diagnosis.objects.filter(pk=lost.pk).update(started_at=timezone.now() - timedelta(hours=1))
    assert tasks.fail_abandoned() == 1
    lost.refresh_from_db()
    fresh.refresh_from_db()
    assert (lost.status, fresh.status) == ("failed", "running")
    assert events(lost)[-1] == "diagnosis.failed"


def test_no_secret_reaches_the_row_or_the_trail(reads: Any) -> None:
    secret = "hunter2-and-more"
    facts = with_environment(DB_PASSWORD=secret)
    down = container(state="exited", exit_code=1, error=f"cannot use {secret}", environment=facts.environment)
    reads(healthy(container=down, environment=facts.environment, logs=f"Error: password {secret}", python=None))
    made = diagnose(container="api")
    assert secret not in str(Diagnosis.objects.filter(pk=made.pk).values())
    assert secret not in str(list(Event.objects.values()))


def test_totals_that_do_not_add_up_are_refused_by_the_database() -> None:
    with pytest.raises(IntegrityError):
        Diagnosis.objects.create(total_checks=3, passed=1, failed=1, created_by="x")
