"""Partitions and inheritance at the default proof: nothing is run, and each verdict is the server's."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from schemacheck.checker.validator import validate
from tests.schemacheck.agreement import agree
from tests.services.postgres import Cluster

pytestmark = pytest.mark.services

SETUP = """
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TYPE pair AS (a int, b text);
CREATE TABLE ev (id bigint NOT NULL, at timestamptz, note text) PARTITION BY RANGE (at);
CREATE TABLE ev1 PARTITION OF ev FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE ev2 PARTITION OF ev FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE TABLE li (a int, m mood) PARTITION BY LIST (a);
CREATE TABLE li1 PARTITION OF li FOR VALUES IN (1, 2, NULL);
CREATE TABLE li_rest PARTITION OF li DEFAULT;
CREATE TABLE hs (a int) PARTITION BY HASH (a);
CREATE TABLE hs1 PARTITION OF hs FOR VALUES WITH (MODULUS 4, REMAINDER 1);
CREATE TABLE two (a int, b text COLLATE "C") PARTITION BY RANGE (a, b);
CREATE TABLE two1 PARTITION OF two FOR VALUES FROM (1, MINVALUE) TO (1, MAXVALUE);
CREATE TABLE grid (a int NOT NULL, b int NOT NULL) PARTITION BY RANGE (a, b);
CREATE TABLE grid1 PARTITION OF grid FOR VALUES FROM (1, 5) TO (3, MAXVALUE);
CREATE TABLE deep (a int, b int) PARTITION BY LIST (a);
CREATE TABLE deep1 PARTITION OF deep FOR VALUES IN (1) PARTITION BY LIST (b);
CREATE TABLE whole (a int, b int, EXCLUDE USING btree (b WITH =));
CREATE TABLE expr (a int, b int) PARTITION BY RANGE (a, (b + 1));
CREATE TABLE elder (a int NOT NULL, b text, CHECK (a > 0), CHECK (a < 9) NO INHERIT);
CREATE TABLE child () INHERITS (elder);
CREATE TABLE making (a int, b int GENERATED ALWAYS AS (a * 2) STORED);
CREATE TABLE plain (a int, b int);
CREATE TABLE like_elder (a int NOT NULL, b text, CONSTRAINT elder_a_check CHECK (a > 0));
CREATE TABLE loose (id bigint NOT NULL, at timestamptz, note text);
CREATE TABLE typed OF pair;
CREATE TEMP TABLE passing (id bigint NOT NULL, at timestamptz, note text);
CREATE VIEW seen AS SELECT 1 AS a;
"""
KEYS = [
    "CREATE TABLE t (a int, b int) PARTITION BY LIST (a, b)",
    "CREATE TABLE t (a int) PARTITION BY RANGE (b)",
    "CREATE TABLE t (a int) PARTITION BY RANGE (ctid)",
    "CREATE TABLE t (a point) PARTITION BY RANGE (a)",
    "CREATE TABLE t (a point) PARTITION BY LIST (a point_ops)",
    "CREATE TABLE t (a json) PARTITION BY HASH (a)",
    "CREATE TABLE t (a int) PARTITION BY RANGE ((a + now()))",
    "CREATE TABLE t (a timestamptz) PARTITION BY RANGE ((a::date))",
    "CREATE TABLE t (a timestamp) PARTITION BY RANGE ((a::date))",
    "CREATE TABLE t (a int) PARTITION BY RANGE ((a + (SELECT 1)))",
    "CREATE TABLE t (a int) PARTITION BY RANGE (avg(a))",
    "CREATE TABLE t (a int) PARTITION BY RANGE ((42))",
    "CREATE TABLE t (a int) PARTITION BY RANGE ((t))",
    "CREATE TABLE t (a int) PARTITION BY RANGE (nofunction(a))",
    "CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a) STORED) PARTITION BY RANGE (b)",
    "CREATE TABLE t (a int, b int, PRIMARY KEY (b)) PARTITION BY RANGE (a)",
    "CREATE TABLE t (a int, b int, PRIMARY KEY (b, a)) PARTITION BY RANGE (a)",
    "CREATE TABLE t (a int UNIQUE) PARTITION BY RANGE ((a + 1))",
    "CREATE TABLE t (a int, CHECK (a > 0) NO INHERIT) PARTITION BY RANGE (a)",
    "ALTER TABLE ev ADD PRIMARY KEY (id)",
    "ALTER TABLE ev ADD PRIMARY KEY (id, at); ALTER TABLE ev1 ADD PRIMARY KEY (id)",
    "ALTER TABLE ev ADD UNIQUE (id)",
    "CREATE UNIQUE INDEX ON ev (id)",
    "CREATE UNIQUE INDEX ON ev (id, at)",
    "CREATE UNIQUE INDEX ON expr (a, b)",
    "ALTER TABLE li ADD EXCLUDE USING btree (a WITH =)",
    "CREATE UNIQUE INDEX u ON li (a); ALTER TABLE li ADD UNIQUE USING INDEX u",
    "ALTER TABLE ev ADD CHECK (id > 0) NO INHERIT",
    "ALTER TABLE ev DROP COLUMN at",
    "ALTER TABLE ev ALTER at TYPE timestamp",
    "ALTER TABLE expr DROP COLUMN b",
    "ALTER TABLE deep DROP COLUMN b",
    "ALTER TABLE ev DROP COLUMN note; CREATE INDEX ON ev1 (note)",
    "ALTER TABLE ev RENAME at TO moment; ALTER TABLE ev DROP COLUMN moment",
    "CREATE TABLE t (a int, b int) PARTITION BY RANGE ((a + b)); ALTER TABLE t ALTER b TYPE bigint",
]
BOUNDS = [
    "CREATE TABLE t PARTITION OF ev FOR VALUES FROM ('2022-01-01') TO ('2023-01-01')",
    "CREATE TABLE t PARTITION OF ev FOR VALUES FROM ('2021-05-01') TO ('2023-01-01')",
    "CREATE TABLE t PARTITION OF ev FOR VALUES FROM (MINVALUE) TO ('2020-01-01')",
    "CREATE TABLE t PARTITION OF ev FOR VALUES FROM (MINVALUE) TO ('2020-01-02')",
    "CREATE TABLE t PARTITION OF ev FOR VALUES FROM ('2023-01-01') TO ('2022-01-01')",
    "CREATE TABLE t PARTITION OF ev FOR VALUES FROM ('2022-01-01', 1) TO ('2023-01-01')",
    "CREATE TABLE t PARTITION OF ev FOR VALUES FROM ('2022-01-01') TO ('2023-01-01', 1)",
    "CREATE TABLE t PARTITION OF ev FOR VALUES FROM ('soonish') TO ('2023-01-01')",
    "CREATE TABLE t PARTITION OF ev FOR VALUES FROM (5) TO (6)",
    "CREATE TABLE t PARTITION OF ev FOR VALUES FROM (NULL) TO ('2023-01-01')",
    "CREATE TABLE t PARTITION OF ev FOR VALUES FROM (at) TO ('2023-01-01')",
    "CREATE TABLE t PARTITION OF ev FOR VALUES FROM (max('2022-01-01'::date)) TO ('2023-01-01')",
    "CREATE TABLE t PARTITION OF ev FOR VALUES FROM ((SELECT now())) TO ('2023-01-01')",
    "CREATE TABLE t PARTITION OF ev FOR VALUES IN ('2022-01-01')",
    "CREATE TABLE t PARTITION OF ev FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
    "CREATE TABLE t PARTITION OF ev DEFAULT; CREATE TABLE u PARTITION OF ev DEFAULT",
    "CREATE TABLE t PARTITION OF li DEFAULT",
    "CREATE TABLE t PARTITION OF li FOR VALUES IN (3, 4); CREATE TABLE u PARTITION OF li FOR VALUES IN (5, 4)",
    "CREATE TABLE t PARTITION OF li FOR VALUES IN (NULL)",
    "CREATE TABLE t PARTITION OF li FOR VALUES IN (3, '2')",
    "CREATE TABLE t PARTITION OF li FOR VALUES IN ('x')",
    "CREATE TABLE t PARTITION OF li FOR VALUES IN (true)",
    "CREATE TABLE t PARTITION OF li FOR VALUES IN (sum(1))",
    "CREATE TABLE t PARTITION OF li FOR VALUES IN (generate_series(1, 3))",
    "CREATE TABLE t PARTITION OF li FOR VALUES FROM (1) TO (2)",
    "CREATE TABLE t PARTITION OF hs FOR VALUES WITH (MODULUS 4, REMAINDER 2)",
    "CREATE TABLE t PARTITION OF hs FOR VALUES WITH (MODULUS 8, REMAINDER 5)",
    "CREATE TABLE t PARTITION OF hs FOR VALUES WITH (MODULUS 6, REMAINDER 0)",
    "CREATE TABLE t PARTITION OF hs FOR VALUES WITH (MODULUS 0, REMAINDER 0)",
    "CREATE TABLE t PARTITION OF hs FOR VALUES WITH (MODULUS 4, REMAINDER 4)",
    "CREATE TABLE t PARTITION OF hs DEFAULT",
    "CREATE TABLE t PARTITION OF two FOR VALUES FROM (MINVALUE, 0) TO (1, MAXVALUE)",
    "CREATE TABLE t PARTITION OF grid FOR VALUES FROM (0, 0) TO (1, 6)",
    "CREATE TABLE t PARTITION OF grid FOR VALUES FROM (0, 0) TO (1, 5)",
    "CREATE TABLE t PARTITION OF grid FOR VALUES FROM (4, MINVALUE) TO (5, MAXVALUE)",
    "CREATE TABLE t PARTITION OF loose FOR VALUES IN (1)",
    (
        "CREATE TABLE t (a int) PARTITION BY RANGE (a); CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (5); "
        "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (4) TO (9)"
    ),
    "CREATE TABLE t (m mood) PARTITION BY LIST (m); CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('bad', 'worse')",
    (
        "CREATE TABLE t (m mood) PARTITION BY LIST (m); CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('bad'); "
        "CREATE TABLE t2 PARTITION OF t FOR VALUES IN ('bad', 'good')"
    ),
    (
        "ALTER TABLE ev DETACH PARTITION ev1; "
        "CREATE TABLE t PARTITION OF ev FOR VALUES FROM ('2020-05-01') TO ('2020-06-01')"
    ),
]
FAMILIES = [
    "ALTER TABLE ev ATTACH PARTITION loose FOR VALUES FROM ('2022-01-01') TO ('2023-01-01'); DROP TABLE loose",
    "ALTER TABLE ev ATTACH PARTITION loose FOR VALUES FROM ('2020-01-01') TO ('2023-01-01')",
    "ALTER TABLE ev ATTACH PARTITION loose DEFAULT; ALTER TABLE ev DETACH PARTITION loose; ALTER TABLE loose ADD c int",
    "ALTER TABLE ev ATTACH PARTITION loose DEFAULT; ALTER TABLE loose ADD c int",
    "ALTER TABLE ev ATTACH PARTITION loose DEFAULT; ALTER TABLE loose DROP COLUMN note",
    "ALTER TABLE ev ATTACH PARTITION loose DEFAULT; ALTER TABLE ev ADD c int; CREATE INDEX ON loose (c)",
    "ALTER TABLE ev ATTACH PARTITION ev1 DEFAULT",
    "ALTER TABLE ev ATTACH PARTITION nowhere DEFAULT",
    "ALTER TABLE ev ATTACH PARTITION seen DEFAULT",
    "ALTER TABLE ev ATTACH PARTITION passing DEFAULT",
    "ALTER TABLE ev ATTACH PARTITION typed DEFAULT",
    "ALTER TABLE li ATTACH PARTITION child FOR VALUES IN (7)",
    "ALTER TABLE li ATTACH PARTITION elder FOR VALUES IN (7)",
    "ALTER TABLE ev ATTACH PARTITION ev DEFAULT",
    "ALTER TABLE deep1 ATTACH PARTITION deep DEFAULT",
    "ALTER TABLE loose ATTACH PARTITION ev DEFAULT",
    "ALTER TABLE loose ADD extra int; ALTER TABLE ev ATTACH PARTITION loose DEFAULT",
    "ALTER TABLE loose DROP note; ALTER TABLE ev ATTACH PARTITION loose DEFAULT",
    "ALTER TABLE loose ALTER note TYPE varchar(5); ALTER TABLE ev ATTACH PARTITION loose DEFAULT",
    "ALTER TABLE loose ALTER id DROP NOT NULL; ALTER TABLE ev ATTACH PARTITION loose DEFAULT",
    "ALTER TABLE ev ADD CONSTRAINT c CHECK (id > 0); ALTER TABLE ev ATTACH PARTITION loose DEFAULT",
    (
        "ALTER TABLE ev ADD CONSTRAINT c CHECK (id > 0); ALTER TABLE loose ADD CONSTRAINT c CHECK (id > 0) NOT VALID; "
        "ALTER TABLE ev ATTACH PARTITION loose DEFAULT"
    ),
    (
        "ALTER TABLE ev ADD PRIMARY KEY (id, at); ALTER TABLE loose ADD PRIMARY KEY (id); "
        "ALTER TABLE ev ATTACH PARTITION loose DEFAULT"
    ),
    "ALTER TABLE ev DETACH PARTITION ev1; ALTER TABLE ev DETACH PARTITION ev1",
    "ALTER TABLE ev DETACH PARTITION loose",
    "ALTER TABLE ev DETACH PARTITION nowhere",
    "ALTER TABLE loose DETACH PARTITION ev1",
    "ALTER TABLE like_elder INHERIT elder; ALTER TABLE like_elder DROP COLUMN b",
    (
        "ALTER TABLE like_elder INHERIT elder; ALTER TABLE like_elder NO INHERIT elder; "
        "ALTER TABLE like_elder DROP COLUMN b"
    ),
    "ALTER TABLE like_elder INHERIT elder; ALTER TABLE like_elder INHERIT elder",
    "ALTER TABLE child INHERIT elder",
    "ALTER TABLE elder INHERIT child",
    "ALTER TABLE elder INHERIT elder",
    "ALTER TABLE loose INHERIT elder",
    "ALTER TABLE like_elder DROP CONSTRAINT elder_a_check; ALTER TABLE like_elder INHERIT elder",
    "ALTER TABLE like_elder ALTER a DROP NOT NULL; ALTER TABLE like_elder INHERIT elder",
    "ALTER TABLE loose NO INHERIT elder",
    "ALTER TABLE child NO INHERIT nowhere",
    "ALTER TABLE loose INHERIT ev",
    "ALTER TABLE loose INHERIT ev1",
    "ALTER TABLE ev1 INHERIT loose",
    "ALTER TABLE ev INHERIT loose",
    "ALTER TABLE loose INHERIT passing",
    "ALTER TABLE typed INHERIT elder",
    "ALTER TABLE typed ADD c int",
    "ALTER TABLE typed DROP COLUMN a",
    "ALTER TABLE typed RENAME a TO z",
    "ALTER TABLE typed ALTER a TYPE bigint",
    "CREATE TABLE t OF nowhere",
    "CREATE TABLE t OF loose",
    "CREATE TABLE t OF pair (c WITH OPTIONS NOT NULL)",
    "CREATE TABLE t OF pair (a WITH OPTIONS PRIMARY KEY); ALTER TABLE t ADD CHECK (a > 0)",
    "CREATE TABLE t () INHERITS (ev1)",
    "CREATE TABLE t () INHERITS (ev)",
    "CREATE TABLE t (a text) INHERITS (elder)",
    "CREATE TABLE t (CONSTRAINT elder_a_check CHECK (a > 0) NO INHERIT) INHERITS (elder)",
    "CREATE TABLE t () INHERITS (elder); ALTER TABLE t DROP CONSTRAINT elder_a_check",
    "CREATE TABLE t () INHERITS (elder); ALTER TABLE t DROP CONSTRAINT elder_a_check1",
    "CREATE TABLE t () INHERITS (elder); ALTER TABLE elder ADD c int; ALTER TABLE t ALTER c SET DEFAULT 1",
    "CREATE TABLE t () INHERITS (elder); ALTER TABLE elder RENAME b TO c; ALTER TABLE t ALTER c SET NOT NULL",
    "ALTER TABLE child RENAME b TO c",
    "ALTER TABLE ONLY elder RENAME b TO c",
    "ALTER TABLE child RENAME CONSTRAINT elder_a_check TO c",
    "ALTER TABLE ONLY elder RENAME CONSTRAINT elder_a_check TO c",
    "ALTER TABLE ONLY elder ADD c int",
    "ALTER TABLE ONLY elder ADD CHECK (a > 1)",
    "ALTER TABLE ONLY elder ADD CHECK (a > 1) NO INHERIT",
    "ALTER TABLE ONLY elder ALTER b SET NOT NULL",
    "ALTER TABLE elder ADD c int GENERATED ALWAYS AS IDENTITY",
    "ALTER TABLE ONLY ev ADD c int",
    "ALTER TABLE ONLY ev DROP COLUMN note",
    "ALTER TABLE ONLY ev ALTER note SET NOT NULL",
    (
        "ALTER TABLE ev1 ALTER note SET NOT NULL; ALTER TABLE ev2 ALTER note SET NOT NULL; "
        "ALTER TABLE ONLY ev ALTER note SET NOT NULL"
    ),
    "ALTER TABLE ONLY ev ALTER id DROP NOT NULL",
    "ALTER TABLE ev1 ALTER id DROP NOT NULL",
    "ALTER TABLE ev1 ALTER note DROP NOT NULL",
    "ALTER TABLE ONLY ev ADD PRIMARY KEY (id, at)",
    "ALTER TABLE ev SET WITHOUT CLUSTER",
    "CREATE TABLE t PARTITION OF ev (id GENERATED ALWAYS AS IDENTITY) DEFAULT",
    "CREATE TABLE t PARTITION OF deep FOR VALUES IN (2) PARTITION BY LIST (b); ALTER TABLE deep ADD UNIQUE (a)",
    "ALTER TABLE deep ADD c int; ALTER TABLE deep1 DROP COLUMN c",
    'CREATE TABLE t (a int COLLATE "C")',
    "CREATE TABLE t (a int) WITH (oids)",
    "CREATE UNIQUE INDEX u ON loose (id); ALTER TABLE loose REPLICA IDENTITY USING INDEX u",
    "CREATE INDEX u ON loose (id); ALTER TABLE loose REPLICA IDENTITY USING INDEX u",
    "CREATE UNIQUE INDEX u ON loose (note); ALTER TABLE loose REPLICA IDENTITY USING INDEX u",
    "CREATE UNIQUE INDEX u ON loose ((id + 1)); ALTER TABLE loose REPLICA IDENTITY USING INDEX u",
    "CREATE UNIQUE INDEX u ON loose (id) WHERE id > 0; ALTER TABLE loose REPLICA IDENTITY USING INDEX u",
    "ALTER TABLE loose ADD CONSTRAINT u UNIQUE (id) DEFERRABLE; ALTER TABLE loose REPLICA IDENTITY USING INDEX u",
    "CREATE UNIQUE INDEX u ON plain (a); ALTER TABLE loose REPLICA IDENTITY USING INDEX u",
    "ALTER TABLE loose REPLICA IDENTITY USING INDEX nowhere",
    "ALTER TABLE loose REPLICA IDENTITY FULL",
    "CREATE TABLE t (b int DEFAULT 10) INHERITS (making)",
    "CREATE TABLE t (b int GENERATED ALWAYS AS IDENTITY) INHERITS (making)",
    "ALTER TABLE plain INHERIT making",
    "CREATE TABLE t () INHERITS (making); ALTER TABLE t ALTER b DROP EXPRESSION",
    "CREATE TABLE t () INHERITS (making); ALTER TABLE ONLY making ALTER b DROP EXPRESSION",
    "CREATE TABLE t () INHERITS (making); ALTER TABLE making ALTER b DROP EXPRESSION",
    "CREATE TABLE t () INHERITS (making, plain)",
    "CREATE TABLE t (a int) ON COMMIT DELETE ROWS",
    "CREATE TEMP TABLE fleeting (a int) ON COMMIT DROP",
    "ALTER TABLE making INHERIT plain",
    "CREATE TABLE t (a int, b bool GENERATED ALWAYS AS (tableoid = 't'::regclass) STORED)",
]


@pytest.fixture(scope="module")
def place(server: Cluster) -> Iterator[psycopg.Connection[Any]]:
    """One connection with tables to work on; each script is rolled back."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA parted; SET search_path = parted")
        connection.execute(SETUP)
        yield connection
        connection.execute("SET client_min_messages = error; DROP SCHEMA parted CASCADE")


@pytest.mark.parametrize("script", [*KEYS, *BOUNDS, *FAMILIES])
def test_each_verdict_is_the_server_s(place: psycopg.Connection[Any], script: str) -> None:
    agree(place, script)


def test_what_was_only_parsed_is_said_once_for_the_script(place: psycopg.Connection[Any]) -> None:
    report = validate(
        "GRANT SELECT ON ev TO public;\nALTER TABLE ev ADD x int;\nCREATE POLICY p ON ev", connection=place
    )
    (said,) = (finding for finding in report.suggestions if finding.rule == "proof-limited")
    assert said.message.startswith("2 of 3 statements were parsed and no more")
    assert ("CREATE POLICY, GRANT" in said.hint, said.facts["lines"]) == (True, [1, 3])
    assert "proof-limited" not in {f.rule for f in validate("ALTER TABLE ev ADD x int", connection=place).findings}
