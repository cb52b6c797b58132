"""Indexes are built and dropped under locks; CONCURRENTLY avoids them."""

from collections.abc import Iterator
from typing import Any

from postgast import pg_query_pb2 as ast

from schemacheck.checker.database.catalog import Table
from schemacheck.checker.database.lookup import names_of
from schemacheck.checker.findings import Severity
from schemacheck.checker.history import key_of
from schemacheck.checker.reading.lowering import range_name, shape_of
from schemacheck.checker.reading.shapes import Action, IndexShape, quote
from schemacheck.checker.rules.registry import Case, about, history_of, is_small, locked, rewritten, rule
from schemacheck.checker.scope import Scope

_WIDE = 3
_OFF = {"false", "off", "0", "no"}


def is_on(options: Any, name: str) -> bool:
    """Whether an option of VACUUM, REINDEX or the like is given and not switched off."""
    for item in options:
        option = item.def_elem
        if option.defname != name:
            continue
        if not option.HasField("arg"):
            return True
        value = option.arg
        if value.HasField("integer"):
            return bool(value.integer.ival)
        if value.HasField("boolean"):
            return bool(value.boolean.boolval)
        return value.string.sval.lower() not in _OFF
    return False


@rule(
    "index-not-concurrent",
    title="CREATE INDEX blocks writes",
    why="CREATE INDEX holds a SHARE lock while it reads the whole table: every insert, update and delete waits. "
    "CONCURRENTLY takes longer, cannot run in a transaction, and lets writes go on.",
    bad="CREATE INDEX orders_customer ON orders (customer_id);",
    good="CREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id);",
    also_bad=("CREATE UNIQUE INDEX ON orders (number) WHERE number IS NOT NULL;",),
    also_good=("CREATE TABLE lines (id bigint PRIMARY KEY, order_id bigint);\nCREATE INDEX ON lines (order_id);",),
    kinds=("create_index",),
    rests_on="estimated rows, whether the table is empty or partitioned",
)
def index_not_concurrent(scope: Scope) -> Iterator[Case]:
    shape: IndexShape = shape_of(scope.statement)
    if shape.concurrently:
        return
    table = locked(scope, shape.table)
    if table is False:
        return
    hint = "Build it with CONCURRENTLY, outside a transaction; if it fails, drop the invalid index and try again."
    fix = rewritten(scope.statement, "index", "INDEX CONCURRENTLY")
    if isinstance(table, Table) and table.kind == "p":
        if not scope.statement.node.relation.inh:
            return  # ON ONLY: nothing is read
        hint = "Build it on each partition with CONCURRENTLY, and attach these to one made ON ONLY the parent."
        columns = ", ".join(quote(column) if column else "(...)" for column in shape.columns)
        name = quote(shape.name or f"{shape.table.name}_idx")
        fix = (
            f"CREATE INDEX {name} ON ONLY {shape.table.sql} ({columns});\n"
            f"-- for each partition\nCREATE INDEX CONCURRENTLY partition_idx ON partition ({columns});\n"
            f"ALTER INDEX {name} ATTACH PARTITION partition_idx;"
        )
    yield Case(
        f'building an index blocks every write to "{shape.table.name}" until it is done',
        hint=hint,
        fix=fix,
        facts=about(table),
    )


@rule(
    "drop-index-not-concurrent",
    title="DROP INDEX blocks reads and writes",
    why="DROP INDEX takes ACCESS EXCLUSIVE on the table: it waits for every running query, and all others wait for it.",
    bad="DROP INDEX orders_customer;",
    good="DROP INDEX CONCURRENTLY orders_customer;",
    also_bad=("DROP INDEX IF EXISTS sales.orders_customer;",),
    also_good=("DROP INDEX CONCURRENTLY IF EXISTS orders_customer;",),
    kinds=("drop_index",),
    rests_on="the table of the index, whether it is empty",
)
def drop_index_not_concurrent(scope: Scope) -> Iterator[Case]:
    node = scope.statement.node
    if node.concurrent:
        return
    made = history_of(scope).made
    for name in names_of(node.objects):
        found = scope.catalog.index(name)
        owner = found[0] if found else None
        if owner is None and (scope.catalog.is_live or ("index", name.name) in made):
            continue
        if owner is not None and (owner.is_empty or is_small(scope, owner)):
            continue
        fix, hint = f"DROP INDEX CONCURRENTLY {name.sql};", "Drop it with CONCURRENTLY, outside a transaction."
        if owner is not None and owner.kind == "p":
            fix, hint = "", "No index of a partitioned table can be dropped CONCURRENTLY: set lock_timeout, try again."
        yield Case(
            f'dropping index "{name}" blocks every query on its table while it waits for its lock',
            hint=hint,
            fix=fix,
            facts=about(owner),
        )


@rule(
    "reindex-not-concurrent",
    title="REINDEX blocks writes",
    why="REINDEX locks out writes to the table, and reads that would use the index, until it is done.",
    bad="REINDEX TABLE orders;",
    good="REINDEX TABLE CONCURRENTLY orders;",
    also_bad=("REINDEX INDEX orders_customer;", "REINDEX (VERBOSE) TABLE orders;"),
    also_good=("REINDEX (CONCURRENTLY) INDEX orders_customer;",),
    kinds=("reindex",),
    rests_on="whether the table is empty, server version (12 and later can do it concurrently)",
)
def reindex_not_concurrent(scope: Scope) -> Iterator[Case]:
    node = scope.statement.node
    if is_on(node.params, "concurrently") or node.kind == ast.REINDEX_OBJECT_SYSTEM:
        return  # catalogs cannot be indexed anew concurrently
    table: Table | bool | None = None
    if node.kind == ast.REINDEX_OBJECT_TABLE:
        table = locked(scope, range_name(node.relation))
        if table is False:
            return
    kinds = {
        ast.REINDEX_OBJECT_INDEX: "INDEX",
        ast.REINDEX_OBJECT_TABLE: "TABLE",
        ast.REINDEX_OBJECT_SCHEMA: "SCHEMA",
        ast.REINDEX_OBJECT_DATABASE: "DATABASE",
    }
    target = range_name(node.relation).sql if node.relation.relname else quote(node.name) if node.name else ""
    yield Case(
        "REINDEX blocks every write until it is done",
        hint="Use REINDEX ... CONCURRENTLY, outside a transaction.",
        fix=f"REINDEX {kinds.get(node.kind, 'TABLE')} CONCURRENTLY {target};",
        facts=about(table),
    )


@rule(
    "wide-index",
    title="An index on more than three columns",
    why="Each write keeps all its columns in step, and a query gains only from the first ones it compares. A unique "
    "index states a rule and is not meant.",
    bad="CREATE INDEX CONCURRENTLY orders_all ON orders (a, b, c, d);",
    good="CREATE INDEX CONCURRENTLY orders_all ON orders (a, b);",
    also_good=("CREATE INDEX CONCURRENTLY orders_all ON orders (a, b) INCLUDE (c, d);",),
    kinds=("create_index",),
    severity=Severity.SUGGESTION,
)
def wide_index(scope: Scope) -> Iterator[Case]:
    shape: IndexShape = shape_of(scope.statement)
    if not shape.unique and len(shape.columns) > _WIDE:
        yield Case(
            f"the index has {len(shape.columns)} columns; a query rarely gains from more than {_WIDE}",
            shape.table.location,
            hint="Put the columns compared for equality first and leave out the rest.",
        )


@rule(
    "attach-partition-scans",
    title="ATTACH PARTITION reads the new partition under ACCESS EXCLUSIVE",
    why="Every row is checked against the bound, unless a validated CHECK on the table to be attached already implies "
    "it. A default partition is read too.",
    bad="ALTER TABLE events ATTACH PARTITION events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');",
    good="CREATE TABLE events_2026 (LIKE events);\n"
    "ALTER TABLE events ATTACH PARTITION events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');",
    also_bad=("ALTER TABLE events ATTACH PARTITION events_rest DEFAULT;",),
    also_good=("CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');",),
    actions=("AttachPartition",),
    rests_on="validated CHECK constraints of the partition, whether it is empty",
)
def attach_partition_scans(scope: Scope, action: Action, table: Table | None) -> Iterator[Case]:
    child_name = range_name(getattr(action.node, "def").partition_cmd.name)
    child = locked(scope, child_name)
    if child is False:
        return
    if isinstance(child, Table) and any(item.kind == "c" and item.validated for item in child.constraints):
        return  # whether it implies the bound nobody but the server can say
    name = child_name.sql
    yield Case(
        f'every row of "{child_name.name}" is read while nobody can use it',
        child_name.location,
        hint="Add a CHECK that says the bound, NOT VALID, and VALIDATE it first; drop it afterwards.",
        fix=f"ALTER TABLE {name} ADD CONSTRAINT bound CHECK (...) NOT VALID;\n"
        f"ALTER TABLE {name} VALIDATE CONSTRAINT bound;\n"
        f"{scope.statement.sql.rstrip()};\n"
        f"ALTER TABLE {name} DROP CONSTRAINT bound;",
        facts=about(child),
    )


@rule(
    "detach-partition-not-concurrent",
    title="DETACH PARTITION blocks the whole partitioned table",
    why="It takes ACCESS EXCLUSIVE on the parent: every query on any partition waits. CONCURRENTLY (PostgreSQL 14 and "
    "later) does not, and cannot run in a transaction.",
    bad="ALTER TABLE events DETACH PARTITION events_2020;",
    good="ALTER TABLE events DETACH PARTITION events_2020 CONCURRENTLY;",
    also_bad=("ALTER TABLE ONLY events DETACH PARTITION sales.events_2020;",),
    also_good=("ALTER TABLE events DETACH PARTITION events_2020 FINALIZE;",),
    actions=("DetachPartition",),
    rests_on="server version",
)
def detach_partition_not_concurrent(scope: Scope, action: Action, table: Table | None) -> Iterator[Case]:
    command = getattr(action.node, "def").partition_cmd
    if not command.concurrent:
        name = range_name(command.name)
        yield Case(
            f'every query on "{key_of(shape_of(scope.statement).name)[1]}" waits while "{name.name}" is detached',
            name.location,
            hint="Detach it with CONCURRENTLY, outside a transaction.",
            fix=f"{scope.statement.sql.rstrip()} CONCURRENTLY;",
            facts=about(table),
        )
