"""ATTACH, DETACH, INHERIT and NO INHERIT: whether two tables may become parent and child, and that they then are."""

from typing import Any

from schemacheck.checker.database.catalog import Table
from schemacheck.checker.proof.kinship import join, part_from
from schemacheck.checker.proof.partition_bounds import check_bound
from schemacheck.checker.proof.partition_keys import check_contains_key
from schemacheck.checker.reading.lowering import range_name
from schemacheck.checker.reading.shapes import Action, Name, TableShape
from schemacheck.checker.scope import Scope

_FIRST_STRICT = 16  # from here on a child generates no column that its parent does not


def enter_family(scope: Scope, table: Table, shape: TableShape) -> None:
    """Bring a new table below what it inherits from or is a partition of."""
    for name in shape.parents:
        parent = scope.catalog.table(name)
        if parent is None or (shape.is_partition and parent.kind != "p"):
            continue
        if shape.is_partition:
            check_bound(scope, parent, table.name, shape.bound)
            _check_keys(scope, parent, table, name.location)
        if not scope.has_error:
            child = scope.catalog.tables[table.schema, table.name]
            join(scope.catalog, parent, child, shape.bound)


def attach(scope: Scope, table: Table, action: Action) -> Table:
    """ATTACH PARTITION."""
    command = getattr(action.node, "def").partition_cmd
    if table.kind != "p":
        scope.error("wrong-object-kind", f'table "{table.name}" is not partitioned', "42P17")
        return table
    check_bound(scope, table, command.name.relname, command.bound)
    other = scope.require_table(range_name(command.name))
    if other is None or not _may_join(scope, table, other, command.name.location, verb="attach"):
        return table
    location = command.name.location
    extra = [column.name for column in other.columns if table.is_known and table.column(column.name) is None]
    if other.is_partition:
        scope.error("wrong-object-kind", f'"{other.name}" is already a partition', "42809", location)
    elif other.of_type:
        scope.error("wrong-object-kind", "cannot attach a typed table as partition", "42809", location)
    elif other.parents:
        scope.error("wrong-object-kind", "cannot attach inheritance child as partition", "42809", location)
    elif other.has_children and other.kind != "p":
        scope.error("wrong-object-kind", "cannot attach inheritance parent as partition", "42809", location)
    elif not _refuse_circle(scope, table, other, location) and not _refuse_mix(scope, table, other, location):
        if extra:
            message = f'table "{other.name}" contains column "{extra[0]}" not found in parent "{table.name}"'
            hint = "The new partition may contain only the columns present in parent."
            scope.error("datatype-mismatch", message, "42804", location, hint=hint)
        elif other.kind == "f" and any(index.unique for index in table.indexes):
            message = f'cannot attach foreign table "{other.name}" as partition of partitioned table "{table.name}"'
            hint = f'Partitioned table "{table.name}" contains unique indexes.'
            scope.error("wrong-object-kind", message, "42809", location, hint=hint)
        else:
            _compare(scope, table, other, location)
            _check_keys(scope, table, other, location)
    return _joined(scope, table, other, command.bound)


def detach(scope: Scope, table: Table, action: Action) -> Table:
    """DETACH PARTITION."""
    command = getattr(action.node, "def").partition_cmd
    if table.kind != "p":
        scope.error("wrong-object-kind", f'table "{table.name}" is not partitioned', "42P17")
        return table
    location = command.name.location
    other = scope.require_table(range_name(command.name))
    if command.concurrent and table.default_family:
        message = "cannot detach partitions concurrently when a default partition exists"
        scope.error("wrong-object-kind", message, "55000", location)
    elif other is not None and _refuse_stranger(scope, table, other, location, what="partition"):
        return table
    return _parted(scope, table, other) if other else table


def inherit(scope: Scope, table: Table, action: Action) -> Table:
    """INHERIT: the table becomes a child of another."""
    name = range_name(getattr(action.node, "def").range_var)
    parent = scope.require_table(name)
    if _refuse_partition(scope, table) or parent is None:
        return table
    if not _may_join(scope, table, parent, name.location, verb="inherit from"):
        return table
    message = ""
    if parent.persistence == "t" and table.persistence != "t":
        message = f'cannot inherit from temporary relation "{parent.name}"'
    elif parent.kind == "p":
        message = f'cannot inherit from partitioned table "{parent.name}"'
    elif parent.is_partition:
        message = "cannot inherit from a partition"
    if message:
        scope.error("wrong-object-kind", message, "42809", name.location)
    elif parent.relative in table.parents:
        message = f'relation "{parent.name}" would be inherited from more than once'
        scope.error("duplicate-table", message, "42P07", name.location)
    elif not _refuse_circle(scope, parent, table, name.location):
        _compare(scope, parent, table, name.location)
    if scope.has_error:
        return table
    scope.catalog.put(table)
    join(scope.catalog, parent, table)
    return scope.catalog.tables[table.schema, table.name]


def disinherit(scope: Scope, table: Table, action: Action) -> Table:
    """NO INHERIT: the table stands alone again."""
    name = range_name(getattr(action.node, "def").range_var)
    parent = scope.require_table(name)
    if _refuse_partition(scope, table) or parent is None:
        return table
    if _refuse_stranger(scope, parent, table, name.location, what="parent"):
        return table
    scope.catalog.put(table)
    part_from(scope.catalog, parent, table)
    return scope.catalog.tables[table.schema, table.name]


def _joined(scope: Scope, parent: Table, child: Table, bound: Any) -> Table:
    if scope.has_error:
        return parent
    scope.catalog.put(parent)
    join(scope.catalog, parent, child, bound)
    return scope.catalog.tables[parent.schema, parent.name]


def _parted(scope: Scope, parent: Table, child: Table) -> Table:
    scope.catalog.put(parent)
    part_from(scope.catalog, parent, child)
    return scope.catalog.tables[parent.schema, parent.name]


def _may_join(scope: Scope, table: Table, other: Table, location: int, *, verb: str) -> bool:
    """Whether the other relation is a table of ours at all."""
    if other.kind not in "rpf":
        action = "ATTACH PARTITION" if verb == "attach" else "INHERIT"
        message = f'ALTER action {action} cannot be performed on relation "{other.name}"'
        scope.error("wrong-object-kind", message, "42809", location)
    elif not other.is_mine:
        scope.error("permission", f"must be owner of table {other.name}", "42501", location)
    else:
        return True
    return False


def _refuse_partition(scope: Scope, table: Table) -> bool:
    what = "a partition" if table.is_partition else "partitioned table" if table.kind == "p" else ""
    if what:
        scope.error("wrong-object-kind", f"cannot change inheritance of {what}", "42809")
    return bool(what)


def _refuse_circle(scope: Scope, parent: Table, child: Table, location: int) -> bool:
    circular = parent.relative == child.relative or parent.relative in child.descendants
    if circular:
        hint = f'"{parent.name}" is already a child of "{child.name}".'
        scope.error("duplicate-table", "circular inheritance not allowed", "42P07", location, hint=hint)
    return circular


def _refuse_mix(scope: Scope, table: Table, other: Table, location: int) -> bool:
    mixed = (table.persistence == "t") != (other.persistence == "t")
    if mixed:
        mine, theirs = ("temporary", "permanent") if table.persistence == "t" else ("permanent", "temporary")
        message = f'cannot attach a {theirs} relation as partition of {mine} relation "{table.name}"'
        scope.error("wrong-object-kind", message, "42809", location)
    return mixed


def _refuse_stranger(scope: Scope, parent: Table, child: Table, location: int, *, what: str) -> bool:
    stranger = parent.relative not in child.parents
    if stranger:
        one, other = (child, parent) if what == "partition" else (parent, child)
        message = f'relation "{one.name}" is not a {what} of relation "{other.name}"'
        scope.error("undefined-table", message, "42P01", location)
    return stranger


def _compare(scope: Scope, parent: Table, child: Table, location: int) -> None:
    """A child has every column of its parent, of the same type, and every check."""
    if not parent.is_known or not child.is_known:
        return
    strict = scope.catalog.major >= _FIRST_STRICT
    for column in parent.columns:
        own = child.column(column.name)
        message = fix = ""
        if own is None:
            message = f'child table is missing column "{column.name}"'
        elif column.type and own.type and column.type_sql != own.type_sql:
            message = f'child table "{child.name}" has different type for column "{column.name}"'
        elif column.not_null and not own.not_null:
            message = f'column "{column.name}" in child table must be marked NOT NULL'
            fix = f"ALTER TABLE {child.display} ALTER COLUMN {Name(None, column.name).sql} SET NOT NULL;"
        elif (column.generated and not own.generated) or (own.generated and not column.generated and strict):
            word = "must not" if own.generated else "must"
            message = f'column "{column.name}" in child table {word} be a generated column'
        if message:
            scope.error("datatype-mismatch", message, "42804", location, fix=fix)
            return
    for check in parent.constraints:
        if check.kind == "c" and not check.no_inherit and _lacks(scope, child, check.name, location):
            return


def _check_keys(scope: Scope, parent: Table, part: Table, location: int) -> None:
    """A partition gets the keys of its parent beside its own."""
    mine, theirs = part.primary_key, parent.primary_key
    if scope.has_error:
        return
    if mine and theirs and (mine.columns != theirs.columns or (mine.is_new and part.is_new)):
        message = f'multiple primary keys for table "{part.name}" are not allowed'
        scope.error("multiple-primary-keys", message, "42P16", location)
    for index in parent.indexes:
        if index.unique and not scope.has_error:
            check_contains_key(scope, part, "PRIMARY KEY" if index.primary else "UNIQUE", index.columns, location)


def _lacks(scope: Scope, child: Table, name: str, location: int) -> bool:
    own = next((item for item in child.constraints if item.name == name and item.kind == "c"), None)
    if own is None:
        scope.error("undefined-constraint", f'child table is missing constraint "{name}"', "42804", location)
    elif own.no_inherit or not own.validated:
        kind = "non-inherited" if own.no_inherit else "NOT VALID"
        message = f'constraint "{name}" conflicts with {kind} constraint on child table "{child.name}"'
        scope.error("duplicate-constraint", message, "42P17", location)
    else:
        return False
    return True
