"""What it takes to build empty temporary copies of tables: their families, keys and bounds, asked in one query.

Reads catalogs; the texts of bounds and keys are the server's own. It also says whose code the tables carry: functions
written in the database that PostgreSQL might run while it plans a check or an index, even over an empty table.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from schemacheck.checker.database.answers import ServerError

if TYPE_CHECKING:  # psycopg is for who has a connection
    from schemacheck.checker.database.session import Session

MAX_RELATIONS = 120
_OWN = "p.provolatile = 'i' AND l.lanname NOT IN ('internal', 'c')"  # the planner folds immutable calls by running them
# A family is all that a table inherits from or passes on to, itself included. Tables beyond a foreign key come alone.
_QUERY = f"""
WITH RECURSIVE family (oid) AS (
  SELECT pg_catalog.unnest($1::oid[])
  UNION SELECT n.oid FROM family f, LATERAL (
    SELECT i.inhparent AS oid FROM pg_catalog.pg_inherits i WHERE i.inhrelid = f.oid
    UNION ALL SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = f.oid) n
), beyond AS (
  SELECT k.confrelid AS oid FROM pg_catalog.pg_constraint k JOIN family f ON f.oid = k.conrelid WHERE k.contype = 'f'
  UNION SELECT k.conrelid FROM pg_catalog.pg_constraint k JOIN family f ON f.oid = k.confrelid WHERE k.contype = 'f'
), chosen AS (
  SELECT oid, true AS near FROM family UNION ALL SELECT oid, false FROM beyond WHERE oid NOT IN (SELECT oid FROM family)
), rel AS (
  SELECT c.*, n.nspname::text AS schema, s.near FROM chosen s JOIN pg_catalog.pg_class c ON c.oid = s.oid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace LIMIT {MAX_RELATIONS + 1}
), own_functions AS (
  SELECT d.classid, d.objid FROM pg_catalog.pg_depend d
  LEFT JOIN pg_catalog.pg_operator o ON d.refclassid = 'pg_catalog.pg_operator'::regclass AND o.oid = d.refobjid
  JOIN pg_catalog.pg_proc p ON p.oid = CASE WHEN d.refclassid = 'pg_catalog.pg_proc'::regclass THEN d.refobjid
                                            ELSE o.oprcode END
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  WHERE {_OWN} AND d.refclassid IN ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)
    AND d.classid IN ('pg_catalog.pg_constraint'::regclass, 'pg_catalog.pg_class'::regclass)
), carriers AS (
  SELECT k.conrelid AS oid FROM pg_catalog.pg_constraint k JOIN own_functions u ON u.objid = k.oid
    WHERE k.conrelid <> 0
  UNION SELECT a.attrelid FROM pg_catalog.pg_constraint k JOIN own_functions u ON u.objid = k.oid
    JOIN pg_catalog.pg_attribute a ON a.atttypid = k.contypid WHERE k.contypid <> 0
  UNION SELECT i.indrelid FROM pg_catalog.pg_index i JOIN own_functions u ON u.objid = i.indexrelid
  UNION SELECT u.objid FROM own_functions u
  UNION SELECT t.partrelid FROM pg_catalog.pg_partitioned_table t WHERE t.partstrat <> 'h' AND EXISTS (
    SELECT 1 FROM pg_catalog.pg_opclass c WHERE c.oid = ANY (t.partclass::oid[]) AND c.oid >= 16384)
)
SELECT pg_catalog.json_build_object(
  'triggers', EXISTS (SELECT 1 FROM pg_catalog.pg_event_trigger WHERE evtenabled <> 'D'),
  'calls_own', EXISTS (
    SELECT 1 FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    WHERE p.proname = ANY ($2::text[]) AND p.oid >= 16384 AND p.provolatile <> 'v'
      AND l.lanname NOT IN ('internal', 'c'))
   OR EXISTS (
    SELECT 1 FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode
    JOIN pg_catalog.pg_language l ON l.oid = p.prolang WHERE o.oprname = ANY ($3::text[]) AND {_OWN})
   OR EXISTS (
    SELECT 1 FROM pg_catalog.pg_type t JOIN pg_catalog.pg_constraint k ON k.contypid = t.oid
    JOIN own_functions u ON u.objid = k.oid WHERE t.typname = ANY ($4::text[])),
  'reads_own', EXISTS (
    SELECT 1 FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    WHERE p.proname = ANY ($5::text[]) AND (p.oid >= 16384 OR p.provolatile = 'v')
      AND (p.oid < 16384 OR l.lanname NOT IN ('internal', 'c'))),
  'temporary', pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMP'),
  'taken', (SELECT pg_catalog.json_agg(c.relname) FROM pg_catalog.pg_class c
            WHERE c.relnamespace = pg_catalog.pg_my_temp_schema() AND c.relname IN (SELECT relname FROM rel)),
  'relations', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', r.oid::bigint, 'schema', r.schema, 'name', r.relname, 'kind', r.relkind,
      'is_temporary', r.relpersistence = 't', 'near', r.near,
      'is_mine', r.relnamespace = pg_catalog.pg_my_temp_schema(),
      'readable', pg_catalog.has_table_privilege(r.oid, 'SELECT'),
      'has_code', r.oid IN (SELECT oid FROM carriers),
      'key', CASE WHEN r.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(r.oid) END,
      'bound', CASE WHEN r.relispartition THEN pg_catalog.pg_get_expr(r.relpartbound, r.oid) END,
      'of_type', CASE WHEN r.reloftype <> 0 THEN pg_catalog.format_type(r.reloftype, NULL) END,
      'parents', (SELECT pg_catalog.json_agg(i.inhparent::bigint ORDER BY i.inhseqno)
        FROM pg_catalog.pg_inherits i WHERE i.inhrelid = r.oid),
      'checks', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', k.conname, 'local', k.conislocal,
          'validated', k.convalidated, 'definition', pg_catalog.pg_get_constraintdef(k.oid)) ORDER BY k.oid)
        FROM pg_catalog.pg_constraint k WHERE k.conrelid = r.oid AND k.contype = 'c'),
      'unvalidated', (SELECT pg_catalog.json_agg(k.conname) FROM pg_catalog.pg_constraint k
        WHERE k.conrelid = r.oid AND NOT k.convalidated),
      'indexes', (SELECT pg_catalog.json_agg(c.relname ORDER BY c.oid) FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = r.oid),
      'keys', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
          'name', k.conname, 'references', k.confrelid::bigint,
          'columns', (SELECT pg_catalog.json_agg(a.attname ORDER BY u.n)
             FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY u (attnum, n)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum),
          'referenced', (SELECT pg_catalog.json_agg(a.attname ORDER BY u.n)
             FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY u (attnum, n)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum)))
        FROM pg_catalog.pg_constraint k WHERE k.conrelid = r.oid AND k.contype = 'f' AND k.conparentid = 0)))
    FROM rel r)
)
"""  # noqa: S608  -- only constants of this module go in


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """A foreign key of a relation to be copied; `references` is an OID."""

    name: str
    references: int
    columns: tuple[str, ...]
    referenced: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A CHECK of a relation to be copied, as the server writes it."""

    name: str
    local: bool
    validated: bool
    definition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """A relation to be copied. `near` ones were named or are family; the others are only referred to."""

    oid: int
    schema: str
    name: str
    kind: str
    is_temporary: bool
    is_mine: bool
    near: bool
    readable: bool
    has_code: bool
    key: str | None
    bound: str | None
    of_type: str | None
    parents: tuple[int, ...]
    indexes: tuple[str, ...]
    keys: tuple[ForeignKey, ...]
    checks: tuple[Check, ...]
    unvalidated: tuple[str, ...]

    @property
    def spells_checks(self) -> bool:
        """Whether LIKE would lose what matters of its checks: that they are inherited, or not validated."""
        return bool(self.parents and not self.bound) or any(not check.validated for check in self.checks)


@dataclass(frozen=True, slots=True)
class Plan:
    """The relations in an order that makes parents first, and the names the session's own tables occupy."""

    relations: tuple[Blueprint, ...]
    taken: frozenset[str]
    may_probe: bool  # False where a probe of existing rows would run functions of the database


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """The names of what a statement could run: functions the planner may fold, all functions, operators, types."""

    folded: frozenset[str]
    functions: frozenset[str]
    operators: frozenset[str]
    types: frozenset[str]


def draw(session: "Session", oids: Iterable[int], code: Code) -> Plan | str:
    """What to build, or why nothing may be built."""
    wanted = "{" + ",".join(str(oid) for oid in sorted(oids)) + "}"
    named = (code.folded, code.operators, code.types, code.functions)
    document = session.attempt(_QUERY, (wanted, *(_array(names) for names in named)))
    if isinstance(document, ServerError):
        return f"the tables could not be read ({document.sqlstate}: {document.message})"
    if document["triggers"]:
        return "event triggers would run"
    if not document["temporary"]:
        return "the role may not make temporary tables"
    if document["calls_own"]:
        return "it could run functions of the database"
    relations = tuple(_blueprint(row) for row in document["relations"] or ())
    if len(relations) > MAX_RELATIONS:
        return f"more than {MAX_RELATIONS} tables belong together"
    if any(relation.has_code and relation.near for relation in relations):
        return "a table's checks or indexes call functions of the database"
    if unreadable := next((relation for relation in relations if relation.near and not relation.readable), None):
        return f"the role may not read {unreadable.name}"
    kept = [r for r in relations if r.kind in "rpf" and r.readable and not r.has_code]
    return Plan(_parents_first(kept), frozenset(document["taken"] or ()), not document["reads_own"])


def _blueprint(row: dict[str, Any]) -> Blueprint:
    keys = tuple(
        ForeignKey(
            name=key["name"],
            references=key["references"],
            columns=tuple(key["columns"]),
            referenced=tuple(key["referenced"]),
        )
        for key in row.pop("keys") or ()
    )
    checks = tuple(Check(**check) for check in row.pop("checks") or ())
    unvalidated = tuple(row.pop("unvalidated") or ())
    parents, indexes = tuple(row.pop("parents") or ()), tuple(row.pop("indexes") or ())
    return Blueprint(**row, parents=parents, indexes=indexes, keys=keys, checks=checks, unvalidated=unvalidated)


def _parents_first(relations: list[Blueprint]) -> tuple[Blueprint, ...]:
    ordered: list[Blueprint] = []
    waiting = {relation.oid: relation for relation in relations}
    while waiting:
        ready = [r for r in waiting.values() if not any(parent in waiting for parent in r.parents)]
        for relation in ready or list(waiting.values()):
            ordered.append(relation)
            del waiting[relation.oid]
    return tuple(ordered)


def _array(values: Iterable[str]) -> str:
    escaped = (value.replace("\\", "\\\\").replace('"', '\\"') for value in sorted(values))
    return "{" + ",".join(f'"{value}"' for value in escaped) + "}"
