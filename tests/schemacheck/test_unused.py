"""DROP of a sequence, a function or a type: whether the database, or the script so far, still needs it."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.schemacheck.agreement import agree
from tests.services.postgres import Cluster

pytestmark = pytest.mark.services

SETUP = """
CREATE TYPE mood AS ENUM ('good');
CREATE TYPE pair AS (a int, b int);
CREATE DOMAIN above AS int CHECK (VALUE > 0);
CREATE SEQUENCE steps;
CREATE SEQUENCE idle;
CREATE TABLE t (id serial, k int GENERATED ALWAYS AS IDENTITY, n int DEFAULT nextval('steps'));
CREATE TABLE unnamed (m mood, p pair[], d above);
CREATE FUNCTION twice(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 2 * $1';
CREATE FUNCTION over(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION over(text) RETURNS int LANGUAGE sql AS 'SELECT 2';
CREATE FUNCTION lonely() RETURNS int LANGUAGE sql AS 'SELECT 3';
CREATE FUNCTION feels(mood) RETURNS int LANGUAGE sql AS 'SELECT 4';
CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE PROCEDURE work() LANGUAGE sql AS 'SELECT 5';
CREATE TRIGGER acts BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION act();
CREATE INDEX t_twice ON t (twice(n));
CREATE TABLE checked (n int CONSTRAINT even CHECK (twice(n) > 0), o int DEFAULT over(1));
CREATE VIEW seen AS SELECT over('x'::text) AS o;
"""
SCRIPTS = [
    "DROP SEQUENCE idle; DROP SEQUENCE idle",
    "DROP SEQUENCE steps",
    "DROP SEQUENCE steps CASCADE",
    "ALTER TABLE t ALTER n DROP DEFAULT; DROP SEQUENCE steps",
    "ALTER TABLE t ALTER n SET DEFAULT 1; DROP SEQUENCE steps",
    "ALTER TABLE t ALTER n SET DEFAULT nextval('idle'); DROP SEQUENCE idle",
    "ALTER TABLE t ALTER n SET DEFAULT nextval('idle'); ALTER TABLE t ALTER n DROP DEFAULT; DROP SEQUENCE idle",
    "ALTER TABLE t DROP COLUMN n; DROP SEQUENCE steps",
    "DROP TABLE t; DROP SEQUENCE steps",
    "DROP SEQUENCE t_id_seq",
    "DROP SEQUENCE t_k_seq",
    "ALTER TABLE t ALTER id DROP DEFAULT; DROP SEQUENCE t_id_seq",
    "CREATE TABLE u (id serial); DROP SEQUENCE u_id_seq",
    "CREATE TABLE u (id serial); ALTER TABLE u ALTER id DROP DEFAULT; DROP SEQUENCE u_id_seq",
    "CREATE TABLE u (id int GENERATED ALWAYS AS IDENTITY); DROP SEQUENCE u_id_seq",
    "CREATE SEQUENCE s; CREATE TABLE u (n int DEFAULT nextval('s')); DROP SEQUENCE s",
    "CREATE SEQUENCE s; CREATE TABLE u (n int DEFAULT nextval('s')); DROP TABLE u; DROP SEQUENCE s",
    "DROP FUNCTION lonely(); DROP FUNCTION lonely()",
    "DROP FUNCTION lonely; DROP FUNCTION IF EXISTS lonely",
    "DROP FUNCTION nowhere()",
    "DROP FUNCTION nowhere",
    "DROP FUNCTION over",
    "DROP FUNCTION over(int)",
    "DROP FUNCTION over(text)",
    "DROP FUNCTION over(bigint)",
    "DROP VIEW seen; DROP FUNCTION over(text)",
    "ALTER TABLE checked ALTER o DROP DEFAULT; DROP FUNCTION over(int)",
    "DROP FUNCTION twice(int)",
    "DROP FUNCTION twice(int) CASCADE",
    "DROP INDEX t_twice; ALTER TABLE checked DROP CONSTRAINT even; DROP FUNCTION twice(int)",
    "DROP INDEX t_twice; DROP TABLE checked; DROP FUNCTION twice(int)",
    "DROP FUNCTION act()",
    "DROP TRIGGER acts ON t; DROP FUNCTION act()",
    "DROP FUNCTION work()",
    "DROP PROCEDURE work()",
    "DROP ROUTINE work()",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE u (n int DEFAULT f()); DROP FUNCTION f()",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION f(); DROP FUNCTION f()",
    (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
        "CREATE TRIGGER g BEFORE INSERT ON checked FOR EACH ROW EXECUTE FUNCTION f(); DROP FUNCTION f()"
    ),
    (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
        "CREATE TRIGGER g BEFORE INSERT ON checked FOR EACH ROW EXECUTE FUNCTION f(); DROP TRIGGER g ON checked; "
        "DROP FUNCTION f()"
    ),
    "DROP TYPE mood",
    "DROP TYPE mood CASCADE",
    "DROP TABLE unnamed; DROP TYPE mood",
    "DROP TABLE unnamed; DROP FUNCTION feels(mood); DROP TYPE mood",
    "ALTER TABLE unnamed DROP COLUMN m; DROP FUNCTION feels(mood); DROP TYPE mood",
    "DROP TYPE pair",
    "ALTER TABLE unnamed DROP COLUMN p; DROP TYPE pair",
    "DROP DOMAIN above",
    "ALTER TABLE unnamed ALTER d TYPE int; DROP DOMAIN above",
]


@pytest.fixture(scope="module")
def place(server: Cluster) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA used; SET search_path = used")
        connection.execute(SETUP)
        yield connection
        connection.execute("SET client_min_messages = error; DROP SCHEMA used CASCADE")


@pytest.mark.parametrize("script", SCRIPTS)
def test_each_verdict_is_the_server_s(place: psycopg.Connection[Any], script: str) -> None:
    agree(place, script)
