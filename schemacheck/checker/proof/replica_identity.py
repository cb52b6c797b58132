"""REPLICA IDENTITY USING INDEX: an index that finds each row, and always."""

from schemacheck.checker.database.catalog import Index, Table
from schemacheck.checker.reading.shapes import Action, Name
from schemacheck.checker.scope import Scope


def check_identity(scope: Scope, table: Table, action: Action) -> Table:
    """The table as replication then identifies its rows."""
    name = getattr(action.node, "def").replica_identity_stmt.name
    if not name:
        return table
    location = scope.statement.find(name, after=scope.statement.find("identity"))
    index = next((index for index in table.indexes if index.name == name), None)
    if index is None:
        if scope.catalog.index(Name(table.schema, name)):
            message = f'"{name}" is not an index for table "{table.name}"'
            scope.error("wrong-object-kind", message, "42809", location)
        elif scope.catalog.is_live:
            message = f'index "{name}" for table "{table.name}" does not exist'
            scope.unknown("undefined-index", message, "42704", location)
        return table
    message, sqlstate = _unfit(table, index)
    if message:
        scope.error("wrong-object-kind", message, sqlstate, location)
        return table
    indexes = tuple(other._replace(identifies=other is index) for other in table.indexes)
    return table._replace(indexes=indexes)


def _unfit(table: Table, index: Index) -> tuple[str, str]:
    nullable = next((c.name for c in table.columns if c.name in index.columns and not c.not_null), None)
    if not index.unique:
        return f'cannot use non-unique index "{index.name}" as replica identity', "42809"
    if index.deferrable:
        return f'cannot use non-immediate index "{index.name}" as replica identity', "0A000"
    if None in index.columns:
        return f'cannot use expression index "{index.name}" as replica identity', "0A000"
    if index.partial:
        return f'cannot use partial index "{index.name}" as replica identity', "0A000"
    if nullable:
        what = f'index "{index.name}" cannot be used as replica identity'
        return f'{what} because column "{nullable}" is nullable', "42809"
    return "", ""
