"""Indexes are built and dropped under locks; CONCURRENTLY avoids them."""

from postgast import pg_query_pb2 as ast

from schemacheck.lowering import shape_of
from schemacheck.proof.scope import Scope
from schemacheck.rules.registry import about, rewritten, rule
from schemacheck.shapes import IndexShape, Name
from schemacheck.snapshot import names_of


@rule(
    "index-not-concurrent",
    title="CREATE INDEX blocks writes",
    why="CREATE INDEX holds a SHARE lock while it reads the whole table: every insert, update and delete waits. "
    "CONCURRENTLY takes longer, cannot run in a transaction, and lets writes go on.",
    bad="CREATE INDEX orders_customer ON orders (customer_id);",
    good="CREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id);",
    kinds=("create_index",),
)
def index_not_concurrent(scope: Scope) -> None:
    shape: IndexShape = shape_of(scope.statement)
    table = scope.standing(shape.table)
    if shape.concurrently or table is False:
        return
    scope.warn(
        "index-not-concurrent",
        f'building an index blocks every write to "{shape.table.name}" until it is done',
        hint="Build it with CONCURRENTLY, outside a transaction; if it fails, drop the invalid index and try again.",
        fix=rewritten(scope.statement, "index", "INDEX CONCURRENTLY"),
        facts=about(table),
    )


@rule(
    "drop-index-not-concurrent",
    title="DROP INDEX blocks reads and writes",
    why="DROP INDEX takes ACCESS EXCLUSIVE on the table: it waits for every running query, and all others wait for it.",
    bad="DROP INDEX orders_customer;",
    good="DROP INDEX CONCURRENTLY orders_customer;",
    kinds=("drop_index",),
)
def drop_index_not_concurrent(scope: Scope) -> None:
    node = scope.statement.node
    if node.concurrent:
        return
    for name in names_of(node.objects):
        owners = [
            table for table in scope.catalog.tables.values() if any(index.name == name.name for index in table.indexes)
        ]
        if (not owners and scope.catalog.is_live) or (owners and owners[0].is_empty):
            continue
        scope.warn(
            "drop-index-not-concurrent",
            f'dropping index "{name}" blocks every query on its table while it waits for its lock',
            hint="Drop it with CONCURRENTLY, outside a transaction.",
            fix=f"DROP INDEX CONCURRENTLY {name.sql};",
            facts=about(owners[0] if owners else None),
        )


@rule(
    "reindex-not-concurrent",
    title="REINDEX blocks writes",
    why="REINDEX locks out writes to the table, and reads that would use the index, until it is done.",
    bad="REINDEX TABLE orders;",
    good="REINDEX TABLE CONCURRENTLY orders;",
    kinds=("reindex",),
)
def reindex_not_concurrent(scope: Scope) -> None:
    node = scope.statement.node
    if any(item.def_elem.defname == "concurrently" for item in node.params):
        return
    name = Name(node.relation.schemaname or None, node.relation.relname)
    if scope.standing(name) is False and node.kind == ast.REINDEX_OBJECT_TABLE:
        return
    hint = "Use REINDEX ... CONCURRENTLY, outside a transaction."
    scope.warn("reindex-not-concurrent", "REINDEX blocks every write until it is done", hint=hint)
