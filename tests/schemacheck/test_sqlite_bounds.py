"""Nothing a script says is evaluated, and a check ends at its time and memory wherever it is."""

import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemacheck.checker.findings import Report
from schemacheck.checker.sqlite import child, processes
from schemacheck.checker.validator import validate

FAILS = "json('{')"  # compiles, and fails as soon as it is evaluated
VIEWS = "CREATE TABLE v0 (x integer PRIMARY KEY);" + "".join(
    f"CREATE VIEW v{i + 1} AS SELECT 1 AS x FROM v{i} AS a, v{i} AS b;" for i in range(40)
)
MANY = ", ".join(f"c{i + 1} AS (SELECT 1 AS x FROM c{i} AS a, c{i} AS b)" for i in range(40))
DOUBLED = f"WITH c0 AS (SELECT 1 AS x), {MANY} SELECT * FROM c40"  # 2^40 terms, compiled by one instruction


def messages(report: Report) -> list[str]:
    return [finding.message for finding in report.errors]


def test_the_function_of_these_tests_fails_where_it_is_evaluated() -> None:
    with pytest.raises(sqlite3.OperationalError, match="malformed JSON"):
        sqlite3.connect(":memory:").execute(f"CREATE TABLE t AS SELECT {FAILS} AS x")


@pytest.mark.parametrize(
    "sql",
    [
        f"CREATE TABLE t AS SELECT {FAILS} AS x",
        f"CREATE TEMP TABLE t AS SELECT {FAILS} AS x",
        f"CREATE TABLE main.t AS WITH RECURSIVE n AS (SELECT 1 UNION SELECT {FAILS} FROM n) SELECT 1 FROM n",
        f"CREATE TABLE t AS VALUES ({FAILS})",
        f"CREATE TABLE t (id integer PRIMARY KEY, a DEFAULT ({FAILS}), b CHECK ({FAILS}), c AS ({FAILS}))",
        f"ALTER TABLE shop ADD COLUMN a CHECK ({FAILS} = 1)",
        f"ALTER TABLE shop ADD COLUMN a AS ({FAILS})",
        f"CREATE INDEX i ON shop ({FAILS})",
        f"CREATE INDEX i ON shop (id) WHERE {FAILS}",
        f"CREATE VIEW v AS SELECT {FAILS} AS x; SELECT * FROM v; CREATE TABLE t AS SELECT * FROM v; DROP VIEW v",
        f"CREATE TRIGGER t AFTER INSERT ON shop BEGIN SELECT {FAILS}; END; INSERT INTO shop VALUES (1)",
        f"INSERT INTO shop SELECT {FAILS}",
        f"INSERT INTO shop VALUES (1); UPDATE shop SET id = {FAILS}; DELETE FROM shop WHERE {FAILS}",
        f"SELECT {FAILS}",
        f"SELECT 1 ORDER BY {FAILS} LIMIT {FAILS}",
        f"EXPLAIN SELECT {FAILS}",
        f"VACUUM INTO {FAILS}; ATTACH {FAILS} AS a; SELECT load_extension({FAILS})",
    ],
)
def test_nothing_is_evaluated(sql: str) -> None:
    with sqlite3.connect(":memory:") as shop:
        shop.execute("CREATE TABLE shop (id integer PRIMARY KEY)")
        shop.execute("INSERT INTO shop VALUES (1)")
        report = validate(sql, connection=shop)
    assert messages(report) == []


def test_rows_that_a_virtual_table_keeps_are_not_evaluated_either() -> None:
    made = "CREATE VIRTUAL TABLE f USING fts5 (body);"
    hostile = [f"CREATE INDEX i ON f_config ({FAILS})", f"ALTER TABLE f_config ADD COLUMN a CHECK ({FAILS})"]
    for sql in hostile:
        assert messages(validate(made + sql, dialect="sqlite")) == ["not authorized"]
    with sqlite3.connect(":memory:") as shop:
        shop.executescript(made)
        assert messages(validate(hostile[0], connection=shop)) == ["not authorized"]
        assert validate("ALTER TABLE f RENAME TO g", connection=shop).valid


def test_a_table_made_by_a_query_has_the_columns_sqlite_gives_it() -> None:
    base = "CREATE TABLE s (a int, b varchar(20), c, d double);"
    query = 'CREATE TABLE "t" AS SELECT a, b, c, d, a AS "q ""x", count(*) FROM s;'
    after = 'INSERT INTO t (a, b, c, d, "q ""x", "count(*)") VALUES (1, 2, 3, 4, 5, 6); ALTER TABLE t DROP COLUMN c;'
    report = validate(base + query + after, dialect="sqlite")
    assert (messages(report), report.statements[1].table_name) == ([], "t")
    wrong = validate(base + query + "INSERT INTO t (nope) VALUES (1)", connection=sqlite3.connect(":memory:"))
    assert messages(wrong) == ["table t has no column named nope"]
    assert messages(validate(base + "CREATE TABLE t AS SELECT nope FROM s", dialect="sqlite")) == [
        "no such column: nope"
    ]


@pytest.mark.parametrize(
    "sql", [DOUBLED, f"CREATE TABLE t AS {DOUBLED}", f"CREATE VIEW v AS {DOUBLED}; SELECT * FROM v"]
)
def test_what_takes_for_ever_to_compile_stops_and_says_where(sql: str) -> None:
    report = validate(
        f"CREATE TABLE a (id integer PRIMARY KEY);\n{sql};\nCREATE TABLE b (", dialect="sqlite", seconds=1
    )
    (stop,) = [finding for finding in report.errors if finding.rule == "check-stopped"]
    assert not report.valid
    assert stop.line == 2
    assert "neither it nor what follows was checked" in stop.message
    assert stop.facts["statement"] == len(report.statements) + 1
    assert [statement.kind for statement in report.statements][:1] == ["create_table"]


def test_views_upon_views_are_an_answer() -> None:
    assert not validate(VIEWS + "SELECT * FROM v40; ALTER TABLE v0 RENAME TO w", dialect="sqlite", seconds=2).valid


def test_a_script_with_more_statements_than_there_is_time_says_where_it_stopped() -> None:
    script = "".join(f"CREATE TABLE t{i} (id integer PRIMARY KEY, o integer REFERENCES t0);\n" for i in range(30_000))
    report = validate(script, dialect="sqlite", seconds=0.05)
    (stop,) = report.errors
    assert stop.rule == "check-stopped"
    assert (stop.line, len(report.statements)) == (stop.facts["statement"], stop.facts["statement"] - 1)
    whole = validate(script[: script.index("t2000 ")].rpartition("\n")[0], dialect="sqlite")
    assert (whole.valid, len(whole.statements)) == (True, 2_000)


def test_the_process_has_little_memory_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "hunter2")
    assert validate("SELECT 1", dialect="sqlite").valid
    (process, *_) = processes._idle
    proc = Path("/proc") / str(process._popen.pid)
    (limit,) = [line for line in (proc / "limits").read_text().splitlines() if line.startswith("Max address space")]
    assert int(limit.split()[3]) == child.MEMORY_BYTES
    assert b"hunter2" not in (proc / "environ").read_bytes()


def test_a_process_that_was_killed_is_replaced() -> None:
    assert validate("SELECT 1", dialect="sqlite").valid
    for process in list(processes._idle):
        os.kill(process._popen.pid, 9)
        process._popen.wait()
    assert validate("SELECT 1", dialect="sqlite").valid


def test_checks_at_once_get_their_own_answers() -> None:
    answers: dict[int, Any] = {}

    def check(number: int) -> None:
        answers[number] = validate(f"CREATE TABLE t{number} (id integer PRIMARY KEY)", dialect="sqlite").table_name

    threads = [threading.Thread(target=check, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: f"t{number}" for number in range(12)}


def test_a_check_that_finds_no_place_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_slots", threading.BoundedSemaphore(1))
    monkeypatch.setattr(processes, "_PATIENCE_SECONDS", 0.01)
    with processes._slots, pytest.raises(processes.Busy) as busy:
        validate("SELECT 1", dialect="sqlite")
    assert busy.value.wait_seconds > 0


def test_a_fork_leaves_the_processes_to_its_parent() -> None:
    assert validate("SELECT 1", dialect="sqlite").valid
    pid = os.fork()
    if pid == 0:
        os._exit(len(processes._idle))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert validate("SELECT 1", dialect="sqlite").valid


@settings(max_examples=60, deadline=None)
@given(
    opening=st.sampled_from(
        ["(", "NOT ", "- ", "1+", "CASE WHEN 1 THEN ", "a.", "EXISTS (SELECT ", "x'", "/*", "[", "1 IN ("]
    ),
    closing=st.sampled_from(["", ")", " END", "]", "*/"]),
    count=st.integers(1, 4_000),
    kind=st.sampled_from(
        ["SELECT {}", "CREATE TABLE t (a DEFAULT ({}))", "CREATE VIEW v AS SELECT {}; SELECT * FROM v"]
    ),
)
def test_no_heap_of_operators_goes_without_an_answer(opening: str, closing: str, count: int, kind: str) -> None:
    report = validate(kind.format(opening * count + "1" + closing * count), dialect="sqlite", seconds=5)
    assert report.statements or not report.valid
