"""Verdicts on empty temporary copies, by execution, and by probes of rows; and that none of it changes anything."""

import random
import subprocess
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from schemacheck.checker.findings import Report
from schemacheck.checker.proof import copies as bench_module
from schemacheck.checker.validator import validate
from tests.schemacheck.test_postgres import STATEMENTS, ask_the_server
from tests.services.postgres import Cluster

pytestmark = pytest.mark.services
Check = Callable[..., Report]

FAMILY = """
CREATE TABLE IF NOT EXISTS events (at date NOT NULL, kind text, n int) PARTITION BY RANGE (at);
CREATE TABLE IF NOT EXISTS events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE IF NOT EXISTS events_rest PARTITION OF events DEFAULT;
CREATE TABLE IF NOT EXISTS events_loose (at date NOT NULL, kind text, n int);
CREATE TABLE IF NOT EXISTS cities (name text, people int, CONSTRAINT peopled CHECK (people >= 0));
CREATE TABLE IF NOT EXISTS capitals (state char(2)) INHERITS (cities);
CREATE TABLE IF NOT EXISTS stock (id int PRIMARY KEY, amount int, holder text);
"""
ROWS = """
INSERT INTO events VALUES ('2025-02-03', 'a', 1), ('2024-02-03', 'b', NULL);
INSERT INTO events_loose VALUES ('2027-01-01', 'c', 1);
INSERT INTO stock VALUES (1, 5, 'x'), (2, 5, NULL), (3, -1, 'lost');
"""


@pytest.fixture(scope="module")
def family(server: Cluster) -> str:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(FAMILY)
        if connection.execute("SELECT count(*) FROM stock").fetchone() == (0,):
            connection.execute(ROWS)
    return server.url


PARTS = [
    "CREATE TABLE p PARTITION OF events FOR VALUES FROM ('2025-06-01') TO ('2026-06-01')",
    "CREATE TABLE p PARTITION OF events FOR VALUES FROM ('2026-06-01') TO ('2026-01-01')",
    "CREATE TABLE p PARTITION OF events FOR VALUES IN ('2026-06-01')",
    "CREATE TABLE p PARTITION OF events FOR VALUES FROM ('later') TO ('2026-06-01')",
    "CREATE TABLE p PARTITION OF events DEFAULT",
    "CREATE TABLE p PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')",
    "CREATE TABLE p (a int) PARTITION BY LIST (a, a)",
    "CREATE TABLE p (a int) PARTITION BY RANGE (a) INHERITS (cities)",
    "CREATE TABLE p (a int, UNIQUE (a)) PARTITION BY RANGE ((a + 1))",
    "CREATE TABLE p (a point) PARTITION BY RANGE (a)",
    "CREATE TABLE p (people text) INHERITS (cities)",
    "CREATE TABLE p (a int) WITH (fillfactor = 5)",
    "CREATE TABLE p (a int) WITH (nonsense = 5)",
    "CREATE TABLE p (a int GENERATED ALWAYS AS (random()) STORED)",
    "CREATE TABLE p (a int, b int GENERATED ALWAYS AS (b + 1) STORED)",
    "CREATE TABLE p (a text COLLATE nowhere)",
    'CREATE TABLE p (a int COLLATE "C")',
    "CREATE TABLE p (a int GENERATED ALWAYS AS IDENTITY (INCREMENT 0))",
    "CREATE TABLE p OF mood",
    "CREATE TEMP TABLE public.p (a int)",
    "CREATE UNLOGGED TABLE pg_temp.p (a int)",
    "CREATE TABLE p AS SELECT id, nota FROM orders",
    "CREATE TABLE p AS SELECT id, note FROM orders",
    "CREATE TABLE p (a, b) AS SELECT id FROM orders",
    "ALTER TABLE events ADD PRIMARY KEY (kind)",
    "ALTER TABLE events ATTACH PARTITION events_loose FOR VALUES FROM ('2025-03-01') TO ('2025-04-01')",
    "ALTER TABLE events ATTACH PARTITION stock FOR VALUES FROM ('2029-03-01') TO ('2029-04-01')",
    "ALTER TABLE orders ATTACH PARTITION stock FOR VALUES FROM (1) TO (2)",
    "ALTER TABLE events DETACH PARTITION stock",
    "ALTER TABLE events_2025 ADD COLUMN x int",
    "ALTER TABLE events_2025 DROP COLUMN n",
    "ALTER TABLE events ALTER COLUMN at TYPE text",
    "ALTER TABLE events DROP COLUMN at",
    "ALTER TABLE ONLY cities ADD COLUMN x int",
    "ALTER TABLE cities ADD COLUMN state int",
    "ALTER TABLE cities RENAME people TO state",
    "ALTER TABLE ONLY cities RENAME people TO souls",
    "ALTER TABLE capitals DROP CONSTRAINT peopled",
    "ALTER TABLE capitals NO INHERIT cities",
    "ALTER TABLE capitals INHERIT cities",
    "ALTER TABLE stock INHERIT cities",
    "ALTER TABLE cities INHERIT capitals",
    "ALTER TABLE order_notes ALTER COLUMN note SET NOT NULL",
    "ALTER TABLE ran ADD COLUMN x int",
    "ALTER TABLE orders SET (fillfactor = 5)",
    "ALTER TABLE orders REPLICA IDENTITY USING INDEX orders_note",
    "ALTER TABLE orders CLUSTER ON nowhere",
    "ALTER TABLE orders ENABLE TRIGGER nowhere",
    "ALTER TABLE customers DROP CONSTRAINT customers_pkey",
    "ALTER TABLE customers ALTER COLUMN id TYPE text",
    "ALTER TABLE customers ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY",
    "ALTER TABLE sales.regions ALTER COLUMN code SET STATISTICS 20000",
    "ALTER TABLE sales.regions ADD UNIQUE (code), ADD COLUMN z int DEFAULT 'x'",
    "ALTER TABLE orders ADD CONSTRAINT c CHECK (total > 0) NO INHERIT, ADD CONSTRAINT c CHECK (total > 1)",
    "ALTER TABLE orders ADD EXCLUDE USING gist (note WITH =)",
    "CREATE INDEX ON orders USING gin (total)",
    "CREATE INDEX ON orders (lower(total))",
    "CREATE INDEX ON orders (random())",
    "CREATE TABLE a (id int PRIMARY KEY); ALTER TABLE a ADD COLUMN b int REFERENCES a (id); ALTER TABLE a SET (x = 1)",
]
DATA = [
    "ALTER TABLE stock ALTER COLUMN holder SET NOT NULL",
    "ALTER TABLE stock ALTER COLUMN amount SET NOT NULL",
    "ALTER TABLE stock ADD CHECK (amount > 0)",
    "ALTER TABLE stock ADD CHECK (amount > 0) NOT VALID",
    "ALTER TABLE stock ADD CHECK (amount > -2)",
    "ALTER TABLE stock ADD UNIQUE (amount)",
    "ALTER TABLE stock ADD UNIQUE (holder)",
    "ALTER TABLE stock ADD UNIQUE (amount, holder)",
    "CREATE UNIQUE INDEX ON stock (amount) WHERE amount > 4",
    "CREATE UNIQUE INDEX ON stock ((amount * 2))",
    "ALTER TABLE stock ADD FOREIGN KEY (amount) REFERENCES stock (id)",
    "ALTER TABLE stock ADD COLUMN x int NOT NULL",
    "ALTER TABLE stock ADD COLUMN x int NOT NULL DEFAULT 1",
    "ALTER TABLE stock ADD COLUMN x int PRIMARY KEY",
    "ALTER TABLE stock ADD COLUMN x int UNIQUE",
    "ALTER TABLE stock ADD COLUMN x int DEFAULT 1 UNIQUE",
    "ALTER TABLE stock ADD COLUMN x int DEFAULT 3 CHECK (x > 5)",
    "ALTER TABLE stock ALTER COLUMN holder TYPE int USING holder::int",
    "ALTER TABLE stock ALTER COLUMN amount TYPE int USING 1",
    "ALTER TABLE stock ALTER COLUMN holder TYPE varchar(3)",
    "ALTER TABLE stock ALTER COLUMN holder TYPE varchar(4)",
    "ALTER TABLE stock ALTER COLUMN holder TYPE char(2)",
    "ALTER TABLE stock ALTER COLUMN holder TYPE varchar(3) USING substr(holder, 1, 2)",
    "ALTER TABLE stock ALTER COLUMN amount TYPE varchar(1)",
    "ALTER TABLE events ATTACH PARTITION events_loose FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
    "ALTER TABLE events ATTACH PARTITION events_loose FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')",
    "CREATE TABLE p PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
    "ALTER TABLE events ALTER COLUMN n SET NOT NULL",
]


@pytest.mark.parametrize("sql", [*STATEMENTS, *PARTS])
def test_copies_say_what_the_server_says(check: Check, shop: psycopg.Connection[Any], family: str, sql: str) -> None:
    report = check(sql, proof="copies")
    assert (report.errors[0].sqlstate if report.errors else None) == ask_the_server(shop, sql)


@pytest.mark.parametrize("sql", DATA)
def test_probes_see_rows_that_violate(check: Check, shop: psycopg.Connection[Any], family: str, sql: str) -> None:
    report = check(sql, probe=True)
    assert (report.errors[0].sqlstate if report.errors else None) == ask_the_server(shop, sql)


def test_rows_are_read_only_on_request(check: Check, family: str) -> None:
    assert check("ALTER TABLE stock ADD CHECK (amount > 0)", proof="copies").valid
    assert check("ALTER TABLE stock ADD CHECK (amount > 0)").proof == "catalog"


@pytest.mark.parametrize("proof", ["copies", "execute"])
def test_no_function_of_the_database_runs(check: Check, shop: psycopg.Connection[Any], family: str, proof: str) -> None:
    drawn = shop.execute("SELECT last_value, is_called FROM ran").fetchone()
    for function in ("counts", "pretends"):
        for sql in (
            f"CREATE TABLE t (a bigint DEFAULT {function}(), b bigint CHECK (b > {function}()))",
            f"ALTER TABLE orders ADD COLUMN z bigint DEFAULT {function}()",
            f"ALTER TABLE orders ADD CHECK (total > {function}())",
            f"ALTER TABLE orders ALTER COLUMN total TYPE bigint USING {function}()",
            f"CREATE TABLE t PARTITION OF events FOR VALUES FROM ('2030-01-01') TO ({function}()::text)",
            "CREATE TABLE t PARTITION OF events FOR VALUES FROM (nextval('ran')::text) TO ('x')",
            f"CREATE TABLE t AS SELECT {function}()",
            f"CREATE INDEX ON orders ({function}())",
        ):
            check(sql, proof=proof, probe=True)
    assert shop.execute("SELECT last_value, is_called FROM ran").fetchone() == drawn


def test_event_triggers_keep_everything_at_the_catalog(check: Check, shop: psycopg.Connection[Any]) -> None:
    shop.execute(
        "CREATE FUNCTION seen() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('ran'); END $$;"
        "CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION seen()"
    )
    try:
        drawn = shop.execute("SELECT last_value, is_called FROM ran").fetchone()
        for proof in ("copies", "execute"):
            report = check("ALTER TABLE orders ADD COLUMN x int", proof=proof)
            assert (report.valid, report.proof) == (True, "catalog")
            assert any("event triggers would run" in finding.message for finding in report.suggestions)
        assert shop.execute("SELECT last_value, is_called FROM ran").fetchone() == drawn
    finally:
        shop.execute("DROP EVENT TRIGGER watch; DROP FUNCTION seen()")


def test_a_reader_s_rights_suffice_for_copies(shop: psycopg.Connection[Any]) -> None:
    with shop.transaction(force_rollback=True):
        shop.execute("CREATE TABLE readable (a int); GRANT SELECT ON readable TO stranger; CREATE SCHEMA theirs")
        shop.execute("GRANT CREATE, USAGE ON SCHEMA theirs TO stranger; SET LOCAL ROLE stranger")
        report = validate(
            "CREATE TABLE theirs.t (LIKE readable, b int) WITH (fillfactor = 5)", connection=shop, proof="copies"
        )
        assert [error.sqlstate for error in report.errors] == ["22023"]


def test_live_tables_are_locked_no_more_than_by_a_select(shop: psycopg.Connection[Any], family: str) -> None:
    with shop.transaction(force_rollback=True):
        seen: list[tuple[Any, ...]] = []
        real = bench_module.Bench.judge

        def judge(self: bench_module.Bench, *arguments: Any) -> bench_module.Outcome:
            outcome = real(self, *arguments)
            # Past psycopg, whose connection is locked while a script is judged.
            result = shop.pgconn.exec_(
                b"SELECT DISTINCT l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation"
                b" WHERE l.pid = pg_backend_pid() AND c.relname IN ('orders', 'customers', 'stock')"
                b" AND c.relpersistence = 'p'"
            )
            seen.extend((result.get_value(row, 0),) for row in range(result.ntuples))
            return outcome

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bench_module.Bench, "judge", judge)
            sql = "ALTER TABLE orders ADD FOREIGN KEY (note) REFERENCES customers (email);"
            sql += "ALTER TABLE stock DROP COLUMN id"
            assert validate(sql, connection=shop, proof="copies").proof == "copies"
        assert set(seen) == {(b"AccessShareLock",)}


@pytest.mark.parametrize("proof", ["copies", "execute"])
def test_a_held_lock_limits_the_proof_and_hangs_nobody(server: Cluster, check: Check, proof: str) -> None:
    with psycopg.connect(server.url) as other:
        other.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        report = check("ALTER TABLE orders ADD COLUMN a int", proof=proof)
        other.rollback()
    assert (report.valid, report.proof) == (True, "catalog")
    assert "proof-limited" in {finding.rule for finding in report.suggestions}


def test_execution_is_refused_where_it_would_scan_or_rewrite(check: Check, family: str) -> None:
    for sql, reached in (
        ("ALTER TABLE orders ADD COLUMN a int", "execute"),
        ("ALTER TABLE orders ADD COLUMN a int DEFAULT 3 NOT NULL", "execute"),
        ("CREATE TABLE fresh (id int PRIMARY KEY); ALTER TABLE fresh ALTER COLUMN id TYPE bigint", "execute"),
        ("ALTER TABLE orders SET (fillfactor = 50)", "execute"),
        ("ALTER TABLE orders ALTER COLUMN customer_id TYPE int", "copies"),
        ("ALTER TABLE orders ADD CHECK (total > 0)", "copies"),
        ("CREATE INDEX ON orders (total)", "copies"),
    ):
        report = check(sql, proof="execute")
        assert {str(statement.proof) for statement in report.statements} == {reached}, sql
    assert check("ALTER TABLE orders SET (fillfactor = 5)", proof="execute").errors[0].sqlstate == "22023"


def test_temporary_tables_of_the_session_are_copied_too(shop: psycopg.Connection[Any]) -> None:
    with shop.transaction(force_rollback=True):
        shop.execute("CREATE TEMP TABLE mine (a int CONSTRAINT one UNIQUE, b text); INSERT INTO mine VALUES (1, 'x')")
        assert validate("ALTER TABLE mine DROP CONSTRAINT one", connection=shop, proof="copies").proof == "copies"
        report = validate("ALTER TABLE mine ALTER b TYPE int USING b::int", connection=shop, probe=True)
        assert report.errors[0].sqlstate == "22P02"
        assert shop.execute("SELECT * FROM mine").fetchall() == [(1, "x")]


def test_positions_point_into_the_statement_as_written(check: Check) -> None:
    (error,) = check("CREATE TABLE public.t (\n  é int,\n  b int\n) PARTITION BY RANGE (nope)", proof="copies").errors
    assert (error.line, error.column) == (4, 23)
    (error,) = check("CREATE TABLE public.t (\n  a text COLLATE nowhere\n)", proof="copies").errors
    assert (error.line, error.sqlstate) == (2, "42704")


def test_thousands_of_checks_change_nothing(server: Cluster, shop: psycopg.Connection[Any], family: str) -> None:
    def everything() -> tuple[str, list[Any]]:
        command = [str(server.bin / "pg_dump"), "-h", "127.0.0.1", "-p", str(server.port), "-U", "handrail", "handrail"]
        dump = subprocess.run(command, capture_output=True, check=True, text=True).stdout
        lines = [line for line in dump.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]
        leftovers = shop.execute("SELECT relname FROM pg_class WHERE relname LIKE 'handrail%' OR relpersistence = 't'")
        return "\n".join(lines), leftovers.fetchall()

    before, chosen = everything(), random.Random(4)
    pool = [*STATEMENTS, *PARTS, *DATA]
    for _ in range(125):  # 5,000 statements
        script = ";".join(chosen.sample(pool, 40))
        validate(
            script, connection=shop, proof=chosen.choice(["catalog", "copies", "execute"]), probe=chosen.random() < 0.5
        )
    assert everything() == before
    assert shop.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


@pytest.mark.parametrize("proof", ["copies", "execute"])
@pytest.mark.parametrize(
    ("sql", "call"),
    [
        ("ALTER TABLE orders ADD COLUMN big text DEFAULT repeat('x', 1000000000)", "repeat"),
        ("CREATE TABLE q (id bigint PRIMARY KEY, big text CHECK (big <> lpad('x', 1000000000)))", "lpad"),
        ("CREATE INDEX i ON customers (rpad('x', 1000000000))", "rpad"),
        ("ALTER TABLE customers ADD COLUMN slow float DEFAULT pg_sleep(100)::text::float", "pg_sleep"),
        (
            "CREATE TABLE p PARTITION OF events FOR VALUES FROM (upper(repeat('2', 1000000000))::date) TO (maxvalue)",
            "repeat",
        ),
    ],
)
def test_what_could_make_much_of_little_is_never_evaluated(check: Check, sql: str, call: str, proof: str) -> None:
    last = check(sql, proof=proof).statements[-1]
    assert last.proof == "catalog"
    assert any(f"it calls {call}(), and nobody knows" in finding.message for finding in last.suggestions)


def test_calls_that_make_as_much_as_they_are_given_are_judged_on_copies(check: Check) -> None:
    sql = "ALTER TABLE customers ADD COLUMN a text DEFAULT upper(now()::text), ADD u uuid DEFAULT gen_random_uuid()"
    assert [statement.proof for statement in check(sql, proof="copies").statements] == ["copies"]


@pytest.mark.parametrize("proof", ["catalog", "copies", "execute"])
def test_a_script_cannot_leave_its_limits(check: Check, shop: psycopg.Connection[Any], proof: str) -> None:
    """Nothing of it reaches the session: no timeout is changed, nothing is committed, slept, written or sent."""
    sql = (
        "SET statement_timeout = 0; RESET ALL; DISCARD ALL; COMMIT; BEGIN; SET SESSION AUTHORIZATION stranger;"
        "DO $$ BEGIN PERFORM pg_sleep(100); END $$; SELECT pg_sleep(100), lo_import('/etc/passwd');"
        "CREATE TABLE t AS SELECT pg_sleep(100) FROM generate_series(1, 1000000);"
        "COPY orders TO PROGRAM 'sleep 100'; CREATE MATERIALIZED VIEW m AS SELECT pg_sleep(100);"
        "DELETE FROM orders; COMMIT; DROP TABLE orders; COMMIT"
    )
    before = shop.execute("SHOW statement_timeout").fetchone()
    report = check(sql, proof=proof, seconds=60)
    assert len(report.statements) == 15
    assert "check-stopped" not in {finding.rule for finding in report.findings}
    assert shop.execute("SHOW statement_timeout").fetchone() == before
    assert shop.execute("SELECT count(*) FROM orders").fetchone() == (500,)
    assert shop.execute("SELECT count(*) FROM pg_class WHERE relname IN ('t', 'm')").fetchone() == (0,)
