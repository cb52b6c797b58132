"""CREATE TABLE: would the server make this table, and what would it look like?"""

from typing import Any

from postgast import pg_query_pb2 as ast

from schemacheck.checker.database.builtin_types import COLLATED, SYSTEM_COLUMNS
from schemacheck.checker.database.catalog import Column, Table, TypeInfo
from schemacheck.checker.likeness import did_you_mean
from schemacheck.checker.proof.constraints import add_constraint
from schemacheck.checker.proof.expressions import check_default, check_generated, columns_of
from schemacheck.checker.proof.families import enter_family
from schemacheck.checker.proof.kinship import inherited_checks
from schemacheck.checker.proof.partition_keys import partitioned
from schemacheck.checker.proof.types import column_type
from schemacheck.checker.proof.unused import called_in
from schemacheck.checker.reading.lowering import shape_of
from schemacheck.checker.reading.shapes import ColumnShape, Name, TableShape, TypeShape
from schemacheck.checker.scope import Scope

MAX_COLUMNS = 1600
_NOT_NULL = {"not_null", "primary", "identity"}
INTEGERS = {"smallint", "integer", "bigint"}
_IDENTITY_IN_PARTITIONS = 17
_NO_ACTION = (ast.ON_COMMIT_ACTION_UNDEFINED, ast.ONCOMMIT_NOOP)


def check_create_table(scope: Scope) -> None:
    """Judge a CREATE TABLE and add the table to the catalog."""
    shape: TableShape = shape_of(scope.statement)
    scope.table_name = str(shape.name)
    schema = _schema(scope, shape)
    if _exists(scope, shape, schema):
        return
    table = Table(
        schema=schema or "public",
        name=shape.name.name,
        kind="p" if shape.partition_columns is not None else "r",
        persistence=shape.persistence,
        is_partition=shape.is_partition,
        is_new=True,
    )
    if any(item.def_elem.defname == "oids" and _is_on(item.def_elem) for item in scope.statement.node.options):
        scope.error("wrong-object-kind", "tables declared WITH OIDS are not supported", "0A000")
    if scope.statement.node.oncommit not in _NO_ACTION and table.persistence != "t":
        scope.error("wrong-object-kind", "ON COMMIT can only be used on temporary tables", "42P16")
    table = _with_inherited(scope, table, shape)
    columns = {column.name: column for column in table.columns}
    for column in shape.columns:
        columns[column.name] = _declared(scope, table, columns.get(column.name), column)
    table = table._replace(columns=tuple(columns.values()))
    scope.catalog.made.add(table.name)  # its own expressions may name it
    if len(table.columns) > MAX_COLUMNS:
        scope.error("too-many-columns", f"tables can have at most {MAX_COLUMNS} columns", "54011")
    for column in shape.columns:
        check_column_expressions(scope, table, column)
    for constraint in sorted(shape.all_constraints, key=lambda item: _ORDER.get(item.kind, 9)):
        table = add_constraint(scope, table, constraint, is_new=True)
    table = partitioned(scope, table, shape)
    scope.catalog.put(table)
    enter_family(scope, table, shape)
    for column in shape.columns:
        own_sequence(scope, table, column)


_ORDER = {"primary": 0, "unique": 1, "exclusion": 2, "check": 3, "foreign": 4}


def _is_on(option: Any) -> bool:
    """Whether an option without a value, or with one, is switched on."""
    return option.arg.string.sval not in ("false", "off") if option.HasField("arg") else True


def _schema(scope: Scope, shape: TableShape) -> str | None:
    catalog, name = scope.catalog, shape.name
    if name.schema is not None and not catalog.has_schema(name.schema):
        scope.unknown("undefined-schema", f'schema "{name.schema}" does not exist', "3F000", name.location)
        return name.schema
    schema = catalog.schema_for_new(name, shape.persistence)
    temporary = name.schema is not None and catalog.schema_called(name.schema) == catalog.temporary_schema
    if shape.persistence == "t" and name.schema is not None and not temporary:
        message = "cannot create temporary relation in non-temporary schema"
        scope.error("wrong-object-kind", message, "42P16", name.location)
    elif shape.persistence == "u" and temporary:
        message = "only temporary relations may be created in temporary schemas"
        scope.error("wrong-object-kind", message, "42P16", name.location)
    elif schema is None:
        hint = "Set search_path to a schema that exists, or qualify the name."
        scope.error("undefined-schema", "no schema has been selected to create in", "3F000", name.location, hint=hint)
    elif schema == "pg_catalog":
        scope.error("permission", f'permission denied to create "pg_catalog.{name.name}"', "42501", name.location)
    elif catalog.is_live and catalog.schemas.get(schema) is False and shape.persistence != "t":
        scope.error("permission", f"permission denied for schema {schema}", "42501", name.location)
    return schema


def _exists(scope: Scope, shape: TableShape, schema: str | None) -> bool:
    catalog, name = scope.catalog, shape.name
    existing = catalog.relation(schema or "", name.name)
    if existing is not None:
        if shape.if_not_exists:
            message = f'relation "{name.name}" already exists, so nothing would be done'
            scope.warn("already-exists", message, name.location, sqlstate="42P07")
        else:
            message = f'relation "{name.name}" already exists'
            hint = "Use another name, or CREATE TABLE IF NOT EXISTS if it may be there already."
            scope.error("duplicate-table", message, "42P07", name.location, hint=hint)
        return True
    kind = catalog.types.get((schema or "", name.name))
    if kind is not None and not kind.of_table and catalog.is_live:
        hint = "A relation has a type of its own name, so choose a name that no type has."
        scope.error("duplicate-type", f'type "{name.name}" already exists', "42710", name.location, hint=hint)
    return False


def _with_inherited(scope: Scope, table: Table, shape: TableShape) -> Table:
    """The columns that come from INHERITS, PARTITION OF, LIKE or OF."""
    for name in shape.parents:
        parent = scope.require_table(name)
        if parent is not None:
            _check_parent(scope, parent, shape, name)
            _compare_columns(scope, table, parent, name)
            table = inherited_checks(table, parent)
        table = _with_columns(table, parent, inherited=True)
    for name, with_keys in shape.likes:
        model = scope.require_table(name)
        for column in model.columns if model else ():
            if (taken := table.column(column.name)) and not taken.inherited:
                message = f'column "{column.name}" specified more than once'
                scope.error("duplicate-column", message, "42701", name.location)
        table = _with_columns(table, model, inherited=False)
        if model and with_keys:
            keys = tuple(index._replace(name=f"{table.name}_{index.name}") for index in model.indexes)
            table = table._replace(indexes=(*table.indexes, *keys))
    return table if shape.of_type is None else _of_type(scope, table, shape, shape.of_type)


def _compare_columns(scope: Scope, table: Table, parent: Table, name: Name) -> None:
    """Parents that both have a column must agree on its type."""
    for column in parent.columns:
        other = table.column(column.name)
        if other and other.type and column.type and other.type_sql != column.type_sql:
            message = f'inherited column "{column.name}" has a type conflict'
            scope.error("datatype-mismatch", message, "42804", name.location)
            return
        if other and bool(other.generated) != bool(column.generated):
            message = f'inherited column "{column.name}" has a generation conflict'
            scope.error("generated-column", message, "42804", name.location)
            return


def _of_type(scope: Scope, table: Table, shape: TableShape, name: Name) -> Table:
    """The columns of a typed table are those of its type, which CREATE TYPE made as one of columns."""
    relation = scope.catalog.table(name)
    columns = relation.columns if relation and relation.kind == "c" and relation.is_known else ()
    if relation is None and scope.catalog.is_live and scope.catalog.type(TypeShape(name)) is None:
        scope.unknown("undefined-type", f'type "{name}" does not exist', "42704", name.location)
    elif scope.catalog.is_live and (relation is None or relation.kind != "c"):
        scope.error("wrong-object-kind", f"type {name} is not a composite type", "42809", name.location)
    names = {column.name for column in columns}
    if unknown := next((column for column in shape.columns if names and column.name not in names), None):
        message = f'column "{unknown.name}" does not exist'
        hint = did_you_mean(unknown.name, sorted(names))
        scope.error("undefined-column", message, "42703", unknown.location, hint=hint)
    given = tuple(column._replace(inherited=True) for column in columns)  # so that WITH OPTIONS may speak of it
    return table._replace(columns=(*table.columns, *given), is_known=bool(columns), of_type=True)


def _with_columns(table: Table, source: Table | None, *, inherited: bool) -> Table:
    if source is None:
        return table._replace(is_known=False)
    own = {column.name for column in table.columns}
    columns = tuple(c._replace(inherited=inherited) for c in source.columns if c.name not in own)
    return table._replace(columns=(*table.columns, *columns), is_known=table.is_known and source.is_known)


def _check_parent(scope: Scope, parent: Table, shape: TableShape, name: Name) -> None:
    if shape.is_partition and parent.kind != "p":
        message = f'"{parent.name}" is not partitioned'
        scope.error("wrong-object-kind", message, "42P17", name.location)
    elif not shape.is_partition and parent.kind == "p":
        message = f'cannot inherit from partitioned table "{parent.name}"'
        scope.error("wrong-object-kind", message, "42809", name.location)
    elif not shape.is_partition and parent.is_partition:
        message = f'cannot inherit from partition "{parent.name}"'
        scope.error("wrong-object-kind", message, "42809", name.location)
    elif (parent.persistence == "t") != (shape.persistence == "t") and (
        parent.persistence == "t" or shape.is_partition
    ):
        verb = "create a permanent relation as partition of" if shape.is_partition else "inherit from"
        kind = "temporary" if parent.persistence == "t" else "permanent"
        message = f'cannot {verb} {kind} relation "{parent.name}"'
        scope.error("wrong-object-kind", message, "42809", name.location)


def add_column(scope: Scope, table: Table, shape: ColumnShape) -> Table:
    """Check a column but for its expressions and answer with the table that has it."""
    existing = table.column(shape.name)
    column = _declared(scope, table, existing, shape)
    if existing is None:
        return table._replace(columns=(*table.columns, column))
    return table._replace(columns=tuple(column if item is existing else item for item in table.columns))


def _declared(scope: Scope, table: Table, existing: Column | None, shape: ColumnShape) -> Column:
    """The column a declaration makes, or what it makes of one that is inherited."""
    _check_name(scope, existing, shape)
    info = column_type(scope, shape.name, shape.type) if shape.type else None
    _check_combination(scope, table, shape)
    kinds = {constraint.kind: constraint for constraint in reversed(shape.constraints)}
    identity = kinds.get("identity")
    serial = shape.type.serial if shape.type else None
    if identity and info and info.base_display not in INTEGERS:
        message = "identity column type must be smallint, integer, or bigint"
        scope.error("invalid-identity", message, "22023", shape.location)
    elif identity and (table.of_type or (table.is_partition and scope.catalog.major < _IDENTITY_IN_PARTITIONS)):
        where = "typed tables" if table.of_type else "partitions"
        scope.error("invalid-identity", f"identity columns are not supported on {where}", "0A000", shape.location)
    if shape.is_collated and info and not _may_be_collated(info):
        message = f"collations are not supported by type {info.display}"
        scope.error("datatype-mismatch", message, "42804", shape.location)
    column = Column(
        name=shape.name,
        type=info,
        type_sql=sql_of(shape.type, info.display if info else None) if shape.type else "",
        not_null=bool(serial) or not kinds.keys().isdisjoint(_NOT_NULL),
        has_default=bool(serial) or "default" in kinds,
        identity=("a" if identity.always else "d") if identity else "",
        generated="s" if "generated" in kinds else "",
        uses=columns_of(kinds["generated"].expression) if "generated" in kinds else (),
        calls=next((called_in(kinds[kind].expression) for kind in ("default", "generated") if kind in kinds), None),
    )
    if existing and existing.inherited and existing.generated and not column.generated:
        given = "identity" if column.identity else "default" if column.has_default else ""
        if given:
            message = f'column "{shape.name}" inherits from generated column but specifies {given}'
            scope.error("generated-column", message, "42611", shape.location)
    if existing:
        if existing.inherited and existing.type and info and existing.type_sql != column.type_sql:
            message = f'column "{shape.name}" has a type conflict'
            hint = f"A parent has it as {existing.type_sql}."
            scope.error("datatype-mismatch", message, "42804", shape.location, hint=hint)
        return existing._replace(not_null=existing.not_null or column.not_null, inherited=False)
    return column


def _may_be_collated(info: TypeInfo) -> bool:
    """Of PostgreSQL's own types only texts are; of others nobody here can say."""
    return info.schema != "pg_catalog" or info.base_display.removesuffix("[]") in COLLATED


def own_sequence(scope: Scope, table: Table, shape: ColumnShape) -> None:
    """Bring in the sequence that a serial or an identity column comes with."""
    if not (shape.constraint("identity") or (shape.type and shape.type.serial)):
        return
    name = scope.catalog.free_name(table.schema, table.name, shape.name, "seq")
    owner = (table.schema, table.name, shape.name)
    scope.catalog.put(Table(schema=table.schema, name=name, kind="S", is_known=False, is_new=True, owned_by=owner))


def sql_of(shape: TypeShape, display: str | None) -> str:
    """A type with its modifiers, as format_type would show it."""
    if display is None:
        return shape.name.sql
    if not shape.modifiers:
        return display
    base, ending = (display[:-2], "[]") if display.endswith("[]") else (display, "")
    given = ",".join(str(item) for item in shape.modifiers)
    if base.startswith(("time ", "timestamp ")):
        word, _, rest = base.partition(" ")
        return f"{word}({given}) {rest}{ending}"
    if base == "interval":
        return base + ending
    return f"{base}({given}){ending}"


def check_column_expressions(scope: Scope, table: Table, shape: ColumnShape) -> None:
    """The DEFAULT and GENERATED of a column."""
    column = table.column(shape.name) if shape.constraints else None
    if column is None:
        return
    if default := shape.constraint("default"):
        check_default(scope, shape.name, column.type, default.expression)
    if generated := shape.constraint("generated"):
        check_generated(scope, table, column, generated)


def _check_name(scope: Scope, existing: Column | None, shape: ColumnShape) -> None:
    if existing and not existing.inherited:
        message = f'column "{shape.name}" specified more than once'
        scope.error("duplicate-column", message, "42701", shape.location)
    elif shape.name in SYSTEM_COLUMNS:
        message = f'column name "{shape.name}" conflicts with a system column name'
        scope.error("duplicate-column", message, "42701", shape.location)


def _check_combination(scope: Scope, table: Table, shape: ColumnShape) -> None:
    """What may not stand together in one column; the grammar lets all of it pass."""
    kinds = [constraint.kind for constraint in shape.constraints]
    serial = bool(shape.type and shape.type.serial)
    if len(kinds) + serial < 2:
        return
    of = f'for column "{shape.name}" of table "{table.name}"'
    message = ""
    if "null" in kinds and ("not_null" in kinds or "identity" in kinds or serial):
        message = f"conflicting NULL/NOT NULL declarations {of}"
    elif kinds.count("default") + serial > 1:
        message = f"multiple default values specified {of}"
    elif kinds.count("identity") > 1:
        message = f"multiple identity specifications {of}"
    elif kinds.count("generated") > 1:
        message = f"multiple generation clauses specified {of}"
    elif "identity" in kinds and ("default" in kinds or serial):
        message = f"both default and identity specified {of}"
    elif "generated" in kinds and ("default" in kinds or serial):
        message = f"both default and generation expression specified {of}"
    elif "generated" in kinds and "identity" in kinds:
        message = f"both identity and generation expression specified {of}"
    if message:
        scope.error("conflicting-column-options", message, "42601", shape.location)


def record_created(scope: Scope, name: Name, *, kind: str, **known: Any) -> None:
    """Add a relation whose columns are not followed: a view, a sequence, a table made from a query."""
    schema = scope.catalog.schema_for_new(name)
    table = Table(schema=schema or "public", name=name.name, kind=kind, is_known=False, is_new=True)
    scope.catalog.put(table._replace(**known))
