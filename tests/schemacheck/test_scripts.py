"""Whole scripts on databases of their own: what is said of each statement is what the server says when it runs."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from schemacheck.checker.findings import Report, StatementReport
from schemacheck.checker.reading.parser import Statement, parse
from schemacheck.checker.validator import validate
from tests.services.postgres import Cluster

pytestmark = pytest.mark.services

SETUP = """
CREATE TYPE state AS ENUM ('new', 'old');
CREATE TABLE jobs (id bigint PRIMARY KEY, p integer, due timestamptz, made timestamp, body text, s state,
                   seen timestamptz);
CREATE TABLE parts (id serial PRIMARY KEY, job bigint CONSTRAINT to_job REFERENCES jobs,
                    twice int GENERATED ALWAYS AS (id * 2) STORED);
CREATE TABLE late (id int PRIMARY KEY, job bigint REFERENCES jobs DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE soon (id int PRIMARY KEY, job bigint REFERENCES jobs DEFERRABLE);
INSERT INTO jobs (id, p, made, seen) VALUES (1, 1, now(), now());
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
ALTER TABLE jobs ADD CONSTRAINT has_p CHECK (p IS NOT NULL);
CREATE INDEX parts_job ON parts (job);
CREATE VIEW due_jobs AS SELECT id, due FROM jobs;
CREATE TABLE ev (id bigint, at timestamptz) PARTITION BY RANGE (at);
CREATE TABLE ev1 PARTITION OF ev FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE INDEX ev_at ON ev (at);
"""
MADE = [
    "ALTER TYPE state ADD VALUE 'late'; ALTER TABLE jobs ALTER s SET DEFAULT 'late'",
    "ALTER TYPE state ADD VALUE 'late'; ALTER TABLE jobs ADD CHECK (s <> 'late' AND p > 0)",
    "ALTER TYPE state ADD VALUE 'late'; ALTER TABLE jobs ADD CHECK (s <> 'late' AND q > 0)",
    "ALTER TYPE state ADD VALUE 'old'",
    "ALTER TYPE state ADD VALUE IF NOT EXISTS 'old'",
    "ALTER TYPE state ADD VALUE 'x' BEFORE 'nope'",
    "ALTER TYPE state RENAME VALUE 'old' TO 'aged'; ALTER TABLE jobs ALTER s SET DEFAULT 'aged'",
    "ALTER TYPE state RENAME VALUE 'old' TO 'aged'; ALTER TABLE jobs ALTER s SET DEFAULT 'old'",
    "ALTER TYPE state RENAME VALUE 'nope' TO 'aged'",
    (
        "ALTER TYPE state RENAME TO status; CREATE TABLE t (s status DEFAULT 'new'); "
        "ALTER TABLE jobs ALTER s SET DEFAULT 'new'"
    ),
    "ALTER TYPE state RENAME TO status; CREATE TABLE t (s state)",
    "CREATE TYPE kind AS ENUM ('a'); CREATE TABLE t (k kind NOT NULL DEFAULT 'a')",
    "CREATE TYPE kind AS ENUM ('a'); CREATE TABLE t (k kind NOT NULL DEFAULT 'b')",
    "CREATE TYPE kind AS ENUM ('a'); CREATE TABLE t (n int, k kind, CHECK (n > 0)); ALTER TABLE t ADD CHECK (m > 0)",
    "CREATE TYPE kind AS ENUM ('a', 'a')",
    "CREATE TYPE kind AS ENUM ('a'); CREATE TYPE kind AS ENUM ('b')",
    "CREATE TYPE kind AS ENUM ('a'); DROP TYPE kind; CREATE TABLE t (k kind)",
    "CREATE TYPE pair AS (a int, b text); CREATE TABLE t (p pair, q pair[])",
    "CREATE DOMAIN key AS bigint; CREATE TABLE t (k key REFERENCES jobs)",
    "CREATE DOMAIN key AS text; CREATE TABLE t (k key REFERENCES jobs)",
    "CREATE DOMAIN few AS int; CREATE TABLE t (k few DEFAULT 'x')",
    "CREATE DOMAIN few AS intt",
    "CREATE SEQUENCE sq; ALTER TABLE jobs ALTER p SET DEFAULT nextval('sq')",
    "CREATE SEQUENCE sq; ALTER TABLE jobs ALTER p SET DEFAULT nextval('public.sq'::regclass)",
    "CREATE SEQUENCE sq; ALTER TABLE jobs ALTER p SET DEFAULT nextval('qs')",
    "CREATE SEQUENCE sq; ALTER TABLE jobs ALTER p SET DEFAULT nextval('sq') + nofunction()",
    "CREATE SEQUENCE sq; ALTER SEQUENCE sq RENAME TO sr; ALTER TABLE jobs ALTER p SET DEFAULT nextval('sr')",
    "CREATE SEQUENCE sq; CREATE TABLE sq (id int)",
    "CREATE TABLE t (id serial PRIMARY KEY); CREATE TABLE u (n bigint DEFAULT nextval('t_id_seq'))",
    (
        "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY); ALTER SEQUENCE t_id_seq RENAME TO t_seq; "
        "DROP SEQUENCE nope"
    ),
    "CREATE TABLE t (id serial); CREATE SEQUENCE t_id_seq",
    "CREATE TABLE t (id serial); DROP TABLE t; CREATE SEQUENCE t_id_seq",
    "CREATE TABLE t (id serial); ALTER TABLE t DROP COLUMN id; CREATE SEQUENCE t_id_seq",
    "CREATE INDEX CONCURRENTLY n1 ON jobs (p); ALTER INDEX n1 RENAME TO n2; DROP INDEX n2",
    "CREATE INDEX CONCURRENTLY n1 ON jobs (p); ALTER INDEX n1 RENAME TO n2; DROP INDEX n1",
    "CREATE INDEX n1 ON jobs (p); CREATE INDEX n1 ON parts (job)",
    "CREATE INDEX n1 ON jobs (p); CREATE TABLE n1 (id int)",
    "CREATE INDEX n1 ON jobs (p); ALTER TABLE jobs RENAME TO n1",
    "CREATE INDEX n1 ON jobs (p); ALTER INDEX parts_job RENAME TO n1",
    "CREATE INDEX ON jobs (p); CREATE INDEX ON jobs (p); ALTER INDEX jobs_p_idx RENAME TO a; DROP INDEX jobs_p_idx1",
    "CREATE INDEX ON jobs (p, lower(body), (p + 1)); DROP INDEX jobs_p_lower_expr_idx",
    "CREATE INDEX ON jobs ((p + 1), (p + 2)); DROP INDEX jobs_expr_expr1_idx",
    (
        "CREATE UNIQUE INDEX CONCURRENTLY k ON jobs (p); "
        "ALTER TABLE jobs ADD CONSTRAINT jobs_p UNIQUE USING INDEX k; DROP INDEX k"
    ),
    "CREATE UNIQUE INDEX k ON jobs (p); ALTER TABLE jobs ADD CONSTRAINT jobs_p UNIQUE USING INDEX k; DROP INDEX jobs_p",
    "ALTER INDEX parts_job RENAME TO parts_of; DROP INDEX parts_of",
    "ALTER TABLE parts_job RENAME TO parts_of; ALTER INDEX parts_of SET (fillfactor = 50)",
    "ALTER INDEX jobs_pkey RENAME TO jobs_key; ALTER TABLE jobs DROP CONSTRAINT jobs_key CASCADE",
    "ALTER INDEX jobs_pkey RENAME TO jobs_key; ALTER TABLE jobs DROP CONSTRAINT jobs_pkey CASCADE",
    "ALTER TABLE parts RENAME CONSTRAINT to_job TO of_job; ALTER TABLE parts VALIDATE CONSTRAINT of_job",
    "ALTER TABLE parts RENAME CONSTRAINT to_job TO of_job; ALTER TABLE parts DROP CONSTRAINT to_job",
    "ALTER TABLE jobs ADD CHECK (p > 0); ALTER TABLE jobs DROP CONSTRAINT jobs_p_check",
    "ALTER TABLE jobs ADD CHECK (p > 0 AND id > 0); ALTER TABLE jobs DROP CONSTRAINT jobs_check",
    "ALTER TABLE jobs ADD CHECK (p > 0), ADD CHECK (p < 9); ALTER TABLE jobs DROP CONSTRAINT jobs_p_check1",
    "ALTER TABLE jobs ADD UNIQUE (p, body); ALTER TABLE jobs DROP CONSTRAINT jobs_p_body_key",
    "ALTER TABLE jobs ADD EXCLUDE (p WITH =); ALTER TABLE jobs DROP CONSTRAINT jobs_p_excl",
    "CREATE TABLE t (id int CONSTRAINT jobs_pkey PRIMARY KEY)",
    f"CREATE TABLE {'t' * 60} (id int PRIMARY KEY); ALTER TABLE {'t' * 60} DROP CONSTRAINT {'t' * 58}_pkey",
    f"CREATE TABLE t (id int, {'c' * 60} int); CREATE INDEX ON t ({'c' * 60}); DROP INDEX t_{'c' * 57}_idx",
    "ALTER TABLE jobs RENAME TO tasks; ALTER TABLE parts ADD FOREIGN KEY (id) REFERENCES tasks (id); DROP TABLE jobs",
    "ALTER TABLE jobs RENAME TO tasks; CREATE TABLE jobs (id int); ALTER TABLE tasks ADD COLUMN x int",
    "ALTER TABLE jobs RENAME p TO q; ALTER TABLE jobs ADD CHECK (q > 0); ALTER TABLE jobs ADD CHECK (p > 0)",
    "CREATE SCHEMA other; ALTER TABLE parts SET SCHEMA other; CREATE INDEX ON other.parts (twice)",
    "CREATE SCHEMA other; ALTER SCHEMA other RENAME TO another; CREATE TABLE another.t (id int)",
    "BEGIN; CREATE SEQUENCE sq; ROLLBACK; ALTER TABLE jobs ALTER p SET DEFAULT nextval('sq')",
    "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER TABLE jobs ALTER p SET DEFAULT one()",
    "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER TABLE jobs ALTER p SET DEFAULT two()",
    (
        "CREATE INDEX CONCURRENTLY ev1_id ON ev1 (id); CREATE INDEX ev_id ON ONLY ev (id);"
        "ALTER INDEX ev_id ATTACH PARTITION ev1_id"
    ),
]
DEPENDENTS = [
    "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a int REFERENCES a); DROP TABLE a",
    "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a int REFERENCES a); DROP TABLE a CASCADE; DROP TABLE b",
    "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a int REFERENCES a); DROP TABLE a, b",
    "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a int REFERENCES a); DROP TABLE b; DROP TABLE a",
    (
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a int CONSTRAINT to_a REFERENCES a);"
        "ALTER TABLE b DROP CONSTRAINT to_a; DROP TABLE a"
    ),
    "DROP VIEW due_jobs; DROP TABLE parts; DROP TABLE jobs",
    "DROP VIEW due_jobs; DROP TABLE jobs",
    "DROP TABLE parts; DROP TABLE jobs",
    "ALTER TABLE parts DROP CONSTRAINT to_job; DROP VIEW due_jobs; DROP TABLE jobs",
    "DROP VIEW due_jobs; ALTER TABLE jobs DROP COLUMN due",
    "ALTER TABLE parts DROP COLUMN id",
    "ALTER TABLE parts DROP COLUMN id, DROP COLUMN twice",
    "ALTER TABLE parts DROP COLUMN id CASCADE; ALTER TABLE parts DROP COLUMN twice",
    "ALTER TABLE parts ALTER id TYPE bigint",
    "ALTER TABLE jobs ADD g int GENERATED ALWAYS AS (p * 2) STORED; ALTER TABLE jobs DROP COLUMN p",
    "CREATE TYPE kind AS ENUM ('a'); CREATE TABLE t (k kind); DROP TYPE kind",
    (
        "CREATE TYPE kind AS ENUM ('a'); CREATE TABLE t (k kind, n int); DROP TYPE kind CASCADE; "
        "ALTER TABLE t ADD CHECK (k = 'a')"
    ),
    "DROP INDEX jobs_pkey",
    "DROP INDEX jobs",
]
INDEXES = [
    "CREATE INDEX ON jobs ((due::date))",
    "CREATE INDEX ON jobs ((made::date))",
    "CREATE INDEX ON jobs ((due::text))",
    "CREATE INDEX ON jobs ((p::text))",
    "CREATE INDEX ON jobs ((s::text))",
    "CREATE INDEX ON jobs (date_trunc('day', due))",
    "CREATE INDEX ON jobs (date_trunc('day', made))",
    "CREATE INDEX ON jobs ((made AT TIME ZONE 'UTC'))",
    "CREATE INDEX ON jobs (lower(body), (p + 1))",
    "CREATE INDEX ON jobs ((body || 'x'))",
    "CREATE INDEX ON jobs ((body || p))",
    "CREATE INDEX ON jobs ((due + interval '1 day'))",
    "CREATE INDEX ON jobs ((made + interval '1 day'))",
    "CREATE INDEX ON jobs (to_char(made, 'YYYY'))",
    "CREATE INDEX ON jobs (concat(body, 'x'))",
    "CREATE INDEX ON jobs (coalesce(body, 'x'))",
    "CREATE INDEX ON jobs ((p = ANY ('{1,2}')))",
    "CREATE INDEX ON jobs (nofunction(p))",
    "CREATE INDEX ON jobs ((missing + 1))",
    "CREATE INDEX ON jobs ((SELECT 1))",
    "CREATE INDEX ON jobs (sum(p))",
    "CREATE INDEX ON jobs (to_tsvector(body))",
    "CREATE INDEX ON jobs (to_tsvector('english', body))",
    "CREATE INDEX ON jobs USING gin (to_tsvector('english', body))",
    "CREATE INDEX ON jobs USING gin (to_tsvector('nope', body))",
    "CREATE INDEX ON jobs (p) WHERE missing > 1",
    "CREATE INDEX ON jobs (p) WHERE due > now()",
    "CREATE INDEX ON jobs (p) WHERE due > current_timestamp",
    "CREATE INDEX ON jobs (p) WHERE due > '2024-01-01'",
    "CREATE INDEX ON jobs (p) WHERE s = 'new' AND body LIKE 'a%' AND p IN (1, 2)",
    "CREATE INDEX ON jobs (p) WHERE s = 'nope'",
    "CREATE INDEX ON jobs (p) WHERE body",
    "CREATE INDEX ON jobs (p) WHERE EXISTS (SELECT 1)",
    "CREATE INDEX ON jobs USING gin (body gin_trgm_ops)",
    "CREATE INDEX ON jobs USING gin (body)",
    "CREATE INDEX ON jobs USING gist (p)",
    "CREATE INDEX ON jobs USING nothing (p)",
    "CREATE INDEX ON jobs USING hash (p, id)",
    "CREATE UNIQUE INDEX ON jobs USING hash (p)",
    "CREATE INDEX ON jobs USING hash (p) INCLUDE (body)",
    "CREATE INDEX ON jobs USING hash (p DESC)",
    "CREATE INDEX ON jobs USING brin (p, due)",
    "CREATE INDEX ON jobs (p) INCLUDE (missing)",
    "CREATE INDEX ON jobs (body text_pattern_ops, s, p int4_ops)",
    "CREATE INDEX ON jobs (p text_pattern_ops)",
    "CREATE INDEX ON jobs (body nope.text_ops)",
    "CREATE TABLE t (a json, b int[], c jsonb, d varchar, e state, f int4range); CREATE INDEX ON t (b, c, d, e, f)",
    "CREATE TABLE t (a json); CREATE INDEX ON t (a)",
    (
        "CREATE TABLE t (a jsonb, b int[], c int4range); CREATE INDEX ON t USING gin (a, b); "
        "CREATE INDEX ON t USING gist (c)"
    ),
    "CREATE TYPE kind AS ENUM ('a'); CREATE TABLE t (k kind); CREATE INDEX ON t (k) WHERE k = 'a'",
    "CREATE TABLE t (r int4range, EXCLUDE USING gist (r WITH &&))",
    "CREATE TABLE t (r int, EXCLUDE USING gist (r WITH =))",
    "CREATE TABLE t (r int, EXCLUDE USING gist (q WITH =))",
    "CREATE TABLE t (r int, EXCLUDE (r WITH =) WHERE (q > 1))",
    "CREATE TABLE t (r int, EXCLUDE USING gin (r WITH =))",
    "ALTER TABLE jobs ADD h text GENERATED ALWAYS AS (concat_ws('.', body, 'x')) STORED",
    "ALTER TABLE jobs ADD h text GENERATED ALWAYS AS (body || 'x') STORED",
    "ALTER TABLE jobs ADD h int GENERATED ALWAYS AS (body || 'x') STORED",
    "ALTER TABLE jobs ADD h text GENERATED ALWAYS AS (due::text) STORED",
    "ALTER TABLE jobs ADD h int GENERATED ALWAYS AS (sum(p)) STORED",
    "CREATE TABLE t (a timestamptz, b date GENERATED ALWAYS AS (a::date) STORED)",
    "CREATE TABLE t (a timestamptz, b date GENERATED ALWAYS AS ((a AT TIME ZONE 'UTC')::date) STORED)",
    "CREATE TABLE t (f text, l text, b text GENERATED ALWAYS AS (f || ' ' || l) STORED)",
]
VIEWS = [
    "CREATE OR REPLACE VIEW due_jobs AS SELECT id FROM jobs",
    "CREATE OR REPLACE VIEW due_jobs AS SELECT id, due, body FROM jobs",
    "CREATE OR REPLACE VIEW due_jobs AS SELECT id, made AS due FROM jobs",
    "CREATE OR REPLACE VIEW due_jobs AS SELECT id, due AS at FROM jobs",
    "CREATE OR REPLACE VIEW jobs AS SELECT 1 AS id",
    "CREATE VIEW due_jobs AS SELECT 1 AS id",
    "CREATE VIEW w AS SELECT j.id, q.job FROM jobs j JOIN parts q ON q.job = j.id WHERE j.s = 'new'",
    "CREATE VIEW w AS SELECT id, missing FROM jobs",
    "CREATE VIEW w AS SELECT id FROM nowhere",
    "CREATE VIEW w AS SELECT id FROM jobs, parts",
    "CREATE VIEW w AS SELECT id, id FROM jobs",
    "CREATE VIEW w (a, b) AS SELECT id FROM jobs",
    "CREATE VIEW w (a, b) AS SELECT id, body FROM jobs; CREATE VIEW x AS SELECT a, b FROM w",
    "CREATE VIEW w (a, b) AS SELECT id, body FROM jobs; CREATE VIEW x AS SELECT id FROM w",
    "CREATE VIEW w AS SELECT nofunction(id) FROM jobs",
    "CREATE VIEW w AS SELECT id FROM jobs WHERE s = 'nope'",
    "CREATE VIEW w AS SELECT id, body FROM jobs GROUP BY id",
    "CREATE VIEW w AS SELECT p, count(*) FROM jobs GROUP BY p",
    "CREATE VIEW w AS SELECT xmin, ctid FROM jobs",
    "CREATE VIEW w AS SELECT public.jobs.id FROM public.jobs",
    "CREATE VIEW w AS WITH c AS (SELECT id FROM jobs) SELECT id FROM c",
    "CREATE VIEW w AS SELECT row_to_json(jobs) AS j FROM jobs",
    "CREATE VIEW w AS SELECT 1 AS one UNION ALL SELECT p FROM jobs",
    "CREATE VIEW w AS SELECT 1 AS one UNION ALL SELECT body FROM jobs",
    "CREATE VIEW w AS SELECT id FROM jobs WHERE id IN (SELECT job FROM parts WHERE nope)",
    "CREATE TABLE t (a int, b text); CREATE VIEW w AS SELECT a FROM t; DROP TABLE t",
    "CREATE TABLE t (a int, b text); CREATE VIEW w AS SELECT a FROM t; ALTER TABLE t DROP COLUMN b",
    "CREATE TABLE t (a int, b text); CREATE VIEW w AS SELECT a FROM t; ALTER TABLE t DROP COLUMN a",
    "CREATE TABLE t (a int, b text); CREATE VIEW w AS SELECT * FROM t; ALTER TABLE t ALTER a TYPE bigint",
    "CREATE TABLE t (a int); CREATE VIEW w AS SELECT b FROM t",
    "CREATE VIEW w AS SELECT id FROM jobs; CREATE VIEW x AS SELECT id FROM w; DROP VIEW w",
    "CREATE VIEW w AS SELECT id FROM jobs; CREATE VIEW x AS SELECT id FROM w; DROP VIEW w CASCADE; DROP VIEW x",
    "CREATE MATERIALIZED VIEW w AS SELECT id FROM jobs; CREATE INDEX ON w (id); DROP MATERIALIZED VIEW w",
    "CREATE MATERIALIZED VIEW w AS SELECT id FROM jobs; CREATE INDEX ON w (nope)",
    "CREATE MATERIALIZED VIEW w AS SELECT nope FROM jobs",
    "CREATE TABLE w AS SELECT id, p FROM jobs; ALTER TABLE w ADD CHECK (p > 0); ALTER TABLE w ADD CHECK (q > 0)",
    "CREATE TABLE w AS SELECT nope FROM jobs",
]
FUNCTIONS = [
    "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETRUN 1; END'",
    "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'",
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.x := 1; RETURN NEW; END'",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELEC 1'",
    "SET check_function_bodies = off; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELEC 1'",
    "CREATE TRIGGER t BEFORE INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION nofn()",
    "CREATE TRIGGER t BEFORE INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION nowhere.nofn()",
    "CREATE TRIGGER t BEFORE INSERT ON nowhere FOR EACH ROW EXECUTE FUNCTION nofn()",
    "CREATE TRIGGER t BEFORE INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION now()",
    "CREATE TRIGGER t BEFORE UPDATE OF nope ON jobs FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE TRIGGER t BEFORE INSERT ON due_jobs FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE TRIGGER t INSTEAD OF INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER t BEFORE INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION f();"
        "CREATE TRIGGER t BEFORE INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION f()"
    ),
]
TRANSACTIONS = [
    "BEGIN; INSERT INTO late VALUES (1, 1); ALTER TABLE late ADD COLUMN x int",
    "BEGIN; INSERT INTO late VALUES (1, 1); CREATE INDEX ON late (job)",
    "BEGIN; INSERT INTO late VALUES (1, 1); DROP TABLE late",
    "BEGIN; INSERT INTO late VALUES (1, 1); TRUNCATE late",
    "BEGIN; INSERT INTO late VALUES (1, 1); ALTER TABLE jobs ADD COLUMN x int",
    "BEGIN; INSERT INTO late VALUES (1, 1); SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE late ADD COLUMN x int",
    "BEGIN; INSERT INTO late VALUES (1, 1); COMMIT; ALTER TABLE late ADD COLUMN x int",
    "BEGIN; INSERT INTO soon VALUES (1, 1); ALTER TABLE soon ADD COLUMN x int",
    "BEGIN; SET CONSTRAINTS ALL DEFERRED; INSERT INTO soon VALUES (1, 1); ALTER TABLE soon ADD COLUMN x int",
    "BEGIN; SET CONSTRAINTS ALL IMMEDIATE; INSERT INTO late VALUES (1, 1); ALTER TABLE late ADD COLUMN x int",
    "INSERT INTO late VALUES (1, 1); ALTER TABLE late ADD COLUMN x int",
    (
        "BEGIN; CREATE TABLE t (id int PRIMARY KEY, j bigint REFERENCES jobs INITIALLY DEFERRED);"
        "INSERT INTO t VALUES (1, 1); ALTER TABLE t ADD COLUMN x int"
    ),
    "BEGIN; ALTER TYPE state ADD VALUE 'late'; ALTER TABLE jobs ALTER s SET DEFAULT 'late'",
    "BEGIN; ALTER TYPE state ADD VALUE 'late'; ALTER TABLE jobs ADD CHECK (s <> 'late')",
    "BEGIN; ALTER TYPE state ADD VALUE 'late'; ALTER TABLE jobs ALTER body SET DEFAULT 'late'",
    "BEGIN; ALTER TYPE state ADD VALUE 'late'; COMMIT; ALTER TABLE jobs ALTER s SET DEFAULT 'late'",
    "BEGIN; CREATE TYPE kind AS ENUM ('a'); ALTER TYPE kind ADD VALUE 'b'; CREATE TABLE t (k kind DEFAULT 'b')",
]
PARTITIONS = [
    "CREATE INDEX CONCURRENTLY ev_id ON ev (id)",
    "DROP INDEX CONCURRENTLY ev_at",
    "DROP INDEX ev_at",
]


WORK = [
    "CREATE DOMAIN posint AS int CHECK (VALUE > 0); ALTER TABLE jobs ADD COLUMN q posint",
    "CREATE DOMAIN posint AS int CHECK (VALUE > 0); ALTER TABLE jobs ADD COLUMN q posint DEFAULT 3",
    "CREATE DOMAIN plain AS int; ALTER TABLE jobs ADD COLUMN q plain",
    "ALTER TABLE jobs ADD COLUMN q positive",
    "ALTER TABLE jobs ALTER p TYPE positive",
    "SET TimeZone = 'UTC'; ALTER TABLE jobs ALTER made TYPE timestamptz",
    "SET TimeZone = 'UTC'; ALTER TABLE jobs ALTER seen TYPE timestamp",
    "SET TIME ZONE 'UTC'; ALTER TABLE jobs ALTER seen TYPE timestamp(3)",
    "SET TimeZone = 'Europe/Rome'; ALTER TABLE jobs ALTER made TYPE timestamptz",
    "ALTER TABLE jobs ALTER id SET NOT NULL",
    "ALTER TABLE jobs ALTER p SET NOT NULL",
    "ALTER TABLE jobs ALTER p SET NOT NULL, DROP CONSTRAINT has_p",
    "ALTER TABLE jobs ALTER made SET NOT NULL",
]


EMPTY = """
SET client_min_messages = error;
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
  LOOP EXECUTE format('DROP SCHEMA %I CASCADE', name); END LOOP;
END $$;
CREATE SCHEMA public;
RESET client_min_messages;
"""


@pytest.fixture(scope="module")
def place(server: Cluster) -> Iterator[str]:
    """A database for scripts, apart from the shop; emptying it costs a tenth of making one."""
    with psycopg.connect(server.url, autocommit=True) as admin:
        admin.execute("CREATE DATABASE script")
        yield server.url.rpartition("/")[0] + "/script"
        admin.execute("DROP DATABASE script WITH (FORCE)")


@pytest.fixture
def database(place: str) -> Iterator[psycopg.Connection[Any]]:
    """A database of the script's own, with tables to work on."""
    with psycopg.connect(place, autocommit=True) as connection:
        connection.execute(EMPTY + SETUP)
        yield connection


def refused(connection: psycopg.Connection[Any], statement: Statement) -> str | None:
    """The SQLSTATE with which the server refuses a statement that runs for good."""
    try:
        connection.execute(statement.sql)
    except psycopg.Error as error:
        return error.sqlstate
    return None


def compare(report: Report, connection: psycopg.Connection[Any], script: str) -> None:
    """Run the script until the server refuses a statement: so far, each verdict must be the server's."""
    for said, statement in zip(report.statements, parse(script).statements, strict=True):
        expected = refused(connection, statement)
        assert (statement.sql.strip(), first_error(said)) == (statement.sql.strip(), expected)
        if expected:
            return


def first_error(said: StatementReport) -> str | None:
    return said.errors[0].sqlstate if said.errors else None


@pytest.mark.parametrize("script", WORK)
def test_the_work_foretold_is_the_work_done(database: psycopg.Connection[Any], script: str) -> None:
    said = validate(script, connection=database).statements[-1]
    notices: list[str] = []
    database.add_notice_handler(lambda diagnostic: notices.append(diagnostic.message_primary or ""))
    database.execute("SET client_min_messages = debug1")
    database.execute(script)
    done = {word: any(notice.startswith(f'{word} table "jobs"') for notice in notices) for word in _WORK}
    (lock,) = (lock for lock in said.locks if lock.relation == "public.jobs")
    assert {"rewriting": lock.rewrites, "verifying": lock.scans} == done


_WORK = ("rewriting", "verifying")


def test_a_required_column_without_a_value_is_warned_of(database: psycopg.Connection[Any]) -> None:
    report = validate("ALTER TABLE jobs ADD COLUMN n integer DEFAULT NULL NOT NULL", connection=database)
    assert "required-column-without-default" in {finding.rule for finding in report.warnings}


def test_of_a_function_the_body_is_only_parsed_and_that_is_said(database: psycopg.Connection[Any]) -> None:
    body = "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT nope FROM jobs); END'"
    (said,) = validate(body, connection=database).statements
    assert (said.valid, said.proof, [finding.rule for finding in said.suggestions]) == (
        True,
        "parse",
        ["proof-limited"],
    )


@pytest.mark.parametrize("proof", ["catalog", "copies"])
@pytest.mark.parametrize("script", [*MADE, *DEPENDENTS, *INDEXES, *TRANSACTIONS, *PARTITIONS, *VIEWS, *FUNCTIONS])
def test_each_statement_has_the_server_s_verdict(database: psycopg.Connection[Any], script: str, proof: str) -> None:
    compare(validate(script, connection=database, proof=proof), database, script)


ASIDE = [
    "CREATE TYPE kind AS ENUM ('a', 'b'); CREATE TABLE t (k kind NOT NULL DEFAULT 'a', l public.kind[])",
    "CREATE TYPE kind AS ENUM ('a', 'b'); CREATE TABLE t (k public.kind); ALTER TABLE t ALTER k SET DEFAULT 'c'",
    "CREATE TYPE pair AS (a int, b text); CREATE TABLE t (p pair); ALTER TABLE t ADD CHECK ((p).a > 0)",
    "CREATE DOMAIN small AS int CHECK (VALUE < 9); CREATE TABLE t (n small DEFAULT 3); CREATE INDEX ON t (n)",
    "CREATE SEQUENCE steps; ALTER TABLE jobs ALTER p SET DEFAULT nextval('steps')",
    "CREATE SEQUENCE steps; CREATE TABLE t (id bigint DEFAULT nextval('steps') PRIMARY KEY)",
    "CREATE TYPE kind AS ENUM ('a'); CREATE TYPE many AS (k kind); CREATE TABLE t (m many)",
]
CHANGED = [
    "CREATE TYPE kind AS ENUM ('a'); DROP TYPE kind; CREATE TYPE kind AS ENUM ('b'); CREATE TABLE t (k kind)",
    "CREATE TYPE kind AS ENUM ('a'); ALTER TYPE kind RENAME TO sort; CREATE TABLE t (k sort DEFAULT 'a')",
    "CREATE TYPE kind AS ENUM ('a'); ALTER TYPE kind ADD VALUE 'b'; CREATE TABLE t (k kind DEFAULT 'b')",
    "CREATE TYPE pair AS (a int); ALTER TYPE pair ADD ATTRIBUTE b int; CREATE TABLE t (p pair, CHECK ((p).b > 0))",
    "CREATE TYPE pair AS (a int); CREATE TABLE pair (a int)",
    "CREATE TYPE pair AS (a int); DROP TYPE pair; CREATE TABLE pair (a int)",
    "CREATE TYPE pair AS (a int); ALTER TYPE pair RENAME TO two; CREATE TABLE pair (t two)",
    "CREATE TABLE pair (a int); ALTER TYPE pair ADD ATTRIBUTE b int",
    "CREATE SCHEMA other; CREATE TYPE other.state AS ENUM ('x'); CREATE TABLE t (a other.state, b state DEFAULT 'new')",
    "CREATE SEQUENCE steps OWNED BY jobs.p; ALTER TABLE jobs ALTER p SET DEFAULT nextval('steps')",
    "CREATE SEQUENCE IF NOT EXISTS parts_id_seq; CREATE SEQUENCE steps; DROP SEQUENCE steps; CREATE SEQUENCE steps",
]


@pytest.mark.parametrize("script", ASIDE)
def test_types_and_sequences_of_the_script_are_made_for_its_copies(
    database: psycopg.Connection[Any], script: str
) -> None:
    report = validate(script, connection=database, proof="copies")
    assert {said.proof for said in report.statements if not said.errors} == {"copies"}
    compare(report, database, script)


@pytest.mark.parametrize("script", CHANGED)
def test_what_the_script_makes_of_them_afterwards_misleads_no_copy(
    database: psycopg.Connection[Any], script: str
) -> None:
    compare(validate(script, connection=database, proof="copies"), database, script)
