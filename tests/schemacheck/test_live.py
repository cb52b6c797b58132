"""The audit of tables that stand, on real ones with each of the faults it looks for."""

import sqlite3
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection

from audit.models import Event
from schemacheck.checker.findings import Finding
from schemacheck.live import audit
from schemacheck.models import Check
from schemacheck.refusals import UnsupportedDatabase
from tests.services.postgres import Cluster

FAULTY = """
CREATE TABLE parents (id bigint PRIMARY KEY, code int UNIQUE, name text);
CREATE TABLE children (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  parent_id integer REFERENCES parents (id),
  code int CONSTRAINT to_code REFERENCES parents (code),
  a int, b int, c int
);
CREATE TABLE heap (x int);
CREATE INDEX children_code ON children (code);
CREATE INDEX children_a ON children (a);
CREATE INDEX children_a_again ON children (a);
CREATE INDEX children_a_b ON children (a, b);
CREATE INDEX children_b_desc ON children (b DESC);
CREATE INDEX children_b ON children (b);
CREATE INDEX children_c_some ON children (c) WHERE c > 0;
CREATE INDEX children_c ON children (c);
ALTER TABLE children ADD CONSTRAINT c_positive CHECK (c > 0) NOT VALID;
INSERT INTO children (a, c) VALUES (1, 1), (1, 1);
SELECT setval('children_id_seq', 2000000000);
CREATE TABLE parts (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
"""


@pytest.fixture(scope="module")
def faulty(server: Cluster) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(server.url, autocommit=True) as made:
        made.execute("CREATE DATABASE faulty")
    url = server.url.rpartition("/")[0] + "/faulty"
    with psycopg.connect(url, autocommit=True) as made:
        made.execute(FAULTY)
        with pytest.raises(psycopg.errors.UniqueViolation):
            made.execute("CREATE UNIQUE INDEX CONCURRENTLY children_broken ON children (a)")
        yield made


def test_a_plain_connection_is_audited_as_djangos_is() -> None:
    plain = sqlite3.connect(":memory:")
    plain.execute("CREATE TABLE heap (x int)")
    assert list(found(plain)) == ["live-table-without-primary-key"]
    plain.close()
    with pytest.raises(UnsupportedDatabase, match="not object"):
        audit(object())


def found(connected: Any) -> dict[str, list[Finding]]:
    by_rule: dict[str, list[Finding]] = {}
    for finding in audit(connected).findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    return by_rule


@pytest.mark.services
def test_every_fault_of_a_schema_is_found_once_with_what_mends_it(faulty: Any) -> None:
    said = found(faulty)
    assert {rule: len(findings) for rule, findings in said.items()} == {
        "live-foreign-key-without-index": 1,
        "live-foreign-key-type": 1,
        "live-table-without-primary-key": 1,
        "live-duplicate-index": 1,
        "live-redundant-index": 1,
        "live-invalid-index": 1,
        "live-constraint-not-validated": 1,
        "live-sequence-exhaustion": 1,
    }
    (missing,) = said["live-foreign-key-without-index"]
    assert missing.fix == "CREATE INDEX CONCURRENTLY ON children (parent_id);"
    assert said["live-duplicate-index"][0].facts["index"] == "children_a_again"
    assert said["live-redundant-index"][0].facts["kept"] == "children_a_b"
    assert said["live-invalid-index"][0].facts["index"] == "children_broken"
    assert said["live-sequence-exhaustion"][0].facts["percent"] == pytest.approx(93.1, abs=0.1)
    assert said["live-foreign-key-type"][0].fix == "ALTER TABLE children ALTER COLUMN parent_id TYPE bigint;"


@pytest.mark.services
def test_every_fix_is_sql_the_server_takes(server: Cluster, faulty: Any) -> None:
    fixes = [finding.fix for finding in audit(faulty).findings if finding.rule != "live-redundant-index"]
    faulty.execute("CREATE TABLE before_it AS SELECT 1")
    with psycopg.connect(server.url, autocommit=True) as admin:
        faulty.close()
        admin.execute("CREATE DATABASE mended TEMPLATE faulty")
    with psycopg.connect(server.url.rpartition("/")[0] + "/mended", autocommit=True) as mended:
        mended.execute("DELETE FROM children")
        for fix in fixes:
            for statement in fix.splitlines():
                mended.execute(statement)
        left = {finding.rule for finding in audit(mended).findings}
        assert left == {"live-duplicate-index", "live-table-without-primary-key"}
        # The unique index that was broken serves for the plain one now; the last is the heap made above.


@pytest.mark.services
def test_a_sound_schema_gives_nothing_to_say(server: Cluster) -> None:
    with psycopg.connect(server.url, autocommit=True) as admin:
        admin.execute("CREATE DATABASE sound")
    with psycopg.connect(server.url.rpartition("/")[0] + "/sound", autocommit=True) as sound:
        sound.execute("CREATE TABLE a (id bigint PRIMARY KEY); CREATE TABLE b (a_id bigint PRIMARY KEY REFERENCES a)")
        assert audit(sound).findings == ()


@pytest.mark.services
def test_a_key_of_several_columns_is_served_by_an_index_in_any_order(server: Cluster) -> None:
    with psycopg.connect(server.url, autocommit=True) as admin:
        admin.execute("CREATE DATABASE several")
    with psycopg.connect(server.url.rpartition("/")[0] + "/several", autocommit=True) as several:
        several.execute(
            "CREATE TABLE a (x int, y int, PRIMARY KEY (x, y));"
            "CREATE TABLE b (id int PRIMARY KEY, x int, y int, z int, FOREIGN KEY (x, y) REFERENCES a);"
            "CREATE INDEX ON b (y, x, z)"
        )
        assert audit(several).findings == ()
        several.execute("DROP INDEX b_y_x_z_idx; CREATE INDEX ON b (y, z, x)")
        assert [finding.rule for finding in audit(several).findings] == ["live-foreign-key-without-index"]


@pytest.mark.services
def test_the_audit_waits_for_nobody(server: Cluster, shop: Any) -> None:
    with psycopg.connect(server.url) as other:
        other.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        assert "live-not-looked-at" not in {finding.rule for finding in audit(shop).findings}
        other.rollback()


def test_sqlite_is_audited_as_far_as_it_can_tell() -> None:
    connected = sqlite3.connect(":memory:")
    connected.executescript("""
        CREATE TABLE parents (id integer PRIMARY KEY, name text);
        CREATE TABLE heap (x int);
        CREATE TABLE children (id integer PRIMARY KEY, parent_id text REFERENCES parents (id),
          gone_id integer REFERENCES gone (id), name text REFERENCES parents (name), fine integer REFERENCES parents);
        CREATE INDEX one ON children (gone_id);
        CREATE INDEX two ON children (gone_id);
        CREATE INDEX three ON children (name);
        CREATE INDEX three_and_more ON children (name, fine);
        CREATE INDEX four ON children (fine);
    """)
    said = found(connected)
    connected.close()
    assert {rule: len(findings) for rule, findings in said.items()} == {
        "live-foreign-key-without-index": 1,
        "live-foreign-key-type": 1,
        "live-table-without-primary-key": 1,
        "live-duplicate-index": 1,
        "live-redundant-index": 1,
        "live-foreign-key-target": 2,
    }
    assert said["live-duplicate-index"][0].fix == "DROP INDEX two;"


@pytest.mark.django_db
def test_the_audit_has_the_same_answer_by_rest_command_and_task_and_is_recorded(reader: Any, run_command: Any) -> None:
    answer = reader.post("/api/v1/schemacheck/live", {})
    assert answer.status_code == 200
    check = Check.objects.get()
    assert Event.objects.filter(event_type="schema.checked", entity_id=str(check.uid)).exists()
    code, out, _ = run_command("schemacheck", "--live", "--format", "json")
    assert code == 0
    assert '"valid": true' in out
    from schemacheck import tasks

    tasks.audit_live_schema()
    first, second, third = (row.report for row in Check.objects.order_by("id"))
    assert first == second == third
    assert answer.json()["counts"] == first["counts"]


@pytest.mark.django_db
def test_our_own_tables_have_keys_and_indexed_foreign_keys() -> None:
    rules = {finding.rule for finding in audit(connection).findings}
    assert rules <= {"live-redundant-index", "live-unused-index", "live-foreign-key-without-index"}
