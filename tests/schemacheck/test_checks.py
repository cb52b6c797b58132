from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from audit.models import Event
from config.signals import job_parked
from schemacheck import checks, tasks
from schemacheck.checker.errors import DatabaseAway
from schemacheck.models import Check
from schemacheck.refusals import InvalidCheck

pytestmark = pytest.mark.django_db
SQL = "CREATE TABLE t (id bigint PRIMARY KEY, a texxt)"


def make(sql: str = SQL, **options: str) -> Check:
    return checks.check_schema(sql=sql, dialect="postgresql", proof="parse", **options)


def test_a_check_is_kept_with_its_verdict_and_an_event() -> None:
    check = make()
    kept = Check.objects.get(uid=check.uid)
    event = Event.objects.get(event_type="schema.checked")
    assert (kept.valid, kept.table_name, kept.errors, kept.status) == (False, "t", 1, "finished")
    assert kept.report["errors"][0]["rule"] == "undefined-type"
    assert kept.duration_ms > 0
    assert event.entity_id == str(check.uid)
    assert event.new_value["valid"] is False
    assert "texxt" not in str(event.new_value)


def test_history_and_event_are_written_together_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise OperationalError

    monkeypatch.setattr(checks, "record", fail)
    with pytest.raises(OperationalError):
        make()
    assert not Check.objects.exists()


def test_a_finished_check_is_never_changed() -> None:
    check = make()
    check.valid = True
    with pytest.raises(ValueError, match="never changed"):
        check.save()


def test_passwords_stay_out_of_the_history() -> None:
    sql = "CREATE ROLE a PASSWORD 'se''cret'; CREATE SUBSCRIPTION s CONNECTION 'host=h password=geheim' PUBLICATION p"
    sql += "; CREATE SERVER f FOREIGN DATA WRAPPER w OPTIONS (address 'postgres://anna:geheim@h/db')"
    kept = Check.objects.get(uid=make(sql).uid)
    assert "cret'" not in kept.sql.replace("[secret]'", "")
    assert "geheim" not in kept.sql
    assert kept.sql.count("[secret]") == 3


def test_an_unknown_database_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidCheck, match=r"Known are: .*default"):
        make(database="nope")


def test_a_requested_check_is_done_once(django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        pending = checks.request_check(sql=SQL, dialect="postgresql", proof="parse")
    done = Check.objects.get(pk=pending.pk)
    tasks.run_check(done.pk)
    assert (done.status, done.valid) == ("finished", False)
    assert Event.objects.filter(event_type="schema.checked").count() == 1


def test_a_database_that_is_away_fails_the_requested_check(monkeypatch: pytest.MonkeyPatch) -> None:
    pending = checks.request_check(sql=SQL)
    monkeypatch.setattr(
        "schemacheck.checker.validator.validate", lambda *_, **__: (_ for _ in ()).throw(DatabaseAway("It is away."))
    )
    checks.run_check(check_id=pending.pk)
    pending.refresh_from_db()
    assert (pending.status, pending.failure) == ("failed", "It is away.")


def test_a_script_can_be_checked_again() -> None:
    first = make()
    second = checks.check_again(uid=str(first.uid))
    assert second.uid != first.uid
    assert second.sql_hash == first.sql_hash


def test_old_checks_are_pruned_with_an_event() -> None:
    old, new = make(), make("SELECT 1")
    Check.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=91))
    assert tasks.cleanup() == 1
    assert list(Check.objects.values_list("pk", flat=True)) == [new.pk]
    assert Event.objects.filter(event_type="schema.checks_pruned").exists()


def test_text_no_database_can_store_is_replaced() -> None:
    kept = Check.objects.get(uid=make("SELECT '\0'; SELECT '\ud800'").uid)
    assert "\0" not in kept.sql
    assert kept.errors == 2


def test_the_connection_is_left_as_it_was() -> None:
    checks.check_schema(sql=SQL)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_a_check_whose_job_is_set_aside_has_failed_and_says_why() -> None:
    check = checks.request_check(sql=SQL, dialect="postgresql", proof="parse")
    job_parked.send(sender=None, task="schemacheck.run_check", args=[check.pk], reason="It outlasted three workers.")
    check.refresh_from_db()
    assert (check.status, check.failure) == ("failed", "It outlasted three workers.")
    checks.fail_check(check_id=check.pk, failure="Too late.")
    check.refresh_from_db()
    assert check.failure == "It outlasted three workers."
