"""CREATE, ALTER, RENAME and DROP of a type, and the labels an enum has after them."""

from postgast import pg_query_pb2 as ast

from schemacheck.checker.database.catalog import Table, TypeInfo
from schemacheck.checker.likeness import did_you_mean
from schemacheck.checker.proof.tables import record_created
from schemacheck.checker.proof.types import column_type
from schemacheck.checker.proof.unused import type_users
from schemacheck.checker.reading.lowering import name_list, range_name, type_shape
from schemacheck.checker.reading.shapes import Name, TypeShape
from schemacheck.checker.scope import Scope


def create_type(scope: Scope) -> None:
    """CREATE TYPE, CREATE DOMAIN: later statements may use it."""
    node = scope.statement.node
    match node:
        case ast.CompositeTypeStmt():
            name = range_name(node.typevar)
        case ast.CreateDomainStmt():
            name = name_list(node.domainname)
        case ast.DefineStmt():
            name = name_list(node.defnames)
        case _:
            name = name_list(node.type_name)
    schema = scope.catalog.schema_for_new(name) or "public"
    existing = scope.catalog.types.get((schema, name.name))
    if existing is not None and not isinstance(node, ast.DefineStmt):
        location = scope.statement.find(name.name)
        scope.error("duplicate-type", f'type "{name.name}" already exists', "42710", location)
        return
    made = TypeInfo(schema=schema, name=name.name, display=name.sql, kind="?", is_new=True)
    match node:
        case ast.CreateEnumStmt():
            made = made._replace(kind="e", labels=_labels(scope))
        case ast.CompositeTypeStmt():
            made = made._replace(kind="c")
            record_created(scope, name, kind="c")  # as a relation too it has its name
        case ast.CreateRangeStmt():
            made = made._replace(kind="r")
        case ast.CreateDomainStmt():
            made = _domain(scope, made)
    scope.catalog.types[schema, name.name] = made
    scope.catalog.made.add(name.name)


def _labels(scope: Scope) -> tuple[str, ...]:
    labels = tuple(item.string.sval for item in scope.statement.node.vals)
    if len(set(labels)) < len(labels):
        twice = next(label for number, label in enumerate(labels) if label in labels[:number])
        message = 'duplicate key value violates unique constraint "pg_enum_typid_label_index"'
        location = scope.statement.find(f"'{twice}'")
        scope.error("duplicate-object", message, "23505", location, hint=f'The label "{twice}" is given twice.')
    return labels


def _domain(scope: Scope, made: TypeInfo) -> TypeInfo:
    """A domain is what it stands on, as far as values and keys go."""
    shape = type_shape(scope.statement.node.type_name)
    stands_on = scope.catalog.type(shape)
    if stands_on is None:
        column_type(scope, made.name, shape)  # says what is wrong with it
        return made._replace(kind="d")
    return made._replace(
        kind="d",
        base=stands_on.base_display,
        base_oid=stands_on.base_oid,
        labels=stands_on.labels,
        is_constrained=stands_on.is_constrained
        or any(
            item.constraint.contype in (ast.CONSTR_CHECK, ast.CONSTR_NOTNULL)
            for item in scope.statement.node.constraints
        ),
    )


def alter_enum(scope: Scope) -> None:
    """ALTER TYPE ... ADD VALUE, RENAME VALUE."""
    node = scope.statement.node
    name = name_list(node.type_name)
    info = _require_type(scope, name)
    if info is None:
        return
    if info.kind not in "e?":
        scope.error("wrong-object-kind", f'"{name}" is not an enum', "42809", scope.statement.find(name.name))
        return
    labels = list(info.labels)
    place = node.new_val_neighbor or node.old_val
    if place and place not in labels and info.kind == "e":
        message = f'"{place}" is not an existing enum label'
        hint = did_you_mean(place, labels)
        scope.error("invalid-parameter", message, "22023", scope.statement.find(f"'{place}'"), hint=hint)
    elif node.new_val in labels:
        if not node.skip_if_new_val_exists:
            message = f'enum label "{node.new_val}" already exists'
            scope.error("duplicate-object", message, "42710", scope.statement.find(f"'{node.new_val}'"))
        return
    if node.old_val and node.old_val in labels:
        labels[labels.index(node.old_val)] = node.new_val
    elif not node.old_val:
        labels.append(node.new_val)  # where it stands among them no verdict depends on
    scope.catalog.types[info.schema, info.name] = info._replace(labels=tuple(labels))
    _refresh(scope, info, info._replace(labels=tuple(labels)))


def rename_type(scope: Scope) -> None:
    """ALTER TYPE or DOMAIN ... RENAME TO."""
    node = scope.statement.node
    old = name_list(node.object.list.items)
    info = _require_type(scope, old)
    if info is None:
        return
    if (info.schema, node.newname) in scope.catalog.types:
        location = scope.statement.find(node.newname, after=scope.statement.find("to", after=6))
        scope.error("duplicate-type", f'type "{node.newname}" already exists', "42710", location)
        return
    new = Name(old.schema, node.newname)
    renamed = info._replace(name=node.newname, display=new.sql, is_new=True)  # the server knows it by the old one
    del scope.catalog.types[info.schema, info.name]
    if relation := _relation(scope, info):
        scope.catalog.move(relation, schema=info.schema, name=node.newname)
    scope.catalog.types[renamed.schema, renamed.name] = renamed
    scope.catalog.made.add(node.newname)
    _refresh(scope, info, renamed)


def _refresh(scope: Scope, old: TypeInfo, new: TypeInfo) -> None:
    """Let the columns of a type know what became of it."""
    for table in list(scope.catalog.tables.values()):
        if any(column.type == old for column in table.columns):
            columns = tuple(
                column._replace(type=new, type_sql=new.display) if column.type == old else column
                for column in table.columns
            )
            scope.catalog.put(table._replace(columns=columns))


def drop_types(scope: Scope) -> None:
    """DROP TYPE, DROP DOMAIN: columns of the type keep it, unless CASCADE takes them along."""
    node = scope.statement.node
    for item in node.objects:
        name = name_list(item.type_name.names)
        info = scope.catalog.type(TypeShape(name)) if node.missing_ok else _require_type(scope, name)
        if info is None or (info.schema, info.name) not in scope.catalog.types:
            continue
        users = [
            f"column {column.name} of table {table.name}"
            for table in scope.catalog.tables.values()
            for column in table.columns
            if column.type == info and table.kind in "rpmf"
        ]
        users += type_users(scope, info)
        if users and node.behavior != ast.DROP_CASCADE:
            message = f"cannot drop type {info.display} because other objects depend on it"
            hint = f"These depend on it: {', '.join(users[:5])}. Drop them first, or use CASCADE to drop them too."
            location = scope.statement.find(name.name, after=5)
            scope.error("dependent-objects", message, "2BP01", location, hint=hint, facts={"dependents": users})
            continue
        del scope.catalog.types[info.schema, info.name]
        scope.catalog.dropped.add(("pg_type", info.oid))
        if relation := _relation(scope, info):
            scope.catalog.remove(relation)
        for table in list(scope.catalog.tables.values()) if users else ():
            left = tuple(column for column in table.columns if column.type != info)
            scope.catalog.put(table._replace(columns=left))


def _relation(scope: Scope, info: TypeInfo) -> Table | None:
    """What a composite type is among relations."""
    return scope.catalog.tables.get((info.schema, info.name)) if info.kind == "c" else None


def _require_type(scope: Scope, name: Name) -> TypeInfo | None:
    """The type a name means; reports where there is none and the catalog can tell."""
    info = scope.catalog.type(TypeShape(name))
    if info is None and scope.catalog.is_live:
        location = scope.statement.find(name.name, after=5)
        hint = did_you_mean(name.name, scope.catalog.type_names())
        scope.unknown("undefined-type", f'type "{name}" does not exist', "42704", location, hint=hint)
    return info
