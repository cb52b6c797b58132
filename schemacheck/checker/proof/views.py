"""CREATE VIEW, CREATE MATERIALIZED VIEW, CREATE TABLE AS: the query, and the columns that come of it."""

from collections.abc import Sequence
from typing import Any

from postgast import pg_query_pb2 as ast

from schemacheck.checker.database.catalog import Column, Table, TypeInfo
from schemacheck.checker.database.functions import type_names
from schemacheck.checker.proof.queries import analyse_query
from schemacheck.checker.proof.tables import record_created
from schemacheck.checker.reading.lowering import range_name
from schemacheck.checker.scope import Scope

_NOUNS = {"v": "view", "m": "materialized view", "r": "table"}


def create_view(scope: Scope) -> None:
    """Judge the query and bring in the relation with its columns."""
    node = scope.statement.node
    is_view = isinstance(node, ast.ViewStmt)
    target = node.view if is_view else node.into.rel
    name = range_name(target)
    scope.table_name = str(name)
    kind = "v" if is_view else "m" if node.objtype == ast.OBJECT_MATVIEW else "r"
    schema = scope.catalog.schema_for_new(name, target.relpersistence) or "public"
    existing = scope.catalog.relation(schema, name.name)
    if existing is not None and not (is_view and node.replace):
        if not is_view and node.if_not_exists:
            return
        scope.error("duplicate-table", f'relation "{name.name}" already exists', "42P07", name.location)
        return
    if existing is not None and existing.kind != "v":
        scope.error("wrong-object-kind", f'"{name.name}" is not a view', "42809", name.location)
        return
    if not node.query.HasField("select_stmt"):
        record_created(scope, name, kind=kind)
        return
    found = analyse_query(scope, node.query.select_stmt)
    aliases = [item.string.sval for item in (node.aliases if is_view else node.into.col_names)]
    columns = _columns(scope, found.columns, aliases, _NOUNS[kind])
    if existing is not None and existing.is_known and columns is not None and not scope.has_error:
        _compare(scope, existing, columns)
    known: dict[str, Any] = {"columns": tuple(columns), "is_known": True} if columns is not None else {}
    reads = found.reads if kind != "r" else ()
    if existing is not None:
        scope.catalog.put(existing._replace(reads=reads, **known))
    else:
        record_created(scope, name, kind=kind, persistence=target.relpersistence, reads=reads, **known)


def _columns(
    scope: Scope, found: Sequence[tuple[str, int]] | None, aliases: Sequence[str], noun: str
) -> list[Column] | None:
    """The columns of the query under the names given to them; None where they are not known."""
    if found is None or scope.session is None:
        return None
    if len(aliases) > len(found):
        message = f"CREATE {noun.upper()} specifies more column names than columns"
        if noun != "view":
            message = "too many column names were specified"
        scope.error("syntax-error", message, "42601")
        return None
    names = [*aliases, *(name for name, _ in found[len(aliases) :])]
    if twice := next((name for number, name in enumerate(names) if name in names[:number]), None):
        message = f'column "{twice}" specified more than once'
        scope.error("duplicate-column", message, "42701", scope.statement.find(twice, after=1))
        return None
    displays = type_names(scope.session, [oid for _, oid in found])
    columns = []
    for name, (_, oid), shown in zip(names, found, displays, strict=True):
        info = TypeInfo(schema="pg_catalog", name=shown, display=shown, oid=oid, base_oid=oid)
        columns.append(Column(name=name, type=info, type_sql=shown))
    return columns


def _compare(scope: Scope, existing: Table, columns: Sequence[Column]) -> None:
    """CREATE OR REPLACE VIEW may only add columns at the end."""
    for old, new in zip(existing.columns, columns, strict=False):
        if old.name != new.name:
            message = f'cannot change name of view column "{old.name}" to "{new.name}"'
            hint = "Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead."
            scope.error("invalid-definition", message, "42P16", hint=hint)
            return
        if old.type and new.type and old.type.base_oid != new.type.base_oid and old.type.base_oid:
            message = f'cannot change data type of view column "{old.name}" from {old.type_sql} to {new.type.display}'
            scope.error("invalid-definition", message, "42P16", scope.statement.find(old.name, after=1))
            return
    if len(columns) < len(existing.columns):
        hint = "DROP VIEW it first, and make again what depends on it."
        scope.error("invalid-definition", "cannot drop columns from view", "42P16", hint=hint)
