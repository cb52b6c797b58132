"""Verdicts against a real catalog; each is compared with what the server then says itself."""

import dataclasses
import shutil
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import psycopg
import pytest

from schemacheck.checker.database.lookup import snapshot
from schemacheck.checker.database.session import Session
from schemacheck.checker.errors import DatabaseAway
from schemacheck.checker.findings import Report
from schemacheck.checker.proof import ladder
from schemacheck.checker.validator import validate
from tests.services.postgres import Cluster
from tests.services.throwaway import free_port

pytestmark = pytest.mark.services
Check = Callable[..., Report]

STATEMENTS = [
    "CREATE TABLE ok1 (id bigint PRIMARY KEY, c bigint REFERENCES customers (id), m mood, a amount, t text[])",
    "CREATE TABLE ok2 (id bigint PRIMARY KEY, c bigint REFERENCES customers)",
    "CREATE TABLE ok3 (a char(2), b char(2), FOREIGN KEY (a, b) REFERENCES sales.regions (code, country))",
    "CREATE TABLE ok4 (a int DEFAULT 1 + 2, b text DEFAULT 'x', c boolean DEFAULT NULL, d bigint DEFAULT counts())",
    "CREATE TABLE ok5 (a int, b int GENERATED ALWAYS AS (a * 2) STORED, CHECK (a > b))",
    "CREATE TABLE ok6 (LIKE orders INCLUDING ALL)",
    "CREATE TABLE ok61 (x text REFERENCES ok61 (email), LIKE customers INCLUDING INDEXES)",
    "CREATE TABLE bad (LIKE orders, note text)",
    "CREATE TABLE bad (LIKE orders INCLUDING ALL, x int PRIMARY KEY)",
    "CREATE TABLE bad () INHERITS (nope)",
    "CREATE TABLE bad PARTITION OF orders FOR VALUES IN (1)",
    "CREATE TABLE ok7 () INHERITS (customers)",
    "CREATE TEMP TABLE ok8 (id int)",
    "CREATE TABLE sales.orders (id int)",
    "CREATE TABLE IF NOT EXISTS orders (id nonsense)",
    "CREATE TABLE bad (c bigint REFERENCES custmers (id))",
    "CREATE TABLE bad (c bigint REFERENCES customers (idd))",
    "CREATE TABLE bad (c varchar REFERENCES customers (name))",
    "CREATE TABLE bad (c uuid REFERENCES customers (id))",
    "CREATE TABLE bad (c numeric REFERENCES customers (id))",
    "CREATE TABLE bad (a char(2), FOREIGN KEY (a) REFERENCES sales.regions (code, country))",
    "CREATE TABLE bad (a char(2), FOREIGN KEY (a) REFERENCES sales.regions (code))",
    "CREATE TABLE bad (m moood)",
    "CREATE TABLE bad (m nowhere.mood)",
    "CREATE TABLE nowhere.bad (m int)",
    "CREATE TABLE orders (id int)",
    "CREATE TABLE mood (id int)",
    "CREATE TABLE bad (a int DEFAULT 'x')",
    "CREATE TABLE bad (a int DEFAULT 'x' || 'y')",
    "CREATE TABLE bad (a boolean DEFAULT 1)",
    "CREATE TABLE bad (a int DEFAULT nofunction())",
    "CREATE TABLE bad (a int DEFAULT avg(1))",
    "CREATE TABLE bad (a int CHECK (a + 1))",
    "CREATE TABLE bad (a int CHECK (b > 1))",
    "CREATE TABLE bad (m mood DEFAULT 'angry')",
    "CREATE TABLE bad (a numeric(2000))",
    "CREATE TABLE bad (id int REFERENCES order_notes (id))",
    "CREATE TEMP TABLE bad (c bigint REFERENCES customers (id))",
    "ALTER TABLE orders ADD COLUMN extra text",
    "ALTER TABLE orders ADD COLUMN note text",
    "ALTER TABLE orders ADD COLUMN IF NOT EXISTS note text",
    "ALTER TABLE ordrs ADD COLUMN x text",
    "ALTER TABLE IF EXISTS ordrs ADD COLUMN x text",
    "ALTER TABLE orders DROP COLUMN nota",
    "ALTER TABLE orders DROP COLUMN IF EXISTS nota",
    "ALTER TABLE orders DROP COLUMN total, ADD COLUMN total int",
    "ALTER TABLE orders ADD COLUMN x int, ALTER COLUMN x SET NOT NULL, DROP COLUMN x",
    "ALTER TABLE orders ALTER COLUMN total TYPE bigint",
    "ALTER TABLE orders ALTER COLUMN state TYPE int",
    "ALTER TABLE orders ALTER COLUMN total TYPE text USING total::text",
    "ALTER TABLE orders ALTER COLUMN total TYPE boolean USING nota",
    "ALTER TABLE orders ALTER COLUMN total SET DEFAULT 'x'",
    "ALTER TABLE orders ALTER COLUMN total TYPE int USING 'x'",
    "ALTER TABLE orders ADD COLUMN d text(4)",
    "ALTER TABLE orders ALTER COLUMN nota SET NOT NULL",
    "ALTER TABLE orders ALTER COLUMN id DROP NOT NULL",
    "ALTER TABLE customers ALTER COLUMN id SET DEFAULT 1",
    "ALTER TABLE orders ADD PRIMARY KEY (id)",
    "ALTER TABLE orders ALTER COLUMN note TYPE varchar(10)",
    "ALTER TABLE orders DROP COLUMN note",
    "ALTER TABLE orders DROP COLUMN note CASCADE",
    "ALTER TABLE orders ADD CONSTRAINT total_present CHECK (total > 0)",
    "ALTER TABLE orders DROP CONSTRAINT nope",
    "ALTER TABLE orders VALIDATE CONSTRAINT total_present",
    "ALTER TABLE orders ADD FOREIGN KEY (note) REFERENCES customers (email)",
    "ALTER TABLE orders ADD FOREIGN KEY (note) REFERENCES customers (id)",
    "ALTER TABLE orders ADD UNIQUE USING INDEX nope",
    "ALTER TABLE orders OWNER TO nobody_at_all",
    "ALTER TABLE orders RENAME note TO remark",
    "ALTER TABLE orders RENAME note TO total",
    "ALTER TABLE orders RENAME nota TO x",
    "ALTER TABLE orders RENAME TO customers",
    "ALTER TABLE orders SET SCHEMA nowhere",
    "CREATE INDEX ON orders (note)",
    "CREATE INDEX ON orders (nota)",
    "CREATE INDEX orders_note ON orders (total)",
    "CREATE INDEX ON order_notes (id)",
    "DROP TABLE orders",
    "DROP TABLE customers",
    "DROP TABLE customers CASCADE",
    "DROP TABLE nope",
    "DROP TABLE IF EXISTS nope",
    "DROP TABLE order_notes",
    "DROP INDEX nope",
    "CREATE SCHEMA sales",
    "CREATE TYPE mood AS ENUM ('x')",
    "CREATE TABLE ok9 (id int PRIMARY KEY); ALTER TABLE ok9 ADD COLUMN a int; CREATE INDEX ON ok9 (a); DROP TABLE ok9",
    "CREATE TABLE ok10 (id int PRIMARY KEY); ALTER TABLE ok10 ADD COLUMN id int",
    "CREATE TYPE ok11 AS ENUM ('a'); CREATE TABLE uses_it (m ok11 DEFAULT 'a')",
    "SET search_path TO sales; CREATE TABLE t (r char(2), c char(2), FOREIGN KEY (r, c) REFERENCES regions)",
    "SET search_path TO sales; ALTER TABLE orders ADD COLUMN x int",
]


def ask_the_server(connection: psycopg.Connection[Any], sql: str) -> str | None:
    """The SQLSTATE of running it, undone afterwards; None where it succeeds."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(sql)
    except psycopg.Error as error:
        return error.sqlstate
    return None


STORAGE = [
    "CREATE TABLE p (a int) WITH (fillfactor = 5)",
    "CREATE TABLE p (a int) WITH (fillfactor = 50, autovacuum_enabled = off, toast.autovacuum_enabled = no)",
    "CREATE TABLE p (a int) WITH (nonsense)",
    "CREATE TABLE p (a int) WITH (oids = false)",
    "CREATE TABLE p (a text) WITH (toast.fillfactor = 50)",
    "CREATE TABLE p (a int) WITH (other.fillfactor = 50)",
    "CREATE TABLE p (a int) WITH (autovacuum_enabled = o)",
    "CREATE TABLE p (a int) WITH (fillfactor = many)",
    "CREATE TABLE p (a int) WITH (autovacuum_vacuum_scale_factor = 0.5, vacuum_index_cleanup = auto)",
    "CREATE TABLE p (a int) WITH (vacuum_index_cleanup = perhaps)",
    "CREATE TABLE p WITH (fillfactor = 500) AS SELECT 1 AS a",
    "CREATE INDEX ON orders (note) WITH (fillfactor = 5)",
    "CREATE INDEX ON orders (note) WITH (deduplicate_items = off)",
    "CREATE INDEX ON orders USING hash (note) WITH (deduplicate_items = off)",
    "CREATE INDEX ON orders USING brin (id) WITH (pages_per_range = 0)",
    "CREATE VIEW v WITH (security_barrier = perhaps) AS SELECT 1 AS a",
    "CREATE VIEW v WITH (security_barrier) AS SELECT 1 AS a",
    "CREATE VIEW v WITH (check_option = none) AS SELECT id FROM orders",
    "ALTER INDEX orders_note SET (fillfactor = 101)",
    "ALTER INDEX orders_note SET (fillfactor = 70)",
    "ALTER INDEX orders_note RESET (fillfactor)",
    "ALTER VIEW order_notes SET (fillfactor = 70)",
    "ALTER VIEW order_notes SET (security_barrier = true)",
    "ALTER TABLE orders SET (parallel_workers = -1)",
    "ALTER TABLE orders RESET (nonsense)",
]
GRAMMAR = [
    "CREATE TABLE p PARTITION OF orders FOR VALUES WITH (MODULUS 2, MODULUS 3, REMAINDER 1)",
    "CREATE TABLE p PARTITION OF orders FOR VALUES WITH (MODULUS 2, REMAINDER 0, REMAINDER 1)",
    "CREATE TABLE p (a float(99))",
    "CREATE TABLE p (a int) PARTITION BY nothing (a)",
    "ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers MATCH PARTIAL",
    "ALTER TABLE orders ADD CHECK (id > 0) DEFERRABLE",
]


@pytest.mark.parametrize("sql", [*STATEMENTS, *STORAGE])
def test_the_verdict_is_the_server_s_own(check: Check, shop: psycopg.Connection[Any], sql: str) -> None:
    report = check(sql)
    assert (report.errors[0].sqlstate if report.errors else None) == ask_the_server(shop, sql)
    assert all(statement.proof == "catalog" for statement in report.statements)


@pytest.mark.parametrize("sql", GRAMMAR)
def test_what_the_grammar_refuses_has_the_server_s_state(shop: psycopg.Connection[Any], sql: str) -> None:
    assert validate(sql, connection=shop).errors[0].sqlstate == ask_the_server(shop, sql)


def test_positions_hints_and_facts_come_from_the_catalog(check: Check) -> None:
    report = check("CREATE TABLE t (\n  id bigint PRIMARY KEY,\n  c bigint REFERENCES custmers (id)\n)")
    (error,) = report.errors
    assert (error.line, error.column, error.hint) == (3, 23, 'Did you mean "customers"?')
    (error,) = check("ALTER TABLE orders\n  ADD COLUMN a int,\n  DROP COLUMN nota").errors
    assert (error.line, error.column, error.hint) == (3, 15, 'Did you mean "note"?')


def test_an_index_that_exists_silences_the_foreign_key_rule(check: Check) -> None:
    add = "ALTER TABLE orders ADD COLUMN other bigint, ADD FOREIGN KEY ({}) REFERENCES customers (id) NOT VALID"
    assert "foreign-key-without-index" in {finding.rule for finding in check(add.format("other")).findings}
    assert "foreign-key-without-index" not in {finding.rule for finding in check(add.format("customer_id")).findings}


def test_a_validated_check_makes_set_not_null_harmless(check: Check) -> None:
    rules = {finding.rule for finding in check("ALTER TABLE orders ALTER COLUMN total SET NOT NULL").findings}
    assert "set-not-null-scans" not in rules
    rules = {finding.rule for finding in check("ALTER TABLE orders ALTER COLUMN note SET NOT NULL").findings}
    assert "set-not-null-scans" in rules


@pytest.mark.parametrize(
    ("change", "rewrites"),
    [
        ("ALTER COLUMN remark TYPE varchar", False),
        ("ALTER COLUMN remark TYPE varchar(10)", True),
        ("ALTER COLUMN total TYPE numeric(12,2)", False),
        ("ALTER COLUMN total TYPE numeric(12,3)", True),
        ("ALTER COLUMN customer_id TYPE int", True),
        ("ADD COLUMN a int DEFAULT 3", False),
        ("ADD COLUMN a bigint DEFAULT counts()", True),
        ("ADD COLUMN a timestamptz DEFAULT now()", False),
        ("ADD COLUMN a bigserial", True),
    ],
)
def test_rewrites_are_foretold(check: Check, shop: psycopg.Connection[Any], change: str, rewrites: bool) -> None:
    (statement,) = check(f"ALTER TABLE orders {change}").statements
    assert [(lock.relation, lock.mode, lock.rewrites) for lock in statement.locks][:1] == [
        ("public.orders", "ACCESS EXCLUSIVE", rewrites)
    ]
    with shop.transaction(force_rollback=True):
        before = shop.execute("SELECT pg_relation_filenode('orders')").fetchone()
        shop.execute(f"ALTER TABLE orders {change}")
        assert (shop.execute("SELECT pg_relation_filenode('orders')").fetchone() != before) is rewrites


def test_both_sides_of_a_foreign_key_are_locked(check: Check) -> None:
    (statement,) = check("ALTER TABLE orders ADD FOREIGN KEY (note) REFERENCES customers (email)").statements
    assert {(lock.relation, lock.mode) for lock in statement.locks} == {
        ("public.orders", "SHARE ROW EXCLUSIVE"),
        ("public.customers", "SHARE ROW EXCLUSIVE"),
    }


def test_nothing_is_run_and_nothing_changes(check: Check, shop: psycopg.Connection[Any]) -> None:
    drawn = shop.execute("SELECT last_value, is_called FROM ran").fetchone()
    for function in ("counts", "pretends"):
        check(
            f"CREATE TABLE t (a bigint DEFAULT {function}(), b bigint CHECK (b > {function}()));"
            f"ALTER TABLE orders ADD COLUMN z bigint DEFAULT {function}();"
            f"ALTER TABLE orders ALTER COLUMN total TYPE bigint USING {function}();"
            "DROP TABLE orders; SET search_path TO sales; SET statement_timeout = 0; SELECT counts();"
        )
    assert shop.execute("SELECT last_value, is_called FROM ran").fetchone() == drawn
    assert shop.execute("SELECT count(*) FROM orders").fetchone() == (500,)
    assert shop.execute("SHOW search_path").fetchone() == ('"$user", public',)
    assert shop.execute("SHOW statement_timeout").fetchone() == ("0",)
    assert shop.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_an_open_transaction_is_left_open_and_untouched(shop: psycopg.Connection[Any]) -> None:
    with shop.transaction(force_rollback=True):
        shop.execute("CREATE TABLE fresh (id int PRIMARY KEY)")
        assert validate("ALTER TABLE fresh ADD COLUMN a int DEFAULT 'x'", connection=shop).errors[0].sqlstate == "22P02"
        assert validate("ALTER TABLE fresh ADD COLUMN a int", connection=shop).valid
        shop.execute("INSERT INTO fresh VALUES (1)")
        assert shop.execute("SHOW transaction_read_only").fetchone() == ("off",)


def test_a_failed_transaction_limits_the_proof(shop: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.Error), shop.transaction():
        shop.execute("SELECT nope")
    shop.execute("BEGIN")
    with pytest.raises(psycopg.Error):
        shop.execute("SELECT nope")
    report = validate("ALTER TABLE nope ADD COLUMN a int", connection=shop)
    assert (report.proof, report.valid) == ("parse", True)
    shop.execute("ROLLBACK")


def test_a_stranger_s_missing_rights_are_findings(shop: psycopg.Connection[Any]) -> None:
    with shop.transaction(force_rollback=True):
        shop.execute("SET LOCAL ROLE stranger")
        found = [
            validate(sql, connection=shop).errors[0].sqlstate
            for sql in (
                "ALTER TABLE orders ADD COLUMN a int",
                "CREATE TABLE sales.t (id int)",
                "DROP TABLE orders",
                "CREATE TEMP TABLE t (c bigint REFERENCES customers (id))",
            )
        ]
        assert found == ["42501"] * 4


def test_another_session_s_lock_makes_nobody_wait(server: Cluster, check: Check) -> None:
    with psycopg.connect(server.url) as other:
        other.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        report = check("ALTER TABLE orders ADD COLUMN a int DEFAULT 1 CHECK (a > 0)")
        other.rollback()
    assert report.valid


def test_a_server_that_goes_away_is_said_so(server: Cluster) -> None:
    connection = psycopg.connect(server.url)
    with psycopg.connect(server.url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
    with pytest.raises(DatabaseAway, match="Nothing was changed"):
        validate("CREATE TABLE t (id int)", connection=connection)
    connection.close()
    with pytest.raises(DatabaseAway):
        validate("CREATE TABLE t (id int)", connection=connection)


@pytest.mark.parametrize("proof", ["catalog", "copies", "execute"])
def test_a_server_that_goes_away_in_the_middle_is_said_so(
    server: Cluster, monkeypatch: pytest.MonkeyPatch, proof: str
) -> None:
    with psycopg.connect(server.url) as connection, psycopg.connect(server.url, autocommit=True) as other:

        def read_and_lose(*arguments: Any) -> Any:
            found = snapshot(*arguments)
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.info.backend_pid])
            return found

        monkeypatch.setattr(ladder, "snapshot", read_and_lose)
        with pytest.raises(DatabaseAway, match="Nothing was changed"):
            validate("CREATE TABLE t (id int DEFAULT 1 + 1)", connection=connection, proof=proof, probe=True)
        assert connection.closed


def test_a_replica_is_asked_and_left_as_it_is(server: Cluster) -> None:
    folder = Path(tempfile.mkdtemp(prefix="handrail-replica-"))
    if server.user:
        shutil.chown(folder, server.user)
    replica = dataclasses.replace(server, data=folder / "data", port=free_port())
    address = ("-h", "127.0.0.1", "-p", str(server.port), "-U", "handrail")
    try:
        replica.run("pg_basebackup", *address, "-D", str(replica.data), "-R", "-c", "fast", "-X", "stream")
        replica.start()
        with psycopg.connect(replica.url, autocommit=True) as standby:
            report = validate("ALTER TABLE orders ADD COLUMN a int DEFAULT 'x'", connection=standby)
            assert (report.proof, report.errors[0].sqlstate) == ("catalog", "22P02")
            for proof in ("copies", "execute"):
                report = validate("CREATE TABLE t (a int)", connection=standby, proof=proof, probe=True)
                assert (report.valid, report.proof) == (True, "catalog")
                assert {finding.rule for finding in report.suggestions} >= {"proof-limited"}
    finally:
        if (replica.data / "postmaster.pid").exists():
            replica.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_syntax_newer_than_the_server_is_refused(check: Check, shop: psycopg.Connection[Any]) -> None:
    report = check("CREATE TABLE t (a int PRIMARY KEY, b int GENERATED ALWAYS AS (a) VIRTUAL)")
    assert report.valid is (shop.info.server_version >= 180_000)


def test_after_a_do_block_missing_tables_are_only_doubted(check: Check) -> None:
    report = check("DO $$ BEGIN EXECUTE 'CREATE TABLE late (id int)'; END $$; ALTER TABLE late ADD COLUMN a int")
    assert report.valid
    assert [finding.rule for finding in report.warnings] == ["undefined-table"]


class Pooler:
    """A connection through a pooler that keeps no prepared statement, as libpq sees it."""

    def __init__(self, pgconn: Any) -> None:
        self._pgconn = pgconn

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pgconn, name)

    def prepare(self, name: bytes, text: bytes) -> Any:
        return self._pgconn.exec_(b"SELECT 1 / 0") if name else self._pgconn.prepare(name, text)


def test_the_catalog_is_asked_by_a_statement_that_stays_planned(check: Check, shop: psycopg.Connection[Any]) -> None:
    counted = "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'handrail%'"
    assert not check("CREATE TABLE bad (c bigint REFERENCES custmers (id))").valid
    kept = shop.execute(counted).fetchone()
    assert kept[0] > 0
    assert check("CREATE TABLE fine (c bigint REFERENCES customers (id))").valid
    assert shop.execute(counted).fetchone() == kept
    shop.execute("DEALLOCATE ALL")
    assert not check("CREATE TABLE bad (c bigint REFERENCES custmers (id))").valid


@pytest.mark.parametrize("inside", [False, True])
def test_a_pooler_that_keeps_no_statement_gets_the_same_verdict(
    shop: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch, inside: bool
) -> None:
    start = Session.__init__
    monkeypatch.setattr(Session, "__init__", lambda self, pgconn, encoding: start(self, Pooler(pgconn), encoding))
    with shop.transaction() if inside else nullcontext():
        report = validate("CREATE TABLE bad (c bigint REFERENCES custmers (id))", connection=shop)
    assert [error.sqlstate for error in report.errors] == ["42P01"]
    assert shop.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)
