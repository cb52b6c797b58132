"""Keys, foreign keys and checks of a table, new or existing."""

from typing import Any

from schemacheck.checker.database.builtin_types import SYSTEM_COLUMNS, can_reference
from schemacheck.checker.database.catalog import Column, Constraint, Index, Table
from schemacheck.checker.database.lookup import are_comparable
from schemacheck.checker.database.naming import choose_name, joined
from schemacheck.checker.likeness import did_you_mean
from schemacheck.checker.proof.expressions import check_condition, columns_of
from schemacheck.checker.proof.index_expressions import check_index
from schemacheck.checker.proof.partition_keys import check_contains_key, check_exclusion
from schemacheck.checker.reading.shapes import ConstraintShape, quote
from schemacheck.checker.scope import Scope

_NO_BTREE = {"json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle", "txid_snapshot", "aclitem"}
_KINDS = {"primary": "p", "unique": "u", "foreign": "f", "check": "c", "exclusion": "x"}
_INDEXED = {"primary", "unique", "exclusion"}
_KEYWORDS = {"primary": "PRIMARY KEY", "unique": "UNIQUE"}
_NOUNS = {"primary": "primary key", "unique": "unique"}


def add_constraint(scope: Scope, table: Table, shape: ConstraintShape, *, is_new: bool) -> Table:
    """Check a constraint and answer with the table that has it."""
    existing = table.constraint(shape.name) if shape.name else None
    if existing and not (existing.inherited and shape.kind == "check"):  # an equal inherited check is merged
        message = f'constraint "{shape.name}" for relation "{table.name}" already exists'
        location = scope.statement.find(existing.name, after=max(shape.location, 0))
        if existing.kind in "pu" and shape.kind in ("primary", "unique") and not shape.using_index:
            message = f'relation "{shape.name}" already exists'
            scope.error("duplicate-table", message, "42P07", location)
        else:
            scope.error("duplicate-constraint", message, "42710", location)
    elif shape.name and shape.kind in _INDEXED and not shape.using_index and _is_taken(scope, table, shape.name):
        location = scope.statement.find(shape.name, after=max(shape.location, 0))
        scope.error("duplicate-table", f'relation "{shape.name}" already exists', "42P07", location)
    match shape.kind:
        case "primary" | "unique":
            return _add_key(scope, table, shape)
        case "foreign":
            return _add_foreign_key(scope, table, shape, is_new=is_new)
        case "check":
            _check_check(scope, table, shape, existing)
    if shape.kind in _KINDS:
        name = _name(scope, table, shape)
        if shape.kind == "exclusion":
            _check_exclusion(scope, table, shape)
            index = Index(name=name, columns=tuple(column or None for column in shape.columns), is_new=True)
            table = table._replace(indexes=(*table.indexes, index))
        return _with(table, shape, name)
    return table


def _check_check(scope: Scope, table: Table, shape: ConstraintShape, existing: Constraint | None) -> None:
    if shape.no_inherit and table.kind == "p":
        message = f'cannot add NO INHERIT constraint to partitioned table "{table.name}"'
        scope.error("inherited-constraint", message, "42P16", shape.location)
    elif shape.no_inherit and existing and existing.inherited:
        message = f'constraint "{shape.name}" conflicts with inherited constraint on relation "{table.name}"'
        scope.error("inherited-constraint", message, "42P17", shape.location)
    else:
        check_condition(scope, table, shape)


def _is_taken(scope: Scope, table: Table, name: str) -> bool:
    """Whether a relation has the name that the index of a key would get."""
    return name == table.name or scope.catalog.relation(table.schema, name) is not None


def _check_exclusion(scope: Scope, table: Table, shape: ConstraintShape) -> None:
    for name in shape.columns:
        if name and table.is_known and table.column(name) is None:
            location = scope.statement.find(name, after=max(shape.location, 0))
            scope.unknown_column(table, name, location, f'column "{name}" named in key does not exist')
            return
    if not scope.has_error:
        check_exclusion(scope, table, shape.location)
    if table.is_known and not scope.has_error:
        check_index(
            scope,
            table,
            method=shape.method,
            elements=shape.elements,
            predicate=shape.predicate,
            asks=frozenset({"can_exclude"}),
        )


def _with(table: Table, shape: ConstraintShape, name: str, *, references: str | None = None, **changes: Any) -> Table:
    constraint = Constraint(
        name=name,
        kind=_KINDS[shape.kind],
        columns=shape.columns,
        validated=not shape.not_valid,
        no_inherit=shape.no_inherit,
        deferrable=shape.deferrable,
        deferred=shape.deferred,
        references=references,
        referenced_columns=shape.referenced_columns,
    )
    return table._replace(constraints=(*table.constraints, constraint), **changes)


_LABELS = {"primary": "pkey", "unique": "key", "exclusion": "excl", "check": "check", "foreign": "fkey"}


def _name(scope: Scope, table: Table, shape: ConstraintShape) -> str:
    """The name PostgreSQL would choose; a number is added to one that is taken."""
    if shape.name:
        return shape.name
    taken = {constraint.name for constraint in table.constraints} | {index.name for index in table.indexes}
    is_key = shape.kind in _INDEXED
    columns: tuple[str | None, ...] = () if shape.kind == "primary" else shape.columns
    if shape.kind == "check":  # named after its column where it speaks of one alone
        spoken = columns_of(shape.expression)
        columns = spoken if len(spoken) == 1 else ()
    return choose_name(
        table.name,
        joined(columns),
        _LABELS[shape.kind],
        lambda name: name in taken or (is_key and _is_taken(scope, table, name)),
    )


def _add_key(scope: Scope, table: Table, shape: ConstraintShape) -> Table:
    primary = shape.kind == "primary"
    if primary and table.primary_key:
        message = f'multiple primary keys for table "{table.name}" are not allowed'
        scope.error("multiple-primary-keys", message, "42P16", shape.location)
        return table
    if table.has_foreign_partitions:
        message = f'cannot create unique index on partitioned table "{table.name}"'
        hint = f'Table "{table.name}" contains partitions that are foreign tables.'
        scope.error("wrong-object-kind", message, "42809", shape.location, hint=hint)
    if shape.using_index:
        return _adopt_index(scope, table, shape)
    known = True
    for position, name in enumerate(shape.columns):
        location = scope.statement.find(name, after=max(shape.location, 0))
        column = table.column(name)
        if name in shape.columns[:position]:
            message = f'column "{name}" appears twice in {_NOUNS[shape.kind]} constraint'
            scope.error("duplicate-column", message, "42701", location)
        elif column is None and table.is_known and name not in SYSTEM_COLUMNS:
            hint = did_you_mean(name, [known_column.name for known_column in table.columns])
            scope.error(
                "undefined-column", f'column "{name}" named in key does not exist', "42703", location, hint=hint
            )
            known = False
        elif column and column.type and column.type.base_display in _NO_BTREE:
            message = f'data type {column.type.display} has no default operator class for access method "btree"'
            hint = (
                "You must specify an operator class for the index or define a default operator class for the data type."
            )
            scope.error("no-operator-class", message, "42704", location, hint=hint)
    if not scope.has_error:
        check_contains_key(scope, table, _KEYWORDS[shape.kind], shape.columns, shape.location)
    name = _name(scope, table, shape)
    columns = table.columns
    if primary and known:
        columns = tuple(c._replace(not_null=True) if c.name in shape.columns else c for c in columns)
    index = Index(
        name=name, columns=shape.columns, unique=True, primary=primary, deferrable=shape.deferrable, is_new=True
    )
    return _with(table, shape, name, columns=columns, indexes=(*table.indexes, index))


def _adopt_index(scope: Scope, table: Table, shape: ConstraintShape) -> Table:
    """PRIMARY KEY or UNIQUE USING INDEX."""
    index = next((index for index in table.indexes if index.name == shape.using_index), None)
    if index is None:
        if table.is_known and scope.catalog.is_live:
            name = str(shape.using_index)
            location = scope.statement.find(name, after=max(shape.location, 0))
            hint = did_you_mean(name, [index.name for index in table.indexes])
            scope.unknown("undefined-index", f'index "{name}" does not exist', "42704", location, hint=hint)
        return table
    if not index.unique:
        scope.error("wrong-object-kind", f'"{index.name}" is not a unique index', "42809", shape.location)
    elif not index.valid:
        scope.error("invalid-index", f'index "{index.name}" is not valid', "55000", shape.location)
    elif index.partial:
        scope.error("wrong-object-kind", f'"{index.name}" is a partial index', "42809", shape.location)
    elif None in index.columns:
        scope.error("wrong-object-kind", f'index "{index.name}" contains expressions', "42809", shape.location)
    elif table.kind == "p":
        message = "ALTER TABLE / ADD CONSTRAINT USING INDEX is not supported on partitioned tables"
        scope.error("wrong-object-kind", message, "0A000", shape.location)
    adopted = index._replace(primary=shape.kind == "primary", name=shape.name or index.name)
    others = tuple(other for other in table.indexes if other is not index)
    columns = tuple(str(name) for name in index.columns)
    table = table._replace(indexes=(*others, adopted))
    return _with(table, shape._replace(columns=columns), adopted.name)


def _add_foreign_key(scope: Scope, table: Table, shape: ConstraintShape, *, is_new: bool) -> Table:
    assert shape.references is not None
    referring = _referring_columns(scope, table, shape)
    parent = scope.catalog.table(shape.references)
    named_alike = shape.references.name == table.name and shape.references.schema in (None, table.schema)
    if named_alike and (is_new or (parent and parent.schema == table.schema)):
        parent = table
    parent = parent or scope.require_table(shape.references)
    name = _name(scope, table, shape)
    shape = shape._replace(referenced_columns=shape.referenced_columns or _primary_columns(parent))
    if parent is None:
        return _with(table, shape, name, references=str(shape.references))
    if parent.is_known and _may_be_referenced(scope, table, parent, shape):
        keys = _referenced_columns(scope, parent, shape)
        if keys and referring:
            _compare_types(scope, name, referring, keys, shape, parent)
    return _with(table, shape, name, references=parent.display)


def _primary_columns(parent: Table | None) -> tuple[str, ...]:
    key = parent.primary_key if parent else None
    return tuple(str(name) for name in key.columns) if key else ()


def _referring_columns(scope: Scope, table: Table, shape: ConstraintShape) -> list[Column]:
    columns = []
    for name in shape.columns:
        column = table.column(name)
        if column:
            columns.append(column)
        elif table.is_known:
            location = scope.statement.find(name, after=max(shape.location, 0))
            hint = did_you_mean(name, [other.name for other in table.columns])
            message = f'column "{name}" referenced in foreign key constraint does not exist'
            scope.error("undefined-column", message, "42703", location, hint=hint)
    return columns if len(columns) == len(shape.columns) else []


def _may_be_referenced(scope: Scope, table: Table, parent: Table, shape: ConstraintShape) -> bool:
    assert shape.references is not None
    location = shape.references.location
    before = len(scope.findings)
    if parent.kind not in "rp":
        scope.error("wrong-object-kind", f'referenced relation "{parent.name}" is not a table', "42809", location)
    elif not parent.may_reference and not parent.is_mine:
        scope.error("permission", f"permission denied for table {parent.name}", "42501", location)
    elif table.persistence == "p" and parent.persistence != "p":
        message = "constraints on permanent tables may reference only permanent tables"
        scope.error("foreign-key-persistence", message, "42P16", location)
    elif table.persistence == "u" and parent.persistence == "t":
        message = "constraints on unlogged tables may reference only permanent or unlogged tables"
        scope.error("foreign-key-persistence", message, "42P16", location)
    elif table.persistence == "t" and parent.persistence != "t":
        message = "constraints on temporary tables may reference only temporary tables"
        scope.error("foreign-key-persistence", message, "42P16", location)
    return len(scope.findings) == before


def _referenced_columns(scope: Scope, parent: Table, shape: ConstraintShape) -> list[Column]:
    """The columns referred to, in order; reports where they are missing or not unique."""
    assert shape.references is not None
    location = shape.references.location
    names = shape.referenced_columns
    if not names:
        message = f'there is no primary key for referenced table "{parent.name}"'
        hint = f"Name the columns of a unique constraint: REFERENCES {shape.references.sql} (column)."
        scope.error("foreign-key-not-unique", message, "42704", location, hint=hint)
        return []
    columns = []
    for name in names:
        column = parent.column(name)
        if column is None:
            hint = did_you_mean(name, [other.name for other in parent.columns])
            message = f'column "{name}" referenced in foreign key constraint does not exist'
            place = scope.statement.find(name, after=location + 1)
            scope.error("undefined-column", message, "42703", place, hint=hint)
            return []
        columns.append(column)
    if len(names) != len(shape.columns):
        message = "number of referencing and referenced columns for foreign key disagree"
        scope.error("foreign-key-columns", message, "42830", shape.location)
        return []
    if parent.key_on(names) is None:
        _report_no_key(scope, parent, names, location)
        return []
    return columns


def _report_no_key(scope: Scope, parent: Table, names: tuple[str, ...], location: int) -> None:
    deferrable = any(index.deferrable and sorted(map(str, index.columns)) == sorted(names) for index in parent.indexes)
    if deferrable:
        message = f'cannot use a deferrable unique constraint for referenced table "{parent.name}"'
        scope.error("foreign-key-not-unique", message, "55000", location)
        return
    columns = ", ".join(quote(name) for name in names)
    scope.error(
        "foreign-key-not-unique",
        f'there is no unique constraint matching given keys for referenced table "{parent.name}"',
        "42830",
        location,
        hint="The referenced columns need a primary key or a unique constraint of their own.",
        fix=f"ALTER TABLE {parent.display} ADD UNIQUE ({columns});",
        facts={"unique_on": [list(index.columns) for index in parent.indexes if index.is_key]},
    )


def _compare_types(
    scope: Scope, name: str, referring: list[Column], keys: list[Column], shape: ConstraintShape, parent: Table
) -> None:
    for column, key in zip(referring, keys, strict=True):
        if column.type is None or key.type is None or "?" in (column.type.kind, key.type.kind):
            continue
        mine, theirs = column.type.base_display, key.type.base_display
        if mine == theirs:
            continue
        facts = {"column": column.type_sql, "referenced": f"{parent.display}.{quote(key.name)} {key.type_sql}"}
        if not _comparable(scope, column, key):
            scope.error(
                "foreign-key-type",
                f'foreign key constraint "{name}" cannot be implemented',
                "42804",
                shape.location,
                hint=f'Key columns "{column.name}" and "{key.name}" are of incompatible types: '
                f"{column.type.display} and {key.type.display}. Declare {quote(column.name)} as {key.type_sql}.",
                facts=facts,
            )
        else:
            scope.warn(
                "foreign-key-type-differs",
                f'column "{column.name}" is {column.type_sql} but refers to "{key.name}", which is {key.type_sql}',
                shape.location,
                hint=f"Declare {quote(column.name)} as {key.type_sql}: values of the wider type would not fit.",
                facts=facts,
            )


def _comparable(scope: Scope, column: Column, key: Column) -> bool:
    assert column.type is not None
    assert key.type is not None
    if scope.session and column.type.base_oid and key.type.base_oid:
        return are_comparable(scope.session, column.type.base_oid, key.type.base_oid)
    return can_reference(column.type.base_display, key.type.base_display)
