"""CREATE, DROP and RENAME of an index, and ATTACH of one to its parent's."""

from schemacheck.checker.database.builtin_types import SYSTEM_COLUMNS
from schemacheck.checker.database.catalog import Index, Table
from schemacheck.checker.database.lookup import names_of
from schemacheck.checker.database.naming import joined
from schemacheck.checker.proof.index_expressions import check_index
from schemacheck.checker.proof.kinship import add_index, known_below
from schemacheck.checker.proof.partition_keys import check_contains_key
from schemacheck.checker.reading.lowering import called, range_name, shape_of
from schemacheck.checker.reading.shapes import IndexShape, Name
from schemacheck.checker.scope import Scope


def create_index(scope: Scope) -> None:
    """CREATE INDEX: the table, its columns, and a name that is free."""
    shape: IndexShape = shape_of(scope.statement)
    scope.table_name = str(shape.table)
    table = scope.require_table(shape.table)
    if table is None:
        return
    scope.target = table
    if table.kind not in "rpm":
        message = f'cannot create index on relation "{table.name}"'
        scope.error("wrong-object-kind", message, "42809", shape.table.location)
        return
    if shape.concurrently and table.kind == "p":
        message = f'cannot create index on partitioned table "{table.name}" concurrently'
        hint = f"Make it ON ONLY {shape.table.sql}, CONCURRENTLY on each partition, and ATTACH those to it."
        scope.error("wrong-object-kind", message, "0A000", scope.statement.find("concurrently"), hint=hint)
        return
    if shape.name and scope.catalog.relation(table.schema, shape.name):
        if shape.if_not_exists:
            scope.warn("already-exists", f'relation "{shape.name}" already exists, so nothing would be done')
            return
        location = scope.statement.find(shape.name)
        scope.error("duplicate-table", f'relation "{shape.name}" already exists', "42P07", location)
    if table.is_known:
        _check_columns(scope, table, shape)
    if shape.unique and not scope.has_error:
        check_contains_key(scope, table, "UNIQUE", shape.columns)
    _remember(scope, table, shape)


def _check_columns(scope: Scope, table: Table, shape: IndexShape) -> None:
    for name in (*shape.columns, *shape.including):
        if name is not None and table.column(name) is None and name not in SYSTEM_COLUMNS:
            location = scope.statement.find(name, after=shape.table.location + 1)
            scope.unknown_column(table, name, location, f'column "{name}" does not exist')
    if scope.has_error:
        return
    asks = {"can_unique": shape.unique, "can_include": bool(shape.including)}
    check_index(
        scope,
        table,
        method=shape.method,
        elements=shape.elements,
        predicate=shape.predicate,
        asks=frozenset(need for need, is_asked in asks.items() if is_asked),
    )


def _remember(scope: Scope, table: Table, shape: IndexShape) -> None:
    """The index as later statements see it: on the table, and on each partition that is known."""
    schema = table.schema
    spoken = joined(map(called, shape.elements))
    name = shape.name or scope.catalog.free_name(schema, table.name, spoken, "idx")
    index = Index(
        name=name,
        columns=shape.columns,
        unique=shape.unique,
        partial=shape.partial,
        valid=not (shape.only and table.kind == "p"),
        is_new=True,
    )
    scope.catalog.put(table._replace(indexes=(*table.indexes, index)))
    scope.catalog.made.add(name)
    for below in () if shape.only or table.kind != "p" else known_below(scope.catalog, table):
        if below.kind in "rp":
            add_index(scope.catalog, below, index, spoken, "idx")


def drop_indexes(scope: Scope) -> None:
    """DROP INDEX."""
    node = scope.statement.node
    for name in names_of(node.objects):
        location = scope.statement.find(name.name, after=5)
        found = scope.catalog.index(name)
        if found is None:
            _report_no_index(scope, name, location)
            continue
        owner, index = found
        scope.target = owner
        message = ""
        if constraint := owner.constraint(index.name):
            if constraint.kind in "pux" and not (node.missing_ok and not scope.catalog.is_live):
                message = (
                    f"cannot drop index {index.name} because constraint {constraint.name} on table {owner.name} "
                    "requires it"
                )
                hint = f"Drop the constraint: ALTER TABLE {owner.display} DROP CONSTRAINT {constraint.name}."
                scope.error("dependent-objects", message, "2BP01", location, hint=hint)
        elif node.concurrent and owner.kind == "p":
            message = f'cannot drop partitioned index "{index.name}" concurrently'
            hint = "Drop it without CONCURRENTLY, in a quiet hour and with a lock_timeout."
            scope.error("wrong-object-kind", message, "0A000", scope.statement.find("concurrently"), hint=hint)
        elif not owner.is_mine:
            scope.error("permission", f"must be owner of index {index.name}", "42501", location)
        left = tuple(other for other in owner.indexes if other.name != index.name)
        scope.catalog.put(owner._replace(indexes=left))
        scope.catalog.gone.add((owner.schema, index.name))


def _report_no_index(scope: Scope, name: Name, location: int) -> None:
    other = scope.catalog.table(name)
    if other is not None:
        scope.error("wrong-object-kind", f'"{other.name}" is not an index', "42809", location)
    elif not scope.statement.node.missing_ok and scope.catalog.is_live:
        scope.unknown("undefined-index", f'index "{name}" does not exist', "42704", location)


def rename_index(scope: Scope) -> None:
    """ALTER INDEX ... RENAME TO: a constraint that stands on it is renamed with it."""
    node = scope.statement.node
    name = range_name(node.relation)
    found = scope.catalog.index(name)
    if found is None:
        if scope.catalog.table(name) is None and not node.missing_ok:
            scope.require_table(name)
        return
    owner, index = found
    scope.target = owner
    if scope.catalog.relation(owner.schema, node.newname):
        location = scope.statement.find(node.newname, after=scope.statement.find("to", after=6))
        scope.error("duplicate-table", f'relation "{node.newname}" already exists', "42P07", location)
        return
    scope.catalog.put(with_index_named(owner, index.name, node.newname))
    scope.catalog.made.add(node.newname)


def with_index_named(table: Table, old: str, new: str) -> Table:
    """The table with an index, and the key that stands on it, under another name."""
    return table._replace(
        indexes=tuple(item._replace(name=new) if item.name == old else item for item in table.indexes),
        constraints=tuple(
            item._replace(name=new) if item.name == old and item.kind in "pux" else item for item in table.constraints
        ),
    )
