"""Forecast locks compared with the locks PostgreSQL takes: on the table, on its family, and beyond foreign keys."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from schemacheck.checker.findings import Report
from schemacheck.checker.locks import ORDER

pytestmark = pytest.mark.services

FAMILY = """
CREATE SCHEMA kin;
CREATE TABLE kin.top (a int, b text, CHECK (a > 0)) PARTITION BY RANGE (a);
CREATE TABLE kin.low PARTITION OF kin.top FOR VALUES FROM (1) TO (10);
CREATE TABLE kin.rest PARTITION OF kin.top DEFAULT;
CREATE TABLE kin.loose (a int NOT NULL, b text, CONSTRAINT top_a_check CHECK (a > 0));
CREATE TABLE kin.elder (a int, b text);
CREATE TABLE kin.child () INHERITS (kin.elder);
CREATE TABLE kin.key (id int PRIMARY KEY);
CREATE INDEX top_b ON kin.top (b);
CREATE FUNCTION kin.act() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE kin.user (k int CONSTRAINT to_key REFERENCES kin.key, n int CHECK (n > 0));
"""
MEASURE = """
SELECT c.oid::regclass::text, l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND c.relkind IN ('r', 'p')
  AND c.relnamespace = 'kin'::regnamespace AND c.oid <= %s
"""


@pytest.fixture(scope="module")
def kin(server: Any) -> Iterator[None]:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(FAMILY)
        yield
        connection.execute("DROP SCHEMA kin CASCADE")


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE kin.top ADD COLUMN c int",
        "ALTER TABLE kin.top ALTER COLUMN b SET STATISTICS 10",
        "ALTER TABLE kin.top ALTER COLUMN b SET NOT NULL",
        "ALTER TABLE kin.top DROP COLUMN b",
        "ALTER TABLE kin.top RENAME b TO c",
        "ALTER TABLE kin.elder ADD COLUMN c int",
        "ALTER TABLE ONLY kin.elder ALTER COLUMN b SET DEFAULT 'x'",
        "ALTER TABLE kin.elder ADD CHECK (a > 0)",
        "ALTER TABLE kin.elder ADD CHECK (a > 0) NO INHERIT",
        "ALTER TABLE kin.elder ALTER COLUMN a TYPE bigint",
        "ALTER TABLE kin.elder SET (fillfactor = 50)",
        "ALTER TABLE kin.child NO INHERIT kin.elder",
        "ALTER TABLE kin.top ATTACH PARTITION kin.loose FOR VALUES FROM (10) TO (20)",
        "ALTER TABLE kin.top DETACH PARTITION kin.low",
        "CREATE TABLE kin.new PARTITION OF kin.top FOR VALUES FROM (10) TO (20)",
        "CREATE TABLE kin.new (k int REFERENCES kin.key)",
        "CREATE TABLE kin.new () INHERITS (kin.elder)",
        "CREATE TABLE kin.new (LIKE kin.elder)",
        "ALTER TABLE kin.user ADD FOREIGN KEY (n) REFERENCES kin.key NOT VALID",
        "ALTER TABLE kin.user DROP CONSTRAINT to_key",
        "ALTER TABLE kin.user DROP COLUMN k",
        "ALTER TABLE kin.user DISABLE TRIGGER USER",
        "ALTER TABLE IF EXISTS kin.nowhere ADD COLUMN c int",
        "CREATE INDEX ON kin.elder (a)",
        "CREATE INDEX ON kin.top (a)",
        "CREATE INDEX ON ONLY kin.top (a)",
        "DROP INDEX kin.top_b",
        "CREATE TRIGGER t AFTER INSERT ON kin.top FOR EACH ROW EXECUTE FUNCTION kin.act()",
        "CREATE TRIGGER t AFTER INSERT ON kin.top FOR EACH STATEMENT EXECUTE FUNCTION kin.act()",
        "CREATE TRIGGER t AFTER INSERT ON kin.elder FOR EACH ROW EXECUTE FUNCTION kin.act()",
        "TRUNCATE kin.top",
        "TRUNCATE kin.elder",
        "TRUNCATE ONLY kin.elder",
        "TRUNCATE kin.key CASCADE",
        "LOCK TABLE kin.top IN SHARE MODE",
        "ANALYZE kin.top",
        "ALTER TABLE kin.top ADD UNIQUE (a)",
        "ALTER TABLE kin.top ADD PRIMARY KEY (a)",
        "ALTER TABLE kin.user VALIDATE CONSTRAINT to_key",
        "ALTER TABLE kin.key DROP CONSTRAINT key_pkey CASCADE",
        "REINDEX INDEX kin.low_b_idx",
        "CREATE POLICY p ON kin.top",
        "CREATE STATISTICS kin.s ON a, b FROM kin.top",
        "ALTER TABLE kin.elder ADD COLUMN c int; CREATE TRIGGER t AFTER INSERT ON kin.key EXECUTE FUNCTION kin.act()",
    ],
)
def test_the_forecast_is_what_postgresql_takes(
    check: Callable[..., Report], shop: psycopg.Connection[Any], kin: None, sql: str
) -> None:
    forecast = {lock.relation: lock.mode for statement in check(sql).statements for lock in statement.locks}
    with shop.transaction(force_rollback=True):
        (last,) = shop.execute("SELECT max(oid)::int8 FROM pg_class").fetchone() or (0,)
        shop.execute(sql)
        taken: dict[str, str] = {}
        for relation, mode in shop.execute(MEASURE, [last]).fetchall():
            words = _WORDS[mode]
            taken[relation] = max(words, taken.get(relation, words), key=ORDER.index)
    assert forecast == taken


_WORDS = {"".join(part.capitalize() for part in mode.split()) + "Lock": mode for mode in ORDER}
