import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemacheck.checker.findings import Report
from schemacheck.checker.validator import validate

SHOP = """
CREATE TABLE customers (id integer PRIMARY KEY, email text UNIQUE, name text);
CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer REFERENCES customers (id), note text);
CREATE INDEX orders_note ON orders (note);
CREATE VIEW notes AS SELECT note FROM orders;
INSERT INTO customers (email) VALUES ('a');
"""


@pytest.fixture
def shop() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SHOP)
    yield connection
    connection.close()


def rules(report: Report) -> list[tuple[str, str]]:
    return [(finding.severity.value, finding.rule) for finding in report.findings]


def test_a_good_script_is_valid_and_proven(shop: sqlite3.Connection) -> None:
    report = validate("CREATE TABLE lines (id integer PRIMARY KEY, o integer REFERENCES orders (id))", connection=shop)
    assert (report.valid, report.dialect, report.proof, report.table_name) == (True, "sqlite", "catalog", "lines")
    assert report.findings == ()


@pytest.mark.parametrize(
    ("sql", "message", "place"),
    [
        ("CREATE TABLE orders (id int)", "table orders already exists", (1, 14)),
        ("CREATE TABEL t (id int)", 'near "TABEL": syntax error', (1, 8)),
        ("CREATE TABLE t (\n a int,\n a text)", "duplicate column name: a", (3, 2)),
        ("CREATE TABLE t (a int PRIMARY KEY, b int PRIMARY KEY)", 'table "t" has more than one primary key', (1, 1)),
        ("ALTER TABLE ordrs ADD COLUMN a", "no such table: ordrs", (1, 13)),
        ("ALTER TABLE orders ADD COLUMN note text", "duplicate column name: note", (1, 31)),
        ("ALTER TABLE orders DROP COLUMN nope", 'no such column: "nope"', (1, 32)),
        ("ALTER TABLE orders ALTER COLUMN note TYPE int", 'near "ALTER": syntax error', (1, 20)),
        ("CREATE TABLE t (a int", "incomplete input", (1, 22)),
        ("CREATE TABLE t (a text DEFAULT 'x", 'unrecognized token: "\'x"', (1, 32)),
        ("DROP TABLE nope", "no such table: nope", (1, 12)),
        ("SELECT * FROM nope", "no such table: nope", (1, 15)),
    ],
)
def test_sqlite_says_what_it_would_say(
    shop: sqlite3.Connection, sql: str, message: str, place: tuple[int, int]
) -> None:
    report = validate(sql, connection=shop)
    assert [(error.message, (error.line, error.column)) for error in report.errors] == [(message, place)]


def test_a_misspelt_table_gets_a_suggestion(shop: sqlite3.Connection) -> None:
    assert validate("DROP TABLE ordrs", connection=shop).errors[0].hint == 'Did you mean "orders"?'


def test_what_sqlite_accepts_and_should_not_is_a_warning(shop: sqlite3.Connection) -> None:
    sql = (
        "CREATE TABLE a (id integer PRIMARY KEY, t texxt);"
        "CREATE TABLE b (id integer PRIMARY KEY, o int REFERENCES ordrs (id));"
        "CREATE TABLE c (id integer PRIMARY KEY, o int REFERENCES orders (nope));"
        "CREATE TABLE d (id integer PRIMARY KEY, o int REFERENCES orders (note));"
        "ALTER TABLE orders ADD COLUMN paid int NOT NULL;"
        "CREATE TABLE e (x int);"
    )
    report = validate(sql, connection=shop)
    assert [statement.errors for statement in report.statements[:4]] == [()] * 4
    assert [[finding.rule for finding in statement.warnings] for statement in report.statements] == [
        ["sqlite-unknown-type"],
        ["sqlite-foreign-key-target"],
        ["sqlite-foreign-key-target"],
        ["sqlite-foreign-key-target"],
        ["sqlite-required-column"],
        ["table-without-primary-key"],
    ]


def test_a_script_sees_what_it_made_before(shop: sqlite3.Connection) -> None:
    sql = "CREATE TABLE a (id integer PRIMARY KEY); ALTER TABLE a ADD COLUMN b text;"
    sql += "CREATE INDEX i ON a (b); DROP TABLE a;"
    assert validate(f"{sql}{sql}", connection=shop).valid


def test_a_trigger_keeps_its_semicolons(shop: sqlite3.Connection) -> None:
    sql = (
        "CREATE TRIGGER t AFTER INSERT ON orders BEGIN SELECT 1; SELECT 2; END; CREATE TABLE z (id integer PRIMARY KEY)"
    )
    report = validate(sql, connection=shop)
    assert [statement.kind for statement in report.statements] == ["create_trigger", "create_table"]
    assert report.valid


def test_nothing_reaches_the_database_or_the_disk(shop: sqlite3.Connection, tmp_path: Path) -> None:
    before = list(shop.iterdump())
    hostile = (
        f"DROP TABLE orders; DELETE FROM customers; PRAGMA user_version = 7; ATTACH '{tmp_path}/a.db' AS a;"
        f"VACUUM INTO '{tmp_path}/b.db'; CREATE TABLE t AS SELECT load_extension('x');"
        "PRAGMA writable_schema = 1; INSERT INTO customers (email) VALUES ('b');"
        "CREATE TABLE long AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT * FROM n;"
    )
    validate(hostile, connection=shop)
    assert list(shop.iterdump()) == before
    assert shop.execute("PRAGMA user_version").fetchone() == (0,)
    assert list(tmp_path.iterdir()) == []


def test_without_a_schema_unknown_tables_are_not_held_against_a_script() -> None:
    report = validate("ALTER TABLE orders ADD COLUMN a int", dialect="sqlite")
    assert report.valid
    assert report.proof == "parse"
