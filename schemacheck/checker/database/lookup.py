"""Looks up in PostgreSQL, in one query, all that a script's names mean there."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from postgast import pg_query_pb2 as ast

from schemacheck.checker.database.catalog import Catalog, TypeInfo, table_from_document
from schemacheck.checker.database.partitioning import PARTITIONING
from schemacheck.checker.reading.lowering import shape_of
from schemacheck.checker.reading.parser import Statement, walk
from schemacheck.checker.reading.shapes import Name

if TYPE_CHECKING:  # psycopg is for who has a connection
    from schemacheck.checker.database.session import Session

# It must not wait for anybody, so it calls nothing that opens a table: no pg_relation_size, no pg_get_constraintdef.
_QUERY = """
WITH facts AS (
  SELECT pg_catalog.current_schemas(true)::text[] AS path, coalesce(ns.nspname, 'pg_temp')::text AS temporary
  FROM (SELECT pg_catalog.pg_my_temp_schema() AS oid) mine LEFT JOIN pg_catalog.pg_namespace ns USING (oid)
), spaces AS (
  SELECT ns.oid, ns.nspname::text AS name FROM pg_catalog.pg_namespace ns, facts
  WHERE ns.nspname = ANY (facts.path) OR ns.nspname = facts.temporary OR ns.nspname = ANY ($2::text[])
), named AS (
  SELECT c.oid, c.relkind FROM pg_catalog.pg_class c JOIN spaces ON spaces.oid = c.relnamespace
  WHERE c.relname = ANY ($1::text[])
), rel AS (
  SELECT c.*, n.nspname::text AS schema FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = ANY (ARRAY(
    SELECT oid FROM named WHERE relkind NOT IN ('i', 'I')
    UNION ALL SELECT i.indrelid FROM pg_catalog.pg_index i
    WHERE i.indexrelid = ANY (ARRAY(SELECT oid FROM named WHERE relkind IN ('i', 'I')))))
), typ AS (
  SELECT t.oid FROM pg_catalog.pg_type t JOIN spaces ON spaces.oid = t.typnamespace
  WHERE t.typname = ANY ($3::text[])
  UNION SELECT a.atttypid FROM pg_catalog.pg_attribute a JOIN rel ON rel.oid = a.attrelid
  WHERE a.attnum > 0 AND NOT a.attisdropped
), refs AS (
  SELECT k.confrelid AS oid, pg_catalog.json_agg(pg_catalog.json_build_object(
      'table', k.conrelid::regclass::text, 'name', k.conname, 'deferred', k.condeferred)) AS found
  FROM pg_catalog.pg_constraint k JOIN rel ON rel.oid = k.confrelid
  WHERE k.contype = 'f' AND k.conparentid = 0 GROUP BY k.confrelid
)
SELECT pg_catalog.json_build_object(
  'version', pg_catalog.current_setting('server_version_num')::int,
  'user', current_user, 'path', (SELECT path FROM facts), 'temporary', (SELECT temporary FROM facts),
  'creation', pg_catalog.current_schema(), 'in_recovery', pg_catalog.pg_is_in_recovery(),
  'system_changes', pg_catalog.current_setting('allow_system_table_mods')::bool,
  'schemas', (SELECT pg_catalog.json_object_agg(name, pg_catalog.has_schema_privilege(oid, 'CREATE')) FROM spaces),
  'roles', (SELECT pg_catalog.json_agg(rolname) FROM pg_catalog.pg_roles WHERE rolname = ANY ($5::text[])),
  'functions', (SELECT pg_catalog.json_object_agg(proname, worst) FROM (
      SELECT proname, max(CASE provolatile WHEN 'v' THEN 'v' WHEN 's' THEN 's' ELSE 'i' END) AS worst
      FROM pg_catalog.pg_proc WHERE proname = ANY ($4::text[]) GROUP BY proname) f),
  'types', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', t.oid::bigint, 'schema', n.nspname, 'name', t.typname, 'display', pg_catalog.format_type(t.oid, NULL),
      'kind', t.typtype, 'base', CASE WHEN t.typtype = 'd' THEN pg_catalog.format_type(b.oid, NULL) ELSE '' END,
      'base_oid', coalesce(b.oid, t.oid)::bigint, 'usable', pg_catalog.has_type_privilege(t.oid, 'USAGE'),
      'of_table', coalesce(r.relkind <> 'c', false), 'is_constrained', coalesce(b.strict, false),
      'labels', CASE WHEN t.typtype = 'e' THEN (
          SELECT pg_catalog.json_agg(e.enumlabel ORDER BY e.enumsortorder)
          FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid) END))
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN LATERAL (
      WITH RECURSIVE down AS (
        SELECT d.oid, d.typtype, d.typbasetype, d.typnotnull, 0 AS depth FROM pg_catalog.pg_type d
        WHERE d.oid = t.oid AND t.typtype = 'd'
        UNION ALL SELECT d.oid, d.typtype, d.typbasetype, d.typnotnull, down.depth + 1
        FROM pg_catalog.pg_type d JOIN down ON d.oid = down.typbasetype WHERE down.typtype = 'd')
      SELECT (pg_catalog.array_agg(down.oid ORDER BY depth DESC))[1] AS oid,
        bool_or(typnotnull OR EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k WHERE k.contypid = down.oid)) AS strict
      FROM down) b ON t.typtype = 'd'
    LEFT JOIN pg_catalog.pg_class r ON r.oid = t.typrelid
    WHERE t.oid IN (SELECT oid FROM typ)),
  'tables', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', c.oid::bigint, 'schema', c.schema, 'name', c.relname, 'kind', c.relkind,
      'persistence', c.relpersistence, 'rows', c.reltuples, 'is_partition', c.relispartition,
      'bytes', c.relpages::bigint * pg_catalog.current_setting('block_size')::bigint,
      'seems_empty', c.relpages = 0 AND c.reltuples = 0 AND pg_catalog.pg_stat_get_live_tuples(c.oid) = 0
                     AND pg_catalog.current_setting('server_version_num')::int >= 140000,
      'is_mine', pg_catalog.pg_has_role(c.relowner, 'USAGE'),
      'may_reference', pg_catalog.has_table_privilege(c.oid, 'REFERENCES')
                       OR pg_catalog.has_any_column_privilege(c.oid, 'REFERENCES'),
      'has_deferred_triggers', EXISTS (SELECT 1 FROM pg_catalog.pg_trigger g
          WHERE g.tgrelid = c.oid AND g.tginitdeferred AND NOT g.tgisinternal AND g.tgenabled <> 'D'),
      'owned_by', CASE WHEN c.relkind = 'S' THEN (
          SELECT pg_catalog.json_build_array(n.nspname, t.relname, a.attname) FROM pg_catalog.pg_depend d
          JOIN pg_catalog.pg_class t ON t.oid = d.refobjid JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
          JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
          WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
            AND d.objid = c.oid AND d.deptype IN ('a', 'i') LIMIT 1) END,
      'of_type', c.reloftype <> 0,
      'has_children', EXISTS (SELECT 1 FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid),
      'has_parents', EXISTS (SELECT 1 FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid),
      'columns', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
          'number', a.attnum, 'name', a.attname, 'type', a.atttypid::bigint,
          'sql', pg_catalog.format_type(a.atttypid, a.atttypmod),
          'not_null', a.attnotnull, 'has_default', a.atthasdef, 'identity', a.attidentity,
          'generated', a.attgenerated, 'inherited', a.attinhcount > 0,
          'uses', CASE WHEN a.attgenerated <> '' THEN (
            SELECT pg_catalog.json_agg(DISTINCT u.attname) FROM pg_catalog.pg_attrdef f
            JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = c.oid
              AND ((d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = f.oid)
                OR (d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.objsubid = a.attnum))
            JOIN pg_catalog.pg_attribute u ON u.attrelid = c.oid AND u.attnum = d.refobjsubid
            WHERE f.adrelid = c.oid AND f.adnum = a.attnum AND u.attnum <> a.attnum) END) ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
      'indexes', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
          'name', ic.relname, 'oid', ic.oid::bigint, 'unique', i.indisunique,
          'primary', i.indisprimary, 'valid', i.indisvalid,
          'partial', i.indpred IS NOT NULL, 'deferrable', NOT i.indimmediate, 'identifies', i.indisreplident,
          'columns', (i.indkey::int2[])[0:i.indnkeyatts - 1]))
        FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid WHERE i.indrelid = c.oid),
      'constraints', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
          'name', k.conname, 'kind', k.contype, 'validated', k.convalidated,
          'deferrable', k.condeferrable, 'deferred', k.condeferred,
          'inherited', k.coninhcount > 0, 'no_inherit', k.connoinherit,
          'persistence', coalesce((SELECT t.relpersistence::text FROM pg_catalog.pg_class t
                                   WHERE t.oid = k.confrelid), ''),
          'proves_not_null', k.contype = 'c' AND k.convalidated AND pg_catalog.array_length(k.conkey, 1) = 1
                             AND k.conbin::text LIKE '{NULLTEST :arg {VAR %:nulltesttype 1 %',
          'references', (SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.relname)
             FROM pg_catalog.pg_class t JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
             WHERE t.oid = k.confrelid),
          'columns', k.conkey,
          'referenced_columns', (SELECT pg_catalog.json_agg(a.attname ORDER BY u.n)
             FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY u (attnum, n)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum)))
        FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid),
      'referenced_by', (SELECT refs.found FROM refs WHERE refs.oid = c.oid),
      'views', (SELECT pg_catalog.json_agg(DISTINCT pg_catalog.jsonb_build_array(
            w.ev_class::regclass::text, coalesce(a.attname, '')))
        FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid
        LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid AND a.attnum > 0
        WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
          AND d.refobjid = c.oid AND w.ev_class <> c.oid)))
    FROM rel c)
)
"""
# Asked only of tables that have relatives.
_FAMILY = """
WITH RECURSIVE down AS (
  SELECT i.inhparent AS root, i.inhrelid AS oid FROM pg_catalog.pg_inherits i WHERE i.inhparent = ANY ($1::oid[])
  UNION SELECT down.root, i.inhrelid FROM down JOIN pg_catalog.pg_inherits i ON i.inhparent = down.oid
), defaults AS (
  SELECT t.partrelid AS root, t.partdefid AS oid FROM pg_catalog.pg_partitioned_table t
  WHERE t.partrelid = ANY ($1::oid[]) AND t.partdefid <> 0
  UNION SELECT defaults.root, i.inhrelid FROM defaults JOIN pg_catalog.pg_inherits i ON i.inhparent = defaults.oid
), up AS (
  SELECT i.inhrelid AS root, i.inhparent AS oid FROM pg_catalog.pg_inherits i WHERE i.inhrelid = ANY ($1::oid[])
  UNION SELECT up.root, i.inhparent FROM up JOIN pg_catalog.pg_inherits i ON i.inhrelid = up.oid
)
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(w.root::bigint, w.what, n.nspname, t.relname, t.relkind))
FROM (SELECT root, oid, 'descendants' AS what FROM down UNION ALL SELECT root, oid, 'default_family' FROM defaults
      UNION ALL SELECT root, oid, 'ancestors' FROM up
      UNION ALL SELECT i.inhrelid, i.inhparent, 'parents' FROM pg_catalog.pg_inherits i
        WHERE i.inhrelid = ANY ($1::oid[])) w
JOIN pg_catalog.pg_class t ON t.oid = w.oid JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
"""
# What others may need of a table; each part is asked only where a statement could break it.
# Yields the table, which part it is, and one or two texts.
_DEPENDENTS = {
    "used_by": """
  SELECT k.conrelid AS root, 'used_by' AS what, k.conname::text AS first, pg_catalog.pg_describe_object(
      CASE WHEN r.oid IS NULL THEN d.classid ELSE 'pg_catalog.pg_class'::regclass END,
      coalesce(r.ev_class, d.objid), 0) AS second
  FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_depend d ON d.deptype = 'n' AND (
      (d.refclassid = 'pg_catalog.pg_constraint'::regclass AND d.refobjid = k.oid)
      OR (d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = k.conindid))
  LEFT JOIN pg_catalog.pg_rewrite r ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND r.oid = d.objid
  LEFT JOIN pg_catalog.pg_constraint f ON d.classid = 'pg_catalog.pg_constraint'::regclass AND f.oid = d.objid
  WHERE k.conrelid = ANY ($1::oid[]) AND k.contype IN ('p', 'u') AND f.conrelid IS DISTINCT FROM k.conrelid""",
    "column_users": """
  SELECT a.attrelid AS root, 'column_users' AS what, a.attname::text AS first,
    pg_catalog.pg_describe_object(d.classid, d.objid, 0) AS second
  FROM pg_catalog.pg_depend d
  JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = ANY ($1::oid[]) AND d.refobjsubid > 0
    AND d.deptype = 'n' AND d.classid IN ('pg_catalog.pg_policy'::regclass, 'pg_catalog.pg_trigger'::regclass,
      'pg_catalog.pg_publication_rel'::regclass, 'pg_catalog.pg_proc'::regclass)""",
    "row_type_in": """
  SELECT c.oid AS root, 'row_type_in' AS what, u.relname || '.' || a.attname AS first, '' AS second
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_type t ON t.oid = c.reltype
  JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_type'::regclass AND d.refobjid IN (t.oid, t.typarray)
    AND d.classid = 'pg_catalog.pg_class'::regclass AND d.objsubid > 0
  JOIN pg_catalog.pg_class u ON u.oid = d.objid AND u.relkind IN ('r', 'm', 'p')
  JOIN pg_catalog.pg_attribute a ON a.attrelid = u.oid AND a.attnum = d.objsubid
  WHERE c.oid = ANY ($1::oid[])""",
    "triggers": """
  SELECT t.tgrelid AS root, 'triggers' AS what, t.tgname::text AS first, '' AS second
  FROM pg_catalog.pg_trigger t WHERE t.tgrelid = ANY ($1::oid[])""",
    "rules": """
  SELECT w.ev_class AS root, 'rules' AS what, w.rulename::text AS first, '' AS second
  FROM pg_catalog.pg_rewrite w WHERE w.ev_class = ANY ($1::oid[])""",
    "referring_permanently": """
  SELECT k.confrelid AS root, 'referring_permanently' AS what, t.relname::text AS first, '' AS second
  FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class t ON t.oid = k.conrelid
  WHERE k.confrelid = ANY ($1::oid[]) AND k.contype = 'f' AND k.conrelid <> k.confrelid AND t.relpersistence = 'p'""",
}
_DEPENDENTS_OF = """
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(w.root::bigint, w.what, w.first, w.second)) FROM ($parts) w
"""
_SIMILAR = """
SELECT pg_catalog.json_agg(c.relname) FROM (
  SELECT c.relname FROM pg_catalog.pg_class c
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relnamespace <> 'pg_catalog'::regnamespace
    AND pg_catalog.pg_table_is_visible(c.oid) AND c.relname NOT LIKE 'pg\\_%'
  ORDER BY c.relname LIMIT 5000) c
"""
_COMPARABLE = """
SELECT pg_catalog.to_json(EXISTS (
  SELECT 1 FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod AND m.amname = 'btree'
  WHERE o.opcdefault AND (o.opcintype = $2::oid OR EXISTS (
      SELECT 1 FROM pg_catalog.pg_cast k WHERE k.castsource = $2::oid AND k.casttarget = o.opcintype
        AND k.castmethod = 'b' AND k.castcontext = 'i'))
    AND (EXISTS (SELECT 1 FROM pg_catalog.pg_amop a WHERE a.amopfamily = o.opcfamily
           AND a.amoplefttype = o.opcintype AND a.amoprighttype = $1::oid AND a.amopstrategy = 3)
      OR EXISTS (SELECT 1 FROM pg_catalog.pg_cast k WHERE k.castsource = $1::oid
           AND k.casttarget = o.opcintype AND k.castcontext = 'i'))))
"""


@dataclass(frozen=True, slots=True)
class Mentions:
    """The names a script mentions, whatever they turn out to be."""

    relations: frozenset[str]
    schemas: frozenset[str]
    types: frozenset[str]
    functions: frozenset[str]
    roles: frozenset[str]
    dependents: frozenset[str] = frozenset()  # the parts of `_DEPENDENTS` a verdict rests on


def mentions(statements: Sequence[Statement]) -> Mentions:  # noqa: C901, PLR0912  -- a case a kind of node
    """Every relation, schema, type, function and role that the definitions in a script mention."""
    relations: set[str] = set()
    schemas: set[str] = set()
    types: set[str] = set()
    functions: set[str] = set()
    roles: set[str] = set()

    def add(names: set[str], parts: list[str]) -> None:
        if parts:
            names.add(parts[-1])
            schemas.update(parts[-2:-1])

    for statement in statements:
        if statement.node is None or statement.kind in _NOT_DEFINITIONS:
            continue
        for node in walk(statement.node):
            match node:
                case ast.RangeVar():
                    add(relations, [part for part in (node.schemaname, node.relname) if part])
                case ast.TypeName():
                    add(types, _strings(node.names))
                case ast.FuncCall():
                    add(functions, _strings(node.funcname))
                case ast.RoleSpec() if node.rolename:
                    roles.add(node.rolename)
                case ast.List():
                    add(relations, _strings(node.items))
                case ast.IndexElem() if len(node.opclass) > 1:
                    schemas.update(_strings(node.opclass)[-2:-1])
                case ast.ReplicaIdentityStmt() if node.name:
                    relations.add(node.name)
                case ast.IndexStmt() if node.idxname:
                    relations.add(node.idxname)
                case ast.Constraint() if node.conname:
                    relations.update((node.conname, node.indexname))
                case ast.RenameStmt():
                    relations.add(node.newname)
                case ast.CreateStmt() if node.HasField("of_typename"):
                    add(relations, _strings(node.of_typename.names))
                case ast.CreateSchemaStmt():
                    schemas.update((node.schemaname, node.authrole.rolename))
                case ast.CreateEnumStmt() | ast.CreateRangeStmt() | ast.AlterEnumStmt():
                    add(types, _strings(node.type_name))
                case ast.CreateDomainStmt():
                    add(types, _strings(node.domainname))
                case ast.VariableSetStmt() if node.name == "search_path":
                    schemas.update(argument.a_const.sval.sval for argument in node.args)
                case ast.AlterObjectSchemaStmt() if node.newschema:
                    schemas.add(node.newschema)
    if any(name.endswith(("serial", "serial2", "serial4", "serial8")) for name in types):
        types |= {"int2", "int4", "int8"}
    types |= relations | {f"_{name}" for name in types}
    mentioned = [frozenset(names - {""}) for names in (relations, schemas, types, functions, roles)]
    asked = frozenset(part for statement in statements for part in _dependents_asked(statement))
    return Mentions(mentioned[0], mentioned[1], mentioned[2], mentioned[3], mentioned[4], asked)


def _dependents_asked(statement: Statement) -> Iterator[str]:
    """What the verdict rests on of all that can depend on a table."""
    if isinstance(statement.node, ast.CreateTrigStmt):
        yield "triggers"
    if not isinstance(statement.node, ast.AlterTableStmt) or statement.kind != "alter_table":
        return
    for action in shape_of(statement).actions:
        yield from _DEPENDED_ON.get(action.kind, ())
        if action.kind.endswith("Trig"):
            yield "triggers"
        elif action.kind.endswith("Rule"):
            yield "rules"
        elif action.kind == "AddColumn" and action.column and action.column.constraint("default"):
            yield "row_type_in"


_DEPENDED_ON = {
    "DropColumn": ("used_by", "column_users"),
    "AlterColumnType": ("column_users", "row_type_in"),
    "DropConstraint": ("used_by",),
    "SetUnLogged": ("referring_permanently",),
}


_NOT_DEFINITIONS = frozenset({"select", "insert", "update", "delete", "merge", "copy", "explain"})


def snapshot(session: "Session", mentioned: Mentions) -> Catalog:
    """The catalog of what is mentioned. Raises DatabaseAway."""
    parameters = [
        _array(names)
        for names in (mentioned.relations, mentioned.schemas, mentioned.types, mentioned.functions, mentioned.roles)
    ]
    document: dict[str, Any] = session.document(_QUERY, parameters)
    by_oid = {}
    types = {}
    for row in document["types"] or ():
        info = TypeInfo(**{**row, "labels": tuple(row["labels"] or ())})
        by_oid[info.oid] = info
        types[info.schema, info.name] = info
    rows = {row["oid"]: row for row in document["tables"] or ()}
    _add_relatives(session, rows)
    _add_dependents(session, rows, mentioned.dependents)
    tables = [table_from_document(row, by_oid) for row in rows.values()]
    catalog = Catalog(
        is_live=True,
        server_version=document["version"],
        user=document["user"],
        path=tuple(document["path"]),
        temporary_schema=document["temporary"],
        creation_schema=document["creation"],
        in_recovery=document["in_recovery"],
        system_changes=document["system_changes"],
        schemas=document["schemas"] or {},
        types=types,
        volatile=document["functions"] or {},
        roles=frozenset(document["roles"] or ()),
    )
    for table in tables:
        catalog.put(table)
    return catalog


def _add_relatives(session: "Session", rows: dict[int, dict[str, Any]]) -> None:
    related = [oid for oid, row in rows.items() if row["has_children"] or row["has_parents"]]
    if related:
        for oid, what, schema, name, kind in session.document(_FAMILY, (_oids(related),)) or ():
            rows[oid].setdefault(what, []).append((schema, name, kind))
    partitioned = [oid for oid, row in rows.items() if row["kind"] == "p"]
    if partitioned:
        for found in session.document(PARTITIONING, (_oids(partitioned),)) or ():
            rows[found["oid"]]["partitioning"] = found


def _add_dependents(session: "Session", rows: dict[int, dict[str, Any]], asked: Iterable[str]) -> None:
    parts = " UNION ALL ".join(_DEPENDENTS[part] for part in sorted(asked))
    if not rows or not parts:
        return
    query = _DEPENDENTS_OF.replace("$parts", parts)
    for oid, what, first, second in session.document(query, (_oids(rows),)) or ():
        row = rows[oid]
        if what == "used_by":
            for constraint in row["constraints"]:
                if constraint["name"] == first:
                    constraint.setdefault("used_by", []).append(second)
        else:
            row.setdefault(what, []).append((first, second) if what == "column_users" else first)


def _oids(oids: Iterable[int]) -> str:
    return "{" + ",".join(map(str, sorted(oids))) + "}"


def visible_relations(session: "Session") -> list[str]:
    """Names of relations to suggest; asked only when a name is unknown."""
    return session.document(_SIMILAR) or []


def are_comparable(session: "Session", column_oid: int, key_oid: int) -> bool:
    """Whether a foreign key column of one base type may refer to a key of another."""
    return bool(session.document(_COMPARABLE, (str(column_oid), str(key_oid))))


def names_of(nodes: Iterable[Any]) -> list[Name]:
    """The relations a DROP names."""
    names = []
    for node in nodes:
        parts = _strings(node.list.items) if node.HasField("list") else _strings([node])
        if parts:
            names.append(Name(parts[-2] if len(parts) > 1 else None, parts[-1]))
    return names


def _strings(nodes: Iterable[Any]) -> list[str]:
    return [node.string.sval for node in nodes if node.HasField("string")]


def _array(values: Iterable[str]) -> str:
    escaped = (value.replace("\\", "\\\\").replace('"', '\\"') for value in sorted(values))
    return "{" + ",".join(f'"{value}"' for value in escaped) + "}"
