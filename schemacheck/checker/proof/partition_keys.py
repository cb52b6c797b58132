"""PARTITION BY: what a table may be partitioned by, and what each of its own keys must then contain."""

from typing import Any

from schemacheck.checker.database.builtin_types import COLLATED, SYSTEM_COLUMNS
from schemacheck.checker.database.catalog import Table
from schemacheck.checker.database.partitioning import Key, keys_below
from schemacheck.checker.proof.expressions import columns_of, expression_place
from schemacheck.checker.proof.index_expressions import check_method, types_of
from schemacheck.checker.proof.kinship import known_below
from schemacheck.checker.reading.shapes import TableShape, quote
from schemacheck.checker.scope import Scope

MAX_KEYS = 32
_METHODS = {"r": "btree", "l": "btree", "h": "hash"}
_FIRST_ORDINARY_OID = 16384
_FIRST_EXCLUDING = 17


def partitioned(scope: Scope, table: Table, shape: TableShape) -> Table:
    """The table with the key it is partitioned by; reports what cannot be one."""
    names = shape.partition_columns
    if names is None:
        return table
    if shape.parents and not shape.is_partition:
        scope.error("partition-key", "cannot create partitioned table as inheritance child", "42P17")
    elif shape.partition_strategy == "l" and len(names) > 1:
        place = scope.statement.find("list", after=max(shape.name.location, 0))
        message = 'cannot use "list" partition strategy with more than one column'
        scope.error("partition-key", message, "42P17", place)
    elif len(names) > MAX_KEYS:
        scope.error("partition-key", f"cannot partition using more than {MAX_KEYS} columns", "54011")
    elif table.is_known:
        _check_elements(scope, table, shape)
    columns = tuple(name or None for name in names)
    types = tuple(_comparable(table, shape, element) for element in shape.partition_elements)
    expressions = (element.expr for element in shape.partition_elements if not element.name)
    used = (*filter(None, columns), *(name for each in expressions for name in columns_of(each)))
    table = table._replace(key=Key(shape.partition_strategy, columns, types, used))
    for index in table.indexes:
        if not scope.has_error:
            primary = "PRIMARY KEY" if index.primary else "UNIQUE" if index.unique else ""
            check_contains_key(scope, table, primary, index.columns)
    if not scope.has_error and any(constraint.kind == "x" for constraint in table.constraints):
        check_exclusion(scope, table)
    return table


def check_contains_key(
    scope: Scope, table: Table, kind: str, columns: tuple[str | None, ...], location: int = -1
) -> None:
    """A PRIMARY KEY or UNIQUE of a partitioned table must contain all it is partitioned by."""
    if table.key is None or not kind:
        return
    missing = [name for name in table.key.columns if name and name not in columns]
    if None in table.key.columns:
        message = f"unsupported {kind} constraint with partition key definition"
        hint = f"{kind} constraints cannot be used when partition keys include expressions."
        scope.error("partition-key", message, "0A000", location, hint=hint)
    elif missing or (missing := _missing_below(scope, table, columns)):
        message = "unique constraint on partitioned table must include all partitioning columns"
        hint = f"{kind} lacks column {quote(missing[0])}, which is part of the partition key."
        scope.error("partition-key", message, "0A000", location, hint=hint)


def _missing_below(scope: Scope, table: Table, columns: tuple[str | None, ...]) -> list[str]:
    """What the partitions that are partitioned themselves would miss in a key."""
    known = known_below(scope.catalog, table)
    used = [name for part in known if part.key for name in part.key.used]
    if scope.session and table.oid and any(relative.kind == "p" for relative in table.descendants):
        used += [name for _, name in keys_below(scope.session, table.oid)]
    return [name for name in used if name not in columns]


def check_exclusion(scope: Scope, table: Table, location: int = -1) -> None:
    """EXCLUDE on a partitioned table came with PostgreSQL 17."""
    if table.kind == "p" and scope.catalog.major < _FIRST_EXCLUDING:
        message = "exclusion constraints are not supported on partitioned tables"
        hint = f"PostgreSQL {_FIRST_EXCLUDING} has them; until then put one on each partition."
        scope.error("partition-key", message, "0A000", location, hint=hint)


def _check_elements(scope: Scope, table: Table, shape: TableShape) -> None:
    for element in shape.partition_elements:
        name = element.name
        place = scope.statement.find(name, after=scope.statement.find("partition")) if name else element.location
        column = table.column(name) if name else None
        if name in SYSTEM_COLUMNS:
            message = f'cannot use system column "{name}" in partition key'
            scope.error("partition-key", message, "42P17", place)
        elif name and column is None:
            message = f'column "{name}" named in partition key does not exist'
            scope.error("undefined-column", message, "42703", place)
        elif column and column.generated:
            scope.error("partition-key", "cannot use generated column in partition key", "42P17", place)
        elif not name and not _refuse_expression(scope, table, element.expr):
            continue
        if scope.has_error:
            return
    types = types_of(scope, table, shape.partition_elements, "partition key expression")
    if types is not None and scope.session is not None and not scope.has_error:
        method = _METHODS.get(shape.partition_strategy, "btree")
        check_method(scope, method, shape.partition_elements, types, frozenset())


def _refuse_expression(scope: Scope, table: Table, expression: Any) -> bool:
    used = columns_of(expression)
    generated = [name for name in used if (column := table.column(name)) and column.generated]
    message = ""
    if not used:
        message = "cannot use constant expression as partition key"
    elif set(used) & SYSTEM_COLUMNS:
        message = "partition key expressions cannot contain system column references"
    elif generated:
        message = "cannot use generated column in partition key"
    if message:
        scope.error("partition-key", message, "42P17", expression_place(expression))
    return bool(message)


def _comparable(table: Table, shape: TableShape, element: Any) -> str:
    """The type by which values of a part of the key compare as the server would; empty where they would not."""
    column = table.column(element.name) if element.name else None
    if column is None or column.type is None or column.type.is_new or element.opclass or element.collation:
        return ""
    if column.type.kind not in "be" or (column.type.kind == "b" and column.type.oid >= _FIRST_ORDINARY_OID):
        return ""
    declared = next((other for other in shape.columns if other.name == column.name), None)
    if column.type.display in COLLATED and (declared is None or declared.is_collated):
        return ""  # it may be ordered by a collation of its own
    return column.type_sql
