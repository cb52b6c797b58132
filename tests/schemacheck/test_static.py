"""PostgreSQL's dialect without a PostgreSQL: grammar, built-in types, and what contradicts itself."""

import pytest

from schemacheck.checker.findings import Finding, Report
from schemacheck.checker.validator import validate


def check(sql: str) -> Report:
    return validate(sql, dialect="postgresql")


def only_error(sql: str) -> Finding:
    report = check(sql)
    assert [finding.message for finding in report.errors][1:] == []
    assert not report.valid
    return report.errors[0]


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("CREATE TABLE users (id bigint PRIMARY KEY)", "users"),
        ("CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY)", "users"),
        ('CREATE TABLE "User Data" (id bigint PRIMARY KEY)', "User Data"),
        ("create temp table public.USERS (id bigint primary key)", "public.users"),
        ("ALTER TABLE ONLY sales.users ADD COLUMN a int", "sales.users"),
    ],
)
def test_the_table_is_named(sql: str, name: str) -> None:
    assert check(sql).table_name == name


def test_types_of_every_kind_are_known() -> None:
    types = [
        "serial", "BIGSERIAL", "int", "int8", "varchar(20)", "char(3)", "text[]", "int[][]", "numeric(10,2)", "decimal",
        "double precision", "timestamp(3) with time zone", "timestamptz", "time", "interval day to second", "jsonb",
        "uuid", "bytea", "inet", "tsvector", "int4range", "bit varying(5)", '"char"', "pg_catalog.int4", "xml", "money",
    ]  # fmt: skip
    columns = ", ".join(f"c{number} {name}" for number, name in enumerate(types))
    assert check(f"CREATE TABLE t (id bigint PRIMARY KEY, {columns})").errors == ()


def test_an_unknown_type_is_an_error_with_a_suggestion() -> None:
    error = only_error("CREATE TABLE t (\n  id bigint PRIMARY KEY,\n  name varchr(20)\n)")
    assert (error.sqlstate, error.line, error.column) == ("42704", 3, 8)
    assert 'Did you mean "varchar"?' in error.hint


def test_a_type_made_earlier_in_the_script_is_known() -> None:
    assert check("CREATE TYPE mood AS ENUM ('a'); CREATE TABLE t (id int PRIMARY KEY, m mood, n mood[])").valid


def test_types_of_extensions_and_other_schemas_are_only_doubted() -> None:
    report = check("CREATE TABLE t (id bigint PRIMARY KEY, e citext, m app.mood)")
    assert report.valid
    assert [finding.rule for finding in report.warnings] == ["undefined-type", "undefined-type"]


def test_a_missing_primary_key_is_a_warning_and_a_suggestion() -> None:
    report = check("CREATE TABLE t (name text)")
    assert report.valid
    assert [finding.rule for finding in report.warnings] == ["table-without-primary-key"]
    suggestion = next(finding for finding in report.suggestions if finding.rule == "table-without-primary-key")
    assert suggestion.fix == "ALTER TABLE t ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;"


def test_a_primary_key_added_later_in_the_script_counts() -> None:
    assert not check("CREATE TABLE t (id bigint NOT NULL); ALTER TABLE ONLY t ADD PRIMARY KEY (id);").warnings


@pytest.mark.parametrize(
    ("sql", "sqlstate"),
    [
        ("CREATE TABLE t (a int PRIMARY KEY, a text)", "42701"),
        ("CREATE TABLE t (a int PRIMARY KEY, b int PRIMARY KEY)", "42P16"),
        ("CREATE TABLE t (a int, PRIMARY KEY (b))", "42703"),
        ("CREATE TABLE t (a int, PRIMARY KEY (a, a))", "42701"),
        ("CREATE TABLE t (xmin int PRIMARY KEY)", "42701"),
        ("CREATE TABLE t (a int PRIMARY KEY NULL NOT NULL)", "42601"),
        ("CREATE TABLE t (a int PRIMARY KEY DEFAULT 1 DEFAULT 2)", "42601"),
        ("CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY DEFAULT 1 PRIMARY KEY)", "42601"),
        ("CREATE TABLE t (a text GENERATED ALWAYS AS IDENTITY PRIMARY KEY)", "22023"),
        ("CREATE TABLE t (a numeric(2000) PRIMARY KEY)", "22023"),
        ("CREATE TABLE t (a varchar(0) PRIMARY KEY)", "22023"),
        ("CREATE TABLE t (a anyelement PRIMARY KEY)", "42P16"),
        ("CREATE TABLE t (a int PRIMARY KEY CHECK (b > 0))", "42703"),
        ("CREATE TABLE t (a int PRIMARY KEY DEFAULT (SELECT 1))", "0A000"),
        ("CREATE TABLE t (a int PRIMARY KEY, b int DEFAULT a)", "0A000"),
        ("CREATE TABLE t (a json PRIMARY KEY)", "42704"),
        ("CREATE TABLE t (a int PRIMARY KEY, CONSTRAINT c CHECK (a > 0), CONSTRAINT c CHECK (a > 1))", "42710"),
        ("CREATE TABLE t (a int PRIMARY KEY); CREATE TABLE t (a int PRIMARY KEY)", "42P07"),
        ("CREATE TABLE p (a int, b int, PRIMARY KEY (a)) PARTITION BY LIST (b)", "0A000"),
        ("CREATE TABLE u (a int PRIMARY KEY); CREATE TABLE t (a int PRIMARY KEY REFERENCES u (b))", "42703"),
        ("CREATE TABLE u (a int PRIMARY KEY, b int); CREATE TABLE t (a int PRIMARY KEY REFERENCES u (b))", "42830"),
        ("CREATE TABLE u (a uuid PRIMARY KEY); CREATE TABLE t (a int PRIMARY KEY REFERENCES u)", "42804"),
        ("CREATE TABLE u (a int); CREATE TABLE t (a int PRIMARY KEY REFERENCES u)", "42704"),
        ("BEGIN; CREATE INDEX CONCURRENTLY i ON t (a); COMMIT", "25001"),
        (f"CREATE TABLE t (id int PRIMARY KEY, {', '.join(f'c{n} int' for n in range(1600))})", "54011"),
    ],
)
def test_what_no_server_accepts_is_an_error(sql: str, sqlstate: str) -> None:
    assert only_error(sql).sqlstate == sqlstate


def test_sixteen_hundred_columns_are_fine() -> None:
    columns = ", ".join(f"c{n} int" for n in range(1599))
    assert check(f"CREATE TABLE t (id int PRIMARY KEY, {columns})").valid


def test_a_rolled_back_table_is_gone() -> None:
    table = "CREATE TABLE t (id bigint PRIMARY KEY);"
    assert check(f"BEGIN; {table} ROLLBACK; {table}").valid
    assert not check(f"BEGIN; {table} COMMIT; {table}").valid


def test_without_a_catalog_the_proof_says_so() -> None:
    report = check("ALTER TABLE nobody_knows ADD COLUMN a int")
    assert report.valid
    assert [statement.proof for statement in report.statements] == ["parse"]
    assert report.notes[0].rule == "proof-limited"


def test_nothing_to_check_is_a_warning() -> None:
    for script in ("-- only this", "/* and\n this */ ;"):
        report = check(script)
        assert report.valid
        assert [finding.rule for finding in report.warnings] == ["empty-script"]


def test_an_empty_script_is_not_valid() -> None:
    """What should have written it failed, as in `sqlmigrate ... | schemacheck -`."""
    for script in ("", "  \n", "\t\r\n"):
        report = check(script)
        assert [finding.rule for finding in report.errors] == ["empty-script"]
        assert validate(script, dialect="sqlite").errors == report.errors
