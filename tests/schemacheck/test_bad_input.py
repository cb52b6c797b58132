"""What should never happen does: each time a finding, never an exception, never a hang."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemacheck.checker.validator import validate
from tests.patience import costs_little

WORDS = [
    *("CREATE", "TABLE", "ALTER", "ADD", "COLUMN", "PRIMARY", "KEY", "REFERENCES", "CHECK", "DEFAULT"),
    *("t", "a", "b", "int", "text", "1", "(", ")", ",", ";", "'", '"', "$$", "--", "/*"),
]


@pytest.mark.parametrize("dialect", ["postgresql", "sqlite"])
@pytest.mark.parametrize(
    "sql",
    [
        "(" * 10_000,
        "CREATE TABLE t (a int CHECK (" + "(" * 10_000 + "1" + ")" * 10_000 + " = 1))",
        "SELECT 1" + " + 1" * 100_000,
        "SELECT 1" + "::int" * 100_000,
        "CREATE TABLE t (a text DEFAULT 'x",
        "CREATE FUNCTION f() RETURNS int AS $body$ SELECT 1",
        'CREATE TABLE "t (a int)',
        "CREATE TABLE t (a\0 int)",
        "CREATE TABLE \ud800 (a int)",
    ],
    ids=range(9),
)
def test_it_is_refused_with_a_finding(sql: str, dialect: str) -> None:
    report = validate(sql, dialect=dialect)
    assert not report.valid
    assert all(finding.line for finding in report.errors)


@pytest.mark.parametrize("dialect", ["postgresql", "sqlite"])
@given(words=st.lists(st.sampled_from(WORDS), max_size=25))
def test_any_heap_of_words_gets_a_report(dialect: str, words: list[str]) -> None:
    sql = " ".join(words)
    report = validate(sql, dialect=dialect)
    lines = sql.count("\n") + 1
    assert all(1 <= finding.line <= lines for finding in report.findings if finding.line)


def test_a_comment_that_never_ends_is_an_error_for_postgresql_alone() -> None:
    assert not validate("/* CREATE TABLE t (a int)", dialect="postgresql").valid
    assert validate("/* CREATE TABLE t (a int)", dialect="sqlite").valid


def test_deep_but_honest_expressions_are_parsed() -> None:
    assert validate("SELECT 1" + " + 1" * 1_000, dialect="postgresql").valid
    assert validate("CREATE TABLE t (a int PRIMARY KEY CHECK (a = 1" + " + 1" * 200 + "))", dialect="postgresql").valid


def test_megabytes_are_read_in_seconds() -> None:
    rows = ", ".join(["(1, 'some text; with a semicolon')"] * 15_000)
    script = "CREATE TABLE t (id int PRIMARY KEY, a text);\n" * 1 + f"INSERT INTO t VALUES {rows};\n" * 3
    script += "INSERT INTO t VALUES (1, 'x');\n" * 5_000
    with costs_little():
        report = validate(script, dialect="postgresql")
    assert len(script) > 1_500_000
    assert report.as_dict()["counts"]["statements"] == 5_004
    assert report.as_dict()["truncated"]


def test_ten_megabytes_of_statements_are_checked_one_by_one() -> None:
    rows = ",".join(["(1,'a;b')"] * 90_000)
    script = f"INSERT INTO t VALUES {rows};\n" * 11 + "CREATE TABLE t (a int, a int);\nDROP TABLE nope;"
    assert len(script) > 10_000_000 * 0.98
    with costs_little():
        report = validate(script, dialect="postgresql")
    assert [(finding.rule, finding.line) for finding in report.errors] == [("duplicate-column", 12)]


def test_ten_megabytes_that_never_end_are_one_finding() -> None:
    for opening in ("SELECT '", "SELECT $tag$", 'SELECT "', "/*"):
        with costs_little():
            report = validate(opening + "x ;(" * 2_500_000, dialect="postgresql")
        assert len(report.findings) >= 1
        assert len(report.statements) <= 1


def test_a_file_that_is_not_utf_8_is_named_with_its_line(run_command: Any, tmp_path: Path) -> None:
    (tmp_path / "latin.sql").write_bytes("CREATE TABLE t (\n  größe int\n);".encode("latin-1"))
    code, _, err = run_command("schemacheck", str(tmp_path / "latin.sql"))
    assert (code, "line 2" in err) == (2, True)
