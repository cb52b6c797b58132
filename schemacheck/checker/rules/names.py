"""Names: too long, without a schema, and statements that cannot be run twice."""

import re
from collections.abc import Iterator, Sequence

from postgast import pg_query_pb2 as ast

from schemacheck.checker.database.lookup import names_of
from schemacheck.checker.findings import Severity
from schemacheck.checker.reading.lowering import range_name, shape_of
from schemacheck.checker.reading.parser import Statement
from schemacheck.checker.reading.shapes import AlterationShape, Name
from schemacheck.checker.rules.registry import Case, rule
from schemacheck.checker.scope import Scope

_MAX_BYTES = 63
_LONG = re.compile(r'\b[\w$]{64}|"[^"]{64}')
_LONG_IN_BYTES = re.compile(r'\b[\w$]{16}|"[^"]{16}')  # a character has four bytes at most


@rule(
    "identifier-too-long",
    title="A name of more than 63 bytes is cut off",
    why="PostgreSQL keeps the first 63 bytes with no more than a notice: two long names can become one, and programs "
    "that use the whole name in quotes may not find it in the catalog.",
    bad=f"CREATE TABLE {'very_long_' * 7} (id bigint PRIMARY KEY);",
    good="CREATE TABLE orders (id bigint PRIMARY KEY);",
    also_bad=("CREATE INDEX orders_by_customer_and_state_and_total_and_day_of_delivery_and_clerk ON orders (id);",),
    also_good=("ALTER TABLE orders ADD COLUMN customer_number text;",),
)
def identifier_too_long(scope: Scope) -> Iterator[Case]:
    sql = scope.statement.sql
    if not _may_be_too_long(sql):
        return
    for start, token in scope.statement.tokens():
        bare = token[1:-1].replace('""', '"') if token[0] == '"' else token
        size = len(bare.encode())
        if size > _MAX_BYTES and (token[0] == '"' or token[0].isalpha() or token[0] == "_"):
            kept = bare.encode()[:_MAX_BYTES].decode(errors="ignore")
            yield Case(
                f"the name has {size} bytes and is cut off after {_MAX_BYTES}",
                start,
                hint=f'PostgreSQL would call it "{kept}". Choose a shorter name.',
            )


def _may_be_too_long(sql: str) -> bool:
    """A quick look, for nearly every statement has short names only."""
    if len(sql) < _MAX_BYTES // 4:
        return False
    plain = sql.isascii()
    if '"' not in sql and max(map(len, sql.split())) <= (_MAX_BYTES if plain else _MAX_BYTES // 4):
        return False
    return (_LONG if plain else _LONG_IN_BYTES).search(sql) is not None


def _named(statement: Statement) -> Iterator[Name]:
    """Tables a statement defines or changes."""
    node = statement.node
    match node:
        case ast.CreateStmt() | ast.AlterTableStmt() | ast.IndexStmt():
            if node.relation.relpersistence != "t":
                yield range_name(node.relation)
        case ast.CreateTableAsStmt() if getattr(node.into.rel, "relpersistence", "p") != "t":
            yield range_name(node.into.rel)
        case ast.ViewStmt() if node.view.relpersistence != "t":
            yield range_name(node.view)
        case ast.RenameStmt() if node.relation.relname:
            yield range_name(node.relation)
        case ast.DropStmt() if statement.kind in ("drop_table", "drop_view", "drop_materialized_view"):
            yield from names_of(node.objects)
        case ast.TruncateStmt():
            for item in node.relations:
                yield range_name(item.range_var)


@rule(
    "unqualified-table",
    title="A table without its schema",
    why="Which table is meant, or where it is made, depends on the search path of whoever runs the script.",
    bad="CREATE TABLE orders (id bigint PRIMARY KEY);",
    good="CREATE TABLE shop.orders (id bigint PRIMARY KEY);",
    also_bad=("CREATE TABLE IF NOT EXISTS orders (id bigint PRIMARY KEY);",),
    also_good=("CREATE TEMPORARY TABLE scratch (id bigint PRIMARY KEY);",),
    kinds=(
        "create_table",
        "alter_table",
        "create_index",
        "create_table_as",
        "create_view",
        "drop_table",
        "drop_view",
        "rename_table",
        "rename_column",
        "truncate",
    ),
    severity=Severity.SUGGESTION,
    default=False,
)
def unqualified_table(scope: Scope) -> Iterator[Case]:
    for name in _named(scope.statement):
        if name.schema is None:
            message = f'which "{name.name}" is meant depends on the search path'
            fix = f"{scope.catalog.creation_schema}.{name.sql}"
            yield Case(message, name.location, fix=fix)


@rule(
    "not-rerunnable",
    title="A statement that fails when the script is run again",
    why="Outside a transaction a script can stop half way. IF EXISTS and IF NOT EXISTS let it be run again from the "
    "start; what CONCURRENTLY leaves behind when it fails has to be dropped by name first.",
    bad="DROP INDEX CONCURRENTLY orders_customer;",
    good="DROP INDEX CONCURRENTLY IF EXISTS orders_customer;",
    also_bad=("CREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id);",),
    also_good=("CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_customer ON orders (customer_id);",),
    script=True,
    severity=Severity.SUGGESTION,
    default=False,
)
def not_rerunnable(scopes: Sequence[Scope]) -> Iterator[Case]:
    several = len(scopes) > 1
    dropped: set[str] = set()
    inside = scopes[0].progress.history.policy.assume_in_transaction
    for scope in scopes:
        statement = scope.statement
        if statement.kind in ("begin", "start"):
            inside = True
        elif statement.kind in ("commit", "rollback"):
            inside = False
        found = None if statement.node is None else _fragile(statement, dropped)
        if found and (found == "CONCURRENTLY" or (several and not inside)):
            drops = statement.kind.startswith("drop") or "Drop" in _kinds(statement)
            missing = "IF EXISTS" if drops else "IF NOT EXISTS"
            yield Case(
                "run again after a stop half way, the statement fails",
                hint=f"Say {missing}, or do the whole script in a transaction.",
            )


def _kinds(statement: Statement) -> str:
    shape = shape_of(statement)
    return " ".join(action.kind for action in shape.actions) if isinstance(shape, AlterationShape) else ""


def _fragile(statement: Statement, dropped: set[str]) -> str | None:
    """Why a statement cannot be run twice."""
    node = statement.node
    match node:
        case ast.IndexStmt() if node.idxname and not node.if_not_exists and node.idxname not in dropped:
            return "CONCURRENTLY" if node.concurrent else "exists"
        case ast.CreateStmt() if not node.if_not_exists and node.relation.relpersistence != "t":
            return "exists"
        case ast.DropStmt() if not node.missing_ok:
            return "CONCURRENTLY" if node.concurrent else "gone"
        case ast.DropStmt():
            dropped.update(name.name for name in names_of(node.objects))
        case ast.AlterTableStmt():
            shape: AlterationShape = shape_of(statement)
            gone = {action.name for action in shape.actions if action.kind == "DropConstraint" and action.missing_ok}
            for action in shape.actions:
                adds = action.kind == "AddConstraint" and action.name not in gone | dropped
                if adds or (action.kind in ("AddColumn", "DropColumn", "DropConstraint") and not _guarded(action)):
                    return "exists"
            dropped.update(gone)
    return None


def _guarded(action: object) -> bool:
    return bool(getattr(action, "missing_ok", False))
