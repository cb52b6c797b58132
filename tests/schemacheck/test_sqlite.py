import sqlite3
from collections.abc import Iterator
from contextlib import closing
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


CUSTOMERS_WITH_REQUIRED_NAMES = "CREATE TABLE named (id integer NOT NULL PRIMARY KEY, name text NOT NULL);"
REFUSED_WITH_ROWS = [
    ("ALTER TABLE orders ADD paid int NOT NULL", "sqlite-required-column"),
    ("ALTER TABLE orders ADD paid int DEFAULT NULL NOT NULL", "sqlite-required-column"),
    ("ALTER TABLE orders ADD made text DEFAULT CURRENT_TIMESTAMP", "sqlite-added-column"),
    ("ALTER TABLE orders ADD n int DEFAULT (1 + 1)", "sqlite-added-column"),
    ("ALTER TABLE orders ADD by int REFERENCES customers DEFAULT 1", "sqlite-added-column"),
    ("ALTER TABLE orders ADD twice int AS (id * 2) STORED", "sqlite-added-column"),
    ("ALTER TABLE orders ADD n int AS (NULL) NOT NULL", "sqlite-added-column"),
    ("ALTER TABLE orders ADD n int CHECK (n > 0) DEFAULT 0", "sqlite-added-column"),
    ("ALTER TABLE orders ADD n int CHECK (length(note) > 3)", "sqlite-added-column"),
    ("CREATE UNIQUE INDEX once ON orders (note)", "sqlite-unique-index"),
    ("DROP TABLE customers", "sqlite-referenced-table"),
    ("INSERT INTO named (id, name) SELECT id, name FROM customers", "sqlite-required-value"),
    ("INSERT INTO named (id) SELECT id FROM customers", "sqlite-required-value"),
    ("INSERT INTO named (id) VALUES (7)", "sqlite-error"),
    ("INSERT INTO named VALUES (7, NULL)", "sqlite-error"),
]
TAKEN_WITH_ROWS = [
    "ALTER TABLE orders ADD n int NOT NULL DEFAULT -1",
    "ALTER TABLE orders ADD made text DEFAULT 'never'",
    "ALTER TABLE orders ADD by int REFERENCES customers",
    "ALTER TABLE orders ADD twice int AS (id * 2) VIRTUAL",
    "ALTER TABLE orders ADD n int CHECK (n > 0)",
    "CREATE UNIQUE INDEX IF NOT EXISTS orders_note ON orders (note)",
    "DROP VIEW notes; DROP TABLE orders; DROP TABLE customers",
    "PRAGMA foreign_keys = OFF; DROP TABLE customers",
    "INSERT INTO named (name) SELECT coalesce(name, '') FROM customers",
    "INSERT INTO named (name) SELECT name FROM customers WHERE name IS NOT NULL",
    "INSERT INTO named (name) SELECT 'name' FROM customers",
    "INSERT INTO named (name) VALUES ('null')",
    "INSERT OR IGNORE INTO named (id) SELECT id FROM customers",
    "CREATE TABLE fresh (id integer PRIMARY KEY); ALTER TABLE fresh ADD n int NOT NULL",
    "CREATE TABLE f (id integer PRIMARY KEY); ALTER TABLE f RENAME TO newer; ALTER TABLE newer ADD n int NOT NULL",
]


def said_of_rows(script: str, connection: sqlite3.Connection | None = None) -> set[str]:
    report = validate(script, connection=connection, dialect="sqlite")
    return {finding.rule for finding in report.findings} - {"proof-limited"}


def run_with_rows(script: str) -> str:
    """What SQLite says when the script runs on the shop with rows in it."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        database.execute("PRAGMA foreign_keys = ON")
        database.executescript(SHOP + CUSTOMERS_WITH_REQUIRED_NAMES)
        database.executescript("INSERT INTO orders (customer_id, note) VALUES (1, 'a'), (1, 'a')")
        try:
            database.executescript(script)
        except sqlite3.Error as error:
            return str(error)
    return ""


@pytest.mark.parametrize(("script", "rule"), REFUSED_WITH_ROWS)
def test_what_sqlite_refuses_once_there_are_rows_is_said_before(
    shop: sqlite3.Connection, script: str, rule: str
) -> None:
    shop.executescript(CUSTOMERS_WITH_REQUIRED_NAMES)
    assert run_with_rows(script)
    assert said_of_rows(script, shop) == {rule}


@pytest.mark.parametrize("script", TAKEN_WITH_ROWS)
def test_of_what_rows_do_not_hinder_nothing_is_said(shop: sqlite3.Connection, script: str) -> None:
    shop.executescript(CUSTOMERS_WITH_REQUIRED_NAMES)
    assert run_with_rows(script) == ""
    assert said_of_rows(script, shop) == set()


def test_rows_the_script_inserts_count(shop: sqlite3.Connection) -> None:
    script = "CREATE TABLE a (id integer PRIMARY KEY); INSERT INTO a VALUES (1); ALTER TABLE a ADD n int NOT NULL"
    assert said_of_rows(script, shop) == {"sqlite-required-column"}


def test_a_table_built_anew_has_the_rows_of_the_old_one(shop: sqlite3.Connection) -> None:
    script = (
        "PRAGMA foreign_keys = OFF; CREATE TABLE new (id integer PRIMARY KEY, email text);"
        "INSERT INTO new SELECT id, email FROM customers; DROP TABLE customers; ALTER TABLE new RENAME TO customers;"
    )
    assert said_of_rows(script, shop) == set()
    assert said_of_rows(f"{script} ALTER TABLE customers ADD n int NOT NULL", shop) == {"sqlite-required-column"}


def test_a_column_of_a_table_nobody_has_seen_is_looked_at_too() -> None:
    assert said_of_rows("ALTER TABLE unseen ADD n int NOT NULL; ALTER TABLE unseen ADD m int") == {
        "sqlite-required-column"
    }


def test_what_stands_has_rows_though_the_script_makes_it() -> None:
    script = "CREATE TABLE a (id integer PRIMARY KEY);\nALTER TABLE a ADD n int NOT NULL"
    report = validate(script, dialect="sqlite", stands=lambda line: line == 1)
    assert "sqlite-required-column" in {finding.rule for finding in report.findings}
