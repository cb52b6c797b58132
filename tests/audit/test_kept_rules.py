"""Rules are kept in the process, and no decision is by rules that are no longer there."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction

from audit.models import PermissionRule, RulesVersion
from audit.permissions import decisions, held, kept, store, version
from audit.permissions.calls import Call
from tests.audit import rule_changes
from tests.services.stack import wait_until

ROOT = Path(__file__).parents[2]
COMMAND = {"command": rule_changes.SPECIFIER}
only_postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite does not know this")


def decided() -> str:
    return decisions.decide(tool_name="Bash", tool_input=COMMAND).decision.decision


def judged() -> str:
    """Without an event, which would wait for a transaction that is open elsewhere."""
    return kept.bounds().decide(Call(tool="Bash", input=COMMAND)).decision


def allow() -> PermissionRule:
    return PermissionRule.objects.create(tool="Bash", decision="allow")


def elsewhere(function: Callable[[], Any]) -> Any:
    """What the function returns on a connection of its own."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(function())
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    (answer,) = found
    return answer


@pytest.fixture
def other_process(transactional_db: None, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """A process of the service that changes rules when it is told how."""
    known = connection.settings_dict
    address = f"sqlite:///{known['NAME']}"
    if connection.vendor == "postgresql":
        place = f"{known['USER']}:{known['PASSWORD']}@{known['HOST']}:{known['PORT']}"
        address = f"postgres://{place}/{known['NAME']}"
    env = {**os.environ, "DATABASE_URL": address, "DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "tests.audit.rule_changes"]
    with subprocess.Popen(
        command, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def tell(way: str) -> None:
            stdin.write(f"{way}\n")
            stdin.flush()
            assert stdout.readline() == "done\n"

        assert stdout.readline() == "ready\n"
        yield tell
        stdin.close()


def test_a_change_that_another_process_makes_holds_at_the_very_next_decision(other_process: Callable[..., Any]) -> None:
    allow()
    assert decided() == "allow"
    for denying, allowing in (
        ("create", "delete"),
        ("create_many", "delete_many"),
        ("create_unless_known", "delete_by_sql"),
        ("create_by_sql", "disable"),
        ("enable", "loosen"),
        ("tighten", "delete_by_sql"),
    ):
        other_process(denying)
        assert decided() == "deny", denying
        other_process(allowing)
        assert decided() == "allow", allowing


@pytest.mark.django_db
@pytest.mark.parametrize("way", rule_changes.WAYS)
def test_every_way_to_change_a_rule_makes_another_version(way: str) -> None:
    PermissionRule.objects.create(tool="Bash", specifier="b", decision="deny")
    if way in ("tighten", "loosen", "disable", "enable") or way.startswith("delete"):
        decision = "allow" if way == "tighten" else "deny"
        PermissionRule.objects.create(tool=rule_changes.TOOL, specifier=rule_changes.SPECIFIER, decision=decision)
    before = version.current()
    rule_changes.WAYS[way]()
    assert version.current() not in (None, before)


@pytest.mark.django_db(transaction=True)
def test_rules_of_a_transaction_bind_that_transaction_alone_until_it_commits() -> None:
    allow()
    assert judged() == "allow"
    with transaction.atomic():
        rule_changes.create()
        assert judged() == "deny"
        assert elsewhere(judged) == "allow"
        assert judged() == "deny"
    assert (judged(), elsewhere(judged)) == ("deny", "deny")


@pytest.mark.django_db(transaction=True)
def test_rules_that_are_rolled_back_bind_nobody() -> None:
    allow()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        rule_changes.create()
        assert judged() == "deny"
        raise ZeroDivisionError
    assert (judged(), elsewhere(judged)) == ("allow", "allow")


@pytest.mark.django_db
def test_a_savepoint_takes_its_rules_and_their_version_with_it() -> None:
    allow()
    before = version.current()
    savepoint = transaction.savepoint()
    rule_changes.create()
    assert judged() == "deny"
    transaction.savepoint_rollback(savepoint)
    assert (judged(), version.current()) == ("allow", before)


@pytest.mark.django_db
def test_a_version_that_was_rolled_back_never_stands_for_other_rules() -> None:
    """A number would: 2 for the deny that is rolled back, 2 again for whatever is changed next."""
    allow()
    savepoint = transaction.savepoint()
    rule_changes.create()
    assert judged() == "deny"
    gone = version.current()
    transaction.savepoint_rollback(savepoint)
    PermissionRule.objects.create(tool="Read", decision="allow")
    assert version.current() != gone
    assert judged() == "allow"


@pytest.mark.django_db
def test_rules_that_changed_between_their_version_and_them_are_not_kept_under_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The version may come back, by a restored backup or, as here, by a rollback."""
    allow()
    savepoint = transaction.savepoint()
    read = held.load_rules

    def load() -> Any:
        monkeypatch.undo()
        rule_changes.create()
        return read()

    monkeypatch.setattr(held, "load_rules", load)
    assert judged() == "deny"
    transaction.savepoint_rollback(savepoint)
    assert judged() == "allow"


def _drop_triggers() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("DROP TRIGGER rules_version ON audit_permissionrule")
        else:
            cursor.execute("DROP TRIGGER rules_version_insert")


def _switch_triggers_off() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_permissionrule DISABLE TRIGGER ALL")
            cursor.execute("ALTER TABLE audit_permissionrule ENABLE TRIGGER ALL")  # as pg_restore does


def _remove_row() -> None:
    RulesVersion.objects.all().delete()


@pytest.mark.django_db
@pytest.mark.parametrize("damage", [_drop_triggers, _switch_triggers_off, _remove_row])
def test_where_changes_would_go_unseen_every_decision_reads_the_rules(damage: Callable[[], None]) -> None:
    allow()
    assert judged() == "allow"
    damage()
    rule_changes.create()
    assert judged() == "deny"
    rule_changes.delete()
    assert judged() == "allow"
    version.install("default")
    assert version.current() is not None


@pytest.mark.django_db
def test_what_changed_while_triggers_were_missing_counts_once_they_are_back() -> None:
    allow()
    assert judged() == "allow"
    before = version.current()
    _drop_triggers()
    rule_changes.create()
    version.install("default")
    assert version.current() != before
    assert judged() == "deny"


@pytest.mark.django_db(transaction=True)
def test_an_emptied_database_has_no_rules_and_a_version() -> None:
    allow()
    assert judged() == "allow"
    call_command("flush", interactive=False, verbosity=0)
    assert judged() == "confirm"
    assert version.current() is not None
    rule_changes.create()
    assert judged() == "deny"


@pytest.mark.django_db(transaction=True)
@only_postgresql
def test_rules_that_are_truncated_are_gone_at_once() -> None:
    allow()
    assert judged() == "allow"
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE audit_permissionrule")
    assert judged() == "confirm"


@pytest.mark.django_db
@only_postgresql
def test_rules_that_replication_writes_hold_like_any() -> None:
    allow()
    assert judged() == "allow"
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        rule_changes.create_by_sql()
        cursor.execute("SET LOCAL session_replication_role = origin")
    assert judged() == "deny"


@pytest.mark.django_db(transaction=True)
def test_an_installation_of_before_gets_its_version_by_migrating_and_can_go_back() -> None:
    try:
        call_command("migrate", "audit", "0005", verbosity=0)
        rule_changes.create()  # no trigger is left that would look for the table
        call_command("migrate", verbosity=0)
        assert judged() == "deny"
        rule_changes.delete()
        assert judged() == "confirm"
    finally:
        call_command("migrate", verbosity=0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL alters a table where it is")
def test_a_migration_that_rebuilds_the_table_leaves_no_moment_without_its_rules() -> None:
    allow()
    assert judged() == "allow"
    with connection.schema_editor() as editor:
        editor._remake_table(PermissionRule)
    rule_changes.create()
    assert judged() == "deny"
    call_command("migrate", verbosity=0)
    assert version.current() is not None


@pytest.mark.django_db(transaction=True)
@only_postgresql
def test_two_that_change_the_same_rules_in_another_order_do_not_wait_for_one_another() -> None:
    one, other = (str(store.create_rule(tool=tool, decision="deny").uid) for tool in ("Read", "Edit"))

    def change(*uids: str) -> None:
        with transaction.atomic():
            for uid in uids:
                store.change_rule(uid=uid, reason="changed")

    def waits() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            return bool(cursor.fetchone()[0])

    second = threading.Thread(target=lambda: (change(other, one), connections.close_all()))
    with transaction.atomic():
        store.change_rule(uid=one, reason="first")
        second.start()
        wait_until(waits, "the second waits")
        store.change_rule(uid=other, reason="first")
    second.join(60)
    assert {row.reason for row in PermissionRule.objects.all()} == {"changed"}
