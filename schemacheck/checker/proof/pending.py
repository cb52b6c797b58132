"""What a transaction still has to do at its end: triggers that wait for COMMIT keep a table from being altered.

A deferred foreign key is checked by such triggers, on the table that refers and on the one referred to.
"""

from postgast import pg_query_pb2 as ast

from schemacheck.checker.database.catalog import Table
from schemacheck.checker.database.lookup import names_of
from schemacheck.checker.reading.lowering import range_name
from schemacheck.checker.reading.shapes import Name
from schemacheck.checker.scope import Scope

_WORDS = {"alter_table": "ALTER TABLE", "drop_table": "DROP TABLE", "truncate": "TRUNCATE"}


def note(scope: Scope) -> None:
    """Remember the tables on which the statement leaves triggers for the end of the transaction."""
    node, progress = scope.statement.node, scope.progress
    match node:
        case ast.TransactionStmt() if scope.statement.kind in ("commit", "rollback", "prepare"):
            progress.pending.clear()
            progress.deferred.clear()
        case ast.ConstraintsSetStmt():
            _set_constraints(scope)
        case ast.InsertStmt() | ast.UpdateStmt() | ast.DeleteStmt() | ast.MergeStmt() if progress.in_transaction:
            table = scope.catalog.table(range_name(node.relation))
            if table is not None and _leaves_triggers(scope, table):
                key = (table.schema, table.name)
                progress.pending[key] = progress.pending.get(key, False) or _surely_writes(node)


def check(scope: Scope) -> None:
    """Refuse what needs a table for itself while triggers wait on it (55006)."""
    if not scope.progress.pending:
        return
    for name in _needed(scope):
        table = scope.catalog.table(name)
        is_sure = scope.progress.pending.get((table.schema, table.name)) if table else None
        if table is None or is_sure is None:
            continue
        words = _WORDS.get(scope.statement.kind, scope.statement.kind.replace("_", " ").upper())
        hint = "COMMIT first, or SET CONSTRAINTS ALL IMMEDIATE after the rows were changed."
        fix = f"SET CONSTRAINTS ALL IMMEDIATE;\n{scope.statement.sql.strip()};"
        if is_sure:
            message = f'cannot {words} "{table.name}" because it has pending trigger events'
            scope.error("pending-trigger-events", message, "55006", name.location, hint=hint, fix=fix)
        else:
            message = (
                f'the server refuses to {words} "{table.name}" if rows of it were changed: triggers wait for COMMIT'
            )
            scope.warn("pending-trigger-events", message, name.location, sqlstate="55006", hint=hint, fix=fix)


def _needed(scope: Scope) -> list[Name]:
    node = scope.statement.node
    match node:
        case ast.AlterTableStmt() if scope.statement.kind == "alter_table":
            return [range_name(node.relation)]
        case ast.IndexStmt():
            return [range_name(node.relation)]
        case ast.DropStmt() if node.remove_type == ast.OBJECT_TABLE:
            return names_of(node.objects)
        case ast.TruncateStmt():
            return [range_name(item.range_var) for item in node.relations]
    return []


def _leaves_triggers(scope: Scope, table: Table) -> bool:
    """Whether what writes the table queues triggers for the end."""
    is_insert = isinstance(scope.statement.node, ast.InsertStmt)
    own = any(_waits(scope, key.name, deferrable=key.deferrable, deferred=key.deferred) for key in table.constraints)
    return own or table.has_deferred_triggers or (not is_insert and _is_waited_for(scope, table))


def _is_waited_for(scope: Scope, table: Table) -> bool:
    """Whether a deferred foreign key of another table looks back at this one."""
    made = (key for other in scope.catalog.tables.values() for key in other.constraints)
    keys = [key for key in made if key.references == table.display]
    return table.has_deferred_references or any(
        _waits(scope, key.name, deferrable=key.deferrable, deferred=key.deferred) for key in keys
    )


def _waits(scope: Scope, name: str, *, deferrable: bool, deferred: bool) -> bool:
    changed = scope.progress.deferred
    return deferrable and changed.get(name, changed.get("", deferred))


def _set_constraints(scope: Scope) -> None:
    node, progress = scope.statement.node, scope.progress
    if not progress.in_transaction:
        return
    for name in [item.range_var.relname for item in node.constraints] or [""]:
        progress.deferred[name] = node.deferred
    if not node.deferred and not node.constraints:
        progress.pending.clear()


def _surely_writes(node: object) -> bool:
    """INSERT ... VALUES writes a row; of the others only the rows can tell."""
    if not isinstance(node, ast.InsertStmt):
        return False
    is_given = len(node.select_stmt.select_stmt.values_lists) > 0 or not node.HasField("select_stmt")
    return is_given and not node.HasField("on_conflict_clause")
