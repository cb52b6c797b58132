from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from schemacheck.checker.findings import Report
from schemacheck.checker.validator import validate
from tests.services.postgres import Cluster, cluster
from tests.services.throwaway import ServerMissing

SHOP = """
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE DOMAIN amount AS numeric(12,2) CHECK (VALUE >= 0);
CREATE SCHEMA sales;
CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text UNIQUE, name varchar(40));
CREATE TABLE orders (
  id bigint PRIMARY KEY, customer_id bigint REFERENCES customers (id), note text, total numeric(10,2), state mood,
  placed_at timestamp, remark text, UNIQUE (customer_id, note), CONSTRAINT total_present CHECK (total IS NOT NULL)
);
CREATE INDEX orders_note ON orders (note);
CREATE TABLE sales.regions (code char(2), country char(2), PRIMARY KEY (code, country));
CREATE VIEW order_notes AS SELECT id, note FROM orders;
CREATE SEQUENCE ran;
CREATE FUNCTION counts() RETURNS bigint LANGUAGE sql VOLATILE AS $$ SELECT nextval('ran') $$;
CREATE FUNCTION pretends() RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT nextval('ran') $$;
CREATE ROLE stranger;
INSERT INTO customers (email) SELECT 'c' || i FROM generate_series(1, 500) i;
INSERT INTO orders (id, total) SELECT i, i FROM generate_series(1, 500) i;
ANALYZE customers, orders;
"""


@pytest.fixture(scope="session")
def server() -> Iterator[Cluster]:
    """A PostgreSQL with a small shop in it."""
    try:
        with cluster() as made:
            with psycopg.connect(made.url, autocommit=True) as connection:
                connection.execute(SHOP)
            yield made
    except ServerMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def shop(server: Cluster) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(server.url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def check(shop: psycopg.Connection[Any]) -> Callable[..., Report]:
    """Checks a script against the shop."""

    def run(sql: str, **options: Any) -> Report:
        return validate(sql, connection=shop, **options)

    return run
