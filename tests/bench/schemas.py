"""How long a check of a schema takes: a lint without a database, a verdict by the catalog of 200 tables."""

import random
import statistics
import time
from collections.abc import Callable, Iterator

import psycopg

from schemacheck.checker.reading.parser import parse
from schemacheck.checker.validator import validate
from tests.services.postgres import postgres

STATEMENTS, TABLES, VERDICTS = 2000, 200, 200
TYPES = ["text", "bigint", "timestamptz", "numeric(10,2)", "boolean", "jsonb", "uuid", "varchar(40)"]


def measure() -> None:
    """Print the tables of docs/benchmarks.md."""
    statements = list(application_statements())
    script = ";\n".join(statements) + ";"
    ways: dict[str, Callable[[], object]] = {
        "parse alone": lambda: parse(script),
        "one script": lambda: validate(script, dialect="postgresql"),
        "a call each": lambda: [validate(sql, dialect="postgresql") for sql in statements],
    }
    print("| 2,000 statements | CPU us a statement |\n|---|---|")
    for name, run in ways.items():
        print(f"| {name} | {min(_cpu(run) for _ in range(3)) / STATEMENTS * 1e6:.0f} |", flush=True)
    print("\n| proof | median, ms | 95th percentile, ms |\n|---|---|---|")
    with postgres() as url, psycopg.connect(url, autocommit=True) as connection:
        _make_tables(connection)
        scripts = [_changes(number) for number in range(VERDICTS)]
        for name, proof, asked in (
            ("catalog, one statement a check", "catalog", [sql for each in scripts for sql in each][:VERDICTS]),
            ("catalog, a script of five", "catalog", [";".join(each) for each in scripts]),
            ("copies, a script of five", "copies", [";".join(each) for each in scripts[: VERDICTS // 4]]),
        ):
            taken = sorted(_wall(connection, sql, proof) for sql in asked)
            print(f"| {name} | {statistics.median(taken):.1f} | {taken[int(len(taken) * 0.95)]:.1f} |", flush=True)


def application_statements() -> Iterator[str]:
    """What migrations of an application hold, each with one to three findings."""
    chosen = random.Random(1)
    for number in range(STATEMENTS):
        columns = ", ".join(f"c{column} {chosen.choice(TYPES)}" for column in range(4))
        yield KINDS[number % len(KINDS)].format(n=number, before=number - 1, columns=columns)


KINDS = """
CREATE TABLE orders_{n} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers (id), {columns},
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX orders_{n}_idx ON orders_{before} (customer_id, created_at);
ALTER TABLE invoices_{n} ADD COLUMN note text NOT NULL DEFAULT 'none';
ALTER TABLE invoices_{n} ADD CONSTRAINT c{n} FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;
ALTER TABLE invoices_{n} ALTER COLUMN total SET NOT NULL, ALTER COLUMN state TYPE varchar(200), DROP COLUMN old_{n};
CREATE UNIQUE INDEX CONCURRENTLY u{n} ON invoices_{n} (lower(email)) WHERE deleted_at IS NULL
""".strip().split(";\n")


def _make_tables(connection: psycopg.Connection) -> None:
    for number in range(TABLES):
        keys = "".join(f", p{key} bigint REFERENCES bench_{number - key - 1} (id)" for key in range(min(number, 2)))
        connection.execute(
            f"CREATE TABLE bench_{number} (id bigint PRIMARY KEY, name text NOT NULL, total numeric(10,2), "
            f"state varchar(20), created_at timestamptz DEFAULT now(){keys})".encode()
        )
    connection.execute("ANALYZE")


def _changes(number: int) -> list[str]:
    """Five statements about tables that differ from number to number."""
    one, two, three, four, five = (f"bench_{(number * 13 + step * 29) % TABLES}" for step in range(5))
    key = f"ADD COLUMN d_id bigint, ADD CONSTRAINT fk{number} FOREIGN KEY (d_id) REFERENCES {four} (id) NOT VALID"
    columns = f"id bigint PRIMARY KEY, e bigint REFERENCES {five} (id), label text CHECK (label <> '')"
    return [
        f"ALTER TABLE {one} ADD COLUMN note text NOT NULL DEFAULT 'x'",
        f"CREATE INDEX CONCURRENTLY ON {two} (state)",
        f"ALTER TABLE {three} {key}",
        f"CREATE TABLE fresh_{number} ({columns})",
        f"ALTER TABLE {five} ALTER COLUMN name DROP NOT NULL",
    ]


def _wall(connection: psycopg.Connection, script: str, proof: str) -> float:
    """The time of one verdict, ms."""
    started = time.perf_counter()
    validate(script, connection=connection, proof=proof)
    return (time.perf_counter() - started) * 1000


def _cpu(run: Callable[[], object]) -> float:
    started = time.process_time()
    run()
    return time.process_time() - started
