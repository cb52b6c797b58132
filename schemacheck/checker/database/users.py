"""What in the database needs a sequence, a function or a type, asked only where one is to be dropped."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from schemacheck.checker.database.answers import ServerError

if TYPE_CHECKING:  # psycopg is for who has a connection
    from schemacheck.checker.database.session import Session

_USERS = """
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
  u.what, u.objid::bigint, n.nspname, c.relname, u.name, pg_catalog.pg_describe_object(u.classid, u.objid, u.objsubid)))
FROM (
  SELECT d.classid, d.objid, d.objsubid, k.relname AS what, coalesce(a.attname, g.tgname, s.conname) AS name,
    CASE WHEN d.classid = 'pg_catalog.pg_class'::regclass THEN d.objid
         ELSE coalesce(f.adrelid, g.tgrelid, s.conrelid, w.ev_class) END AS relation
  FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class k ON k.oid = d.classid
  LEFT JOIN pg_catalog.pg_attrdef f ON k.relname = 'pg_attrdef' AND f.oid = d.objid
  LEFT JOIN pg_catalog.pg_trigger g ON k.relname = 'pg_trigger' AND g.oid = d.objid
  LEFT JOIN pg_catalog.pg_constraint s ON k.relname = 'pg_constraint' AND s.oid = d.objid
  LEFT JOIN pg_catalog.pg_rewrite w ON k.relname = 'pg_rewrite' AND w.oid = d.objid
  LEFT JOIN pg_catalog.pg_attribute a ON (a.attrelid = f.adrelid AND a.attnum = f.adnum)
    OR (k.relname = 'pg_class' AND d.objsubid > 0 AND a.attrelid = d.objid AND a.attnum = d.objsubid)
  WHERE d.refclassid = $1::regclass AND d.refobjid = ANY ($2::oid[]) AND d.deptype = 'n'
) u LEFT JOIN pg_catalog.pg_class c ON c.oid = u.relation LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
"""
_FUNCTIONS = """
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(p.oid::bigint, p.prokind))
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE p.proname = $1 AND CASE WHEN $2::text IS NULL THEN pg_catalog.pg_function_is_visible(p.oid)
                              ELSE n.nspname = $2 END
  AND ($3::text IS NULL OR p.oid = pg_catalog.to_regprocedure($3)::oid)
"""


_IDENTITIES = """
SELECT pg_catalog.json_agg(pg_catalog.pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid))
FROM pg_catalog.pg_depend d
WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = $1::oid AND d.deptype = 'i'
"""


class User(NamedTuple):
    """What needs something; `what` is the catalog it stands in, `name` that of a column, trigger or constraint."""

    what: str
    oid: int
    schema: str | None
    relation: str | None
    name: str | None
    shown: str


class Function(NamedTuple):
    """A function, `kind` as in pg_proc: f, p for a procedure, a for an aggregate, w for a window function."""

    oid: int
    kind: str


def users_of(session: "Session", catalog: str, oids: Iterable[int]) -> list[User]:
    """What the server would not let go of: `catalog` is the one the dropped thing stands in, such as pg_type."""
    numbers = "{" + ",".join(str(oid) for oid in oids if oid) + "}"
    return [User(*row) for row in session.document(_USERS, (f"pg_catalog.{catalog}", numbers)) or ()]


def identities_of(session: "Session", sequence: int) -> list[str]:
    """The identity column that a sequence is part of."""
    return session.document(_IDENTITIES, (str(sequence),)) or []


def functions_called(session: "Session", schema: str | None, name: str, signature: str | None) -> list[Function] | None:
    """The functions of a name, or the one of a signature; None where the server knows a type of it not at all."""
    found = session.attempt(_FUNCTIONS, (name, schema, signature))
    return None if isinstance(found, ServerError) else [Function(*row) for row in found or ()]
