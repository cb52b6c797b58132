"""How a table is cut into partitions: by which key, and which bounds are taken."""

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:  # psycopg is for who has a connection
    from schemacheck.checker.database.session import Session


class Key(NamedTuple):
    """What a table is partitioned by; `strategy` is r range, l list or h hash.

    A column is None for an expression. A type is empty where its values cannot be compared here: that of an expression,
    one made in the database, or one that the key orders by another operator class or collation than its own.
    """

    strategy: str
    columns: tuple[str | None, ...]
    types: tuple[str, ...]
    used: tuple[str, ...] = ()  # its columns and those of its expressions


class Part(NamedTuple):
    """A partition; `bound` is the server's text of it, or the parser's node where the script made it."""

    schema: str
    name: str
    bound: Any

    @property
    def is_default(self) -> bool:
        """Whether it takes what no other does."""
        return self.bound == "DEFAULT" if isinstance(self.bound, str) else bool(self.bound.is_default)


# Asked only of partitioned tables. Without the relation's number pg_get_expr opens none, so it waits for nobody.
PARTITIONING = """
SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
  'oid', t.partrelid::bigint, 'strategy', t.partstrat,
  'key', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(a.attname, CASE
        WHEN (y.oid < 16384 AND y.typtype = 'b' OR y.typtype = 'e') AND o.opcdefault AND k.collated = y.typcollation
        THEN pg_catalog.format_type(a.atttypid, a.atttypmod) ELSE '' END) ORDER BY k.place)
      FROM unnest(t.partattrs::int2[], t.partclass::oid[], t.partcollation::oid[]) WITH ORDINALITY
           k (number, class, collated, place)
      LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = t.partrelid AND a.attnum = k.number AND k.number > 0
      LEFT JOIN pg_catalog.pg_type y ON y.oid = a.atttypid LEFT JOIN pg_catalog.pg_opclass o ON o.oid = k.class),
  'used', (SELECT pg_catalog.json_agg(a.attname) FROM pg_catalog.pg_depend d
      JOIN pg_catalog.pg_attribute a ON a.attrelid = d.objid AND a.attnum = d.objsubid
      WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = t.partrelid
        AND d.refclassid = d.classid AND d.refobjid = t.partrelid AND d.refobjsubid = 0),
  'parts', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
        n.nspname, c.relname, pg_catalog.pg_get_expr(c.relpartbound, 0)))
      FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE i.inhparent = t.partrelid AND c.relpartbound IS NOT NULL)))
FROM pg_catalog.pg_partitioned_table t WHERE t.partrelid = ANY ($1::oid[])
"""


def key_from_document(row: dict[str, Any]) -> Key:
    """A key as the query describes it."""
    parts = row["key"] or ()
    names, types = tuple(name for name, _ in parts), tuple(shown or "" for _, shown in parts)
    return Key(row["strategy"], names, types, tuple(row["used"] or ()))


def parts_from_document(row: dict[str, Any]) -> tuple[Part, ...]:
    """The partitions as the query describes them."""
    return tuple(Part(*part) for part in row["parts"] or ())


_KEYS_BELOW = """
WITH RECURSIVE below (oid) AS (
  SELECT $1::oid UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN below ON below.oid = i.inhparent
)
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(c.relname, a.attname))
FROM below JOIN pg_catalog.pg_class c ON c.oid = below.oid AND c.relkind = 'p'
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
  AND d.objsubid = a.attnum AND d.refclassid = d.classid AND d.refobjid = c.oid AND d.refobjsubid = 0
"""
_NULLABLE = """
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname))
FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_attribute a ON a.attrelid = i.$side AND a.attname = $2
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE i.$other = $1::oid AND a.attnotnull = $wanted
"""
_NULLABLE_BELOW = _NULLABLE.replace("$side", "inhrelid").replace("$other", "inhparent").replace("$wanted", "false")
_REQUIRED_ABOVE = _NULLABLE.replace("$side", "inhparent").replace("$other", "inhrelid").replace("$wanted", "true")


def keys_below(session: "Session", oid: int) -> list[tuple[str, str]]:
    """The columns by which a table and those below it are partitioned, each after the name of its table."""
    return [(table, column) for table, column in session.document(_KEYS_BELOW, (str(oid),)) or ()]


def nullable_below(session: "Session", oid: int, column: str) -> list[tuple[str, str]]:
    """The tables directly below one in which a column may be NULL, each a schema and a name."""
    return [(schema, name) for schema, name in session.document(_NULLABLE_BELOW, (str(oid), column)) or ()]


def required_above(session: "Session", oid: int, column: str) -> list[tuple[str, str]]:
    """The tables directly above one in which a column is NOT NULL."""
    return [(schema, name) for schema, name in session.document(_REQUIRED_ABOVE, (str(oid), column)) or ()]
