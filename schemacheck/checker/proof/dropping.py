"""DROP: whether what is dropped is there, and whether anything depends on it."""

from postgast import pg_query_pb2 as ast

from schemacheck.checker.database.catalog import Table
from schemacheck.checker.database.dependents import foreign_keys_to, forget_dependents, views_on
from schemacheck.checker.database.lookup import names_of
from schemacheck.checker.proof.indexes import drop_indexes
from schemacheck.checker.proof.type_definitions import drop_types
from schemacheck.checker.proof.unused import drop_functions, report_users, sequence_users
from schemacheck.checker.reading.shapes import Name
from schemacheck.checker.scope import Scope

_DROPPED = {
    ast.OBJECT_TABLE: ("table", "rp"),
    ast.OBJECT_VIEW: ("view", "v"),
    ast.OBJECT_MATVIEW: ("materialized view", "m"),
    ast.OBJECT_SEQUENCE: ("sequence", "S"),
    ast.OBJECT_FOREIGN_TABLE: ("foreign table", "f"),
}


def drop(scope: Scope) -> None:
    """DROP of relations, indexes, types and schemas."""
    node = scope.statement.node
    if node.remove_type == ast.OBJECT_INDEX:
        return drop_indexes(scope)
    if node.remove_type == ast.OBJECT_SCHEMA:
        return _drop_schemas(scope)
    if node.remove_type in (ast.OBJECT_TYPE, ast.OBJECT_DOMAIN):
        return drop_types(scope)
    if node.remove_type in (ast.OBJECT_FUNCTION, ast.OBJECT_PROCEDURE, ast.OBJECT_ROUTINE):
        return drop_functions(scope)
    if node.remove_type == ast.OBJECT_TRIGGER:
        return _drop_triggers(scope)
    if node.remove_type in _DROPPED:
        _drop_relations(scope, *_DROPPED[node.remove_type])
    return None


def _drop_relations(scope: Scope, noun: str, kinds: str) -> None:
    node = scope.statement.node
    for name in names_of(node.objects):
        scope.table_name = scope.table_name or str(name)
        located = Name(name.schema, name.name, scope.statement.find(name.name, after=5))
        table = scope.catalog.table(located)
        if table is None:
            if node.missing_ok:
                message = f'{noun} "{name}" does not exist, so nothing would be done'
                if scope.catalog.is_live:
                    scope.warn("nothing-to-do", message, located.location)
            else:
                scope.require_table(located, what=noun)
            continue
        if table.kind not in kinds:
            message = f'"{table.name}" is not a {noun}'
            scope.error("wrong-object-kind", message, "42809", located.location)
        elif not table.is_mine:
            scope.error("permission", f"must be owner of {noun} {table.name}", "42501", located.location)
        else:
            _check_dependents(scope, table, noun, located.location)
        if node.behavior == ast.DROP_CASCADE:
            forget_dependents(scope.catalog, table)
        scope.catalog.remove(table)


def _check_dependents(scope: Scope, table: Table, noun: str, location: int) -> None:
    node = scope.statement.node
    going = {name.name for name in names_of(node.objects)}
    keys = [f"constraint {name} on table {other}" for other, name in foreign_keys_to(scope.catalog, table)]
    readers = [f"view {view}" for view in views_on(scope.catalog, table)]
    users = [user for user in (*keys, *readers) if user.rpartition(" ")[2].rpartition(".")[2].strip('"') not in going]
    if table.kind == "S":
        users += sequence_users(scope, table)
    report_users(scope, noun, table.name, users, location)


def _drop_triggers(scope: Scope) -> None:
    """What a trigger calls can go once it is gone."""
    for item in scope.statement.node.objects:
        *names, trigger = [part.string.sval for part in item.list.items]
        table = scope.catalog.table(Name(names[-2] if len(names) > 1 else None, names[-1]))
        schema = table.schema if table else names[-2] if len(names) > 1 else None
        scope.catalog.dropped.add(("pg_trigger", (schema, names[-1], trigger)))
        if table is not None:
            scope.catalog.put(table._replace(triggers=tuple(name for name in table.triggers if name != trigger)))


def _drop_schemas(scope: Scope) -> None:
    node = scope.statement.node
    for name in names_of(node.objects):
        if not scope.catalog.has_schema(name.name) and not node.missing_ok:
            location = scope.statement.find(name.name, after=5)
            scope.unknown("undefined-schema", f'schema "{name.name}" does not exist', "3F000", location)
        scope.catalog.schemas.pop(name.name, None)
        for table in [table for table in scope.catalog.tables.values() if table.schema == name.name]:
            scope.catalog.remove(table)
