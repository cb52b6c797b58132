"""Statements about everything but CREATE and ALTER TABLE: what they need, and what later statements then see."""

from collections.abc import Callable

from postgast import pg_query_pb2 as ast

from schemacheck.checker.database.catalog import Index, Table, TypeInfo
from schemacheck.checker.database.lookup import names_of
from schemacheck.checker.likeness import did_you_mean
from schemacheck.checker.proof.tables import record_created
from schemacheck.checker.reading.lowering import name_list, range_name, shape_of
from schemacheck.checker.reading.shapes import IndexShape, Name
from schemacheck.checker.scope import Scope

_DROPPED = {
    ast.OBJECT_TABLE: ("table", "rp"),
    ast.OBJECT_VIEW: ("view", "v"),
    ast.OBJECT_MATVIEW: ("materialized view", "m"),
    ast.OBJECT_SEQUENCE: ("sequence", "S"),
    ast.OBJECT_FOREIGN_TABLE: ("foreign table", "f"),
}


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
    taken = shape.name is not None and (
        (table.schema, shape.name) in scope.catalog.tables or any(index.name == shape.name for index in table.indexes)
    )
    if taken and shape.if_not_exists:
        scope.warn("already-exists", f'relation "{shape.name}" already exists, so nothing would be done')
        return
    if taken:
        location = scope.statement.find(str(shape.name))
        scope.error("duplicate-table", f'relation "{shape.name}" already exists', "42P07", location)
    if not table.is_known:
        return
    for name in shape.columns:
        if name is not None and table.column(name) is None:
            location = scope.statement.find(name, after=shape.table.location + 1)
            scope.unknown_column(table, name, location, f'column "{name}" does not exist')
    chosen = shape.name or "_".join([table.name, *(column or "expr" for column in shape.columns), "idx"])[:63]
    index = Index(name=chosen, columns=shape.columns, unique=shape.unique, partial=shape.partial)
    scope.catalog.put(table._replace(indexes=(*table.indexes, index)))


def drop(scope: Scope) -> None:
    """DROP of relations, indexes, types and schemas."""
    node = scope.statement.node
    if node.remove_type == ast.OBJECT_INDEX:
        return _drop_indexes(scope)
    if node.remove_type == ast.OBJECT_SCHEMA:
        return _drop_schemas(scope)
    if node.remove_type in (ast.OBJECT_TYPE, ast.OBJECT_DOMAIN):
        return None
    if node.remove_type in _DROPPED:
        _drop_relations(scope, *_DROPPED[node.remove_type])
    return None


def _drop_relations(scope: Scope, noun: str, kinds: str) -> None:
    node = scope.statement.node
    for name in names_of(node.objects):
        scope.table_name = scope.table_name or str(name)
        located = Name(name.schema, name.name, scope.statement.find(name.name, after=5))
        table = scope.catalog.table(located)
        if table is None:
            if node.missing_ok:
                message = f'{noun} "{name}" does not exist, so nothing would be done'
                if scope.catalog.is_live:
                    scope.warn("nothing-to-do", message, located.location)
            else:
                scope.require_table(located, what=noun)
            continue
        if table.kind not in kinds:
            message = f'"{table.name}" is not a {noun}'
            scope.error("wrong-object-kind", message, "42809", located.location)
        elif not table.is_mine:
            scope.error("permission", f"must be owner of {noun} {table.name}", "42501", located.location)
        else:
            _check_dependents(scope, table, noun, located.location)
        scope.catalog.remove(table)


def _check_dependents(scope: Scope, table: Table, noun: str, location: int) -> None:
    node = scope.statement.node
    going = {name.name for name in names_of(node.objects)}
    keys = [f"constraint {name} on table {other}" for other, name in table.referenced_by if other not in going]
    users = [*keys, *sorted({f"view {view}" for view, _ in table.views})]
    if users and node.behavior != ast.DROP_CASCADE:
        message = f"cannot drop {noun} {table.name} because other objects depend on it"
        hint = f"These depend on it: {', '.join(users[:5])}. Drop them first, or use CASCADE to drop them too."
        scope.error("dependent-objects", message, "2BP01", location, hint=hint, facts={"dependents": users})


def _drop_indexes(scope: Scope) -> None:
    node = scope.statement.node
    for name in names_of(node.objects):
        owner = next(
            (
                table
                for table in scope.catalog.tables.values()
                if name.schema in (None, table.schema) and any(index.name == name.name for index in table.indexes)
            ),
            None,
        )
        owning = owner or scope.catalog.table(name)
        if owning is None and not node.missing_ok and scope.catalog.is_live:
            location = scope.statement.find(name.name, after=5)
            scope.unknown("undefined-index", f'index "{name}" does not exist', "42704", location)
        elif owner is not None:
            scope.target = owner
            left = tuple(index for index in owner.indexes if index.name != name.name)
            scope.catalog.put(owner._replace(indexes=left))


def _drop_schemas(scope: Scope) -> None:
    node = scope.statement.node
    for name in names_of(node.objects):
        if not scope.catalog.has_schema(name.name) and not node.missing_ok:
            location = scope.statement.find(name.name, after=5)
            scope.unknown("undefined-schema", f'schema "{name.name}" does not exist', "3F000", location)
        scope.catalog.schemas.pop(name.name, None)
        for key in [key for key in scope.catalog.tables if key[0] == name.name]:
            del scope.catalog.tables[key]


def rename(scope: Scope) -> None:
    """RENAME of a table, a column or a constraint."""
    node = scope.statement.node
    if node.rename_type not in _RENAMED or not node.relation.relname:
        return
    name = range_name(node.relation)
    scope.table_name = str(name)
    table = scope.catalog.table(name)
    if table is None:
        if not node.missing_ok:
            scope.require_table(name)
        return
    scope.target = table
    if not table.is_mine:
        scope.error("permission", f"must be owner of table {table.name}", "42501", name.location)
        return
    match node.rename_type:
        case ast.OBJECT_COLUMN | ast.OBJECT_ATTRIBUTE:
            _rename_column(scope, table)
        case ast.OBJECT_TABCONSTRAINT:
            _rename_constraint(scope, table)
        case _:
            _rename_relation(scope, table)


_RENAMED = {
    ast.OBJECT_TABLE,
    ast.OBJECT_COLUMN,
    ast.OBJECT_TABCONSTRAINT,
    ast.OBJECT_VIEW,
    ast.OBJECT_MATVIEW,
    ast.OBJECT_INDEX,
    ast.OBJECT_SEQUENCE,
    ast.OBJECT_FOREIGN_TABLE,
}


def _rename_relation(scope: Scope, table: Table) -> None:
    new = scope.statement.node.newname
    if (table.schema, new) in scope.catalog.tables:
        location = scope.statement.find(new, after=scope.statement.find("to", after=6))
        scope.error("duplicate-table", f'relation "{new}" already exists', "42P07", location)
        return
    scope.catalog.remove(table)
    scope.catalog.put(table._replace(name=new))


def _rename_column(scope: Scope, table: Table) -> None:
    old, new = scope.statement.node.subname, scope.statement.node.newname
    if not table.is_known:
        return
    if table.column(old) is None:
        hint = did_you_mean(old, [column.name for column in table.columns])
        location = scope.statement.find(old, after=scope.statement.find("rename"))
        scope.error("undefined-column", f'column "{old}" does not exist', "42703", location, hint=hint)
        return
    if table.column(new) is not None:
        location = scope.statement.find(new, after=scope.statement.find("to", after=6))
        message = f'column "{new}" of relation "{table.name}" already exists'
        scope.error("duplicate-column", message, "42701", location)
        return

    def renamed(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new if name == old else name for name in names)

    scope.catalog.put(
        table._replace(
            columns=tuple(c._replace(name=new) if c.name == old else c for c in table.columns),
            indexes=tuple(
                i._replace(columns=tuple(new if name == old else name for name in i.columns)) for i in table.indexes
            ),
            constraints=tuple(c._replace(columns=renamed(c.columns)) for c in table.constraints),
        )
    )


def _rename_constraint(scope: Scope, table: Table) -> None:
    old, new = scope.statement.node.subname, scope.statement.node.newname
    if not table.is_known:
        return
    if table.constraint(old) is None:
        message = f'constraint "{old}" for table "{table.name}" does not exist'
        location = scope.statement.find(old, after=scope.statement.find("rename"))
        scope.error("undefined-constraint", message, "42704", location)
        return
    constraints = tuple(c._replace(name=new) if c.name == old else c for c in table.constraints)
    indexes = tuple(i._replace(name=new) if i.name == old else i for i in table.indexes)
    scope.catalog.put(table._replace(constraints=constraints, indexes=indexes))


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
    if existing is not None and existing.oid and not isinstance(node, ast.DefineStmt):
        location = scope.statement.find(name.name)
        scope.error("duplicate-type", f'type "{name.name}" already exists', "42710", location)
        return
    made = TypeInfo(schema=schema, name=name.name, display=name.sql, kind="?")
    scope.catalog.types[schema, name.name] = made
    scope.catalog.made_types.add(name.name)


def create_view(scope: Scope) -> None:
    """CREATE [MATERIALIZED] VIEW, CREATE TABLE AS: a relation whose columns are not followed."""
    node = scope.statement.node
    target = node.view if isinstance(node, ast.ViewStmt) else node.into.rel
    name = range_name(target)
    scope.table_name = str(name)
    schema = scope.catalog.schema_for_new(name, target.relpersistence)
    replaces = isinstance(node, ast.ViewStmt) and node.replace
    skips = isinstance(node, ast.CreateTableAsStmt) and node.if_not_exists
    if scope.catalog.tables.get((schema or "", name.name)) and not replaces:
        message = f'relation "{name.name}" already exists'
        if not skips:
            scope.error("duplicate-table", message, "42P07", name.location)
        return
    record_created(scope, name, kind="v" if isinstance(node, ast.ViewStmt) else "r")


def create_sequence(scope: Scope) -> None:
    """CREATE SEQUENCE."""
    node = scope.statement.node
    name = range_name(node.sequence)
    schema = scope.catalog.schema_for_new(name, node.sequence.relpersistence)
    if scope.catalog.tables.get((schema or "", name.name)):
        if not node.if_not_exists:
            scope.error("duplicate-table", f'relation "{name.name}" already exists', "42P07", name.location)
        return
    record_created(scope, name, kind="S")


def create_schema(scope: Scope) -> None:
    """CREATE SCHEMA; its own elements are made in it."""
    node = scope.statement.node
    name = node.schemaname or node.authrole.rolename
    if scope.catalog.is_live and name in scope.catalog.schemas and not node.if_not_exists:
        location = scope.statement.find(name)
        scope.error("duplicate-schema", f'schema "{name}" already exists', "42P06", location)
        return
    scope.catalog.schemas.setdefault(name, True)
    if node.schema_elts:
        scope.catalog.is_certain = False


def change_schema(scope: Scope) -> None:
    """ALTER ... SET SCHEMA."""
    node = scope.statement.node
    if not node.relation.relname:
        return
    name = range_name(node.relation)
    scope.table_name = str(name)
    table = scope.catalog.table(name) if node.missing_ok else scope.require_table(name)
    if table is None:
        return
    if not scope.catalog.has_schema(node.newschema):
        location = scope.statement.find(node.newschema)
        scope.unknown("undefined-schema", f'schema "{node.newschema}" does not exist', "3F000", location)
        return
    scope.catalog.remove(table)
    scope.catalog.put(table._replace(schema=node.newschema))


def set_variable(scope: Scope) -> None:
    """SET: the search path changes what names mean."""
    node = scope.statement.node
    values = [argument.a_const.sval.sval or str(argument.a_const.ival.ival) for argument in node.args]
    if node.name == "search_path" and values:
        catalog = scope.catalog
        schemas = [value for value in values if not catalog.is_live or catalog.schema_called(value) in catalog.schemas]
        catalog.path = ("pg_catalog", *schemas) if "pg_catalog" not in schemas else tuple(schemas)
        catalog.creation_schema = next((value for value in schemas if value != "pg_catalog"), None)


def begin(scope: Scope) -> None:
    """BEGIN: what follows can be rolled back."""
    scope.progress.in_transaction = True
    scope.progress.saved = scope.catalog.copy()


def commit(scope: Scope) -> None:
    """COMMIT."""
    scope.progress.in_transaction = False
    scope.progress.saved = None


def forget(scope: Scope) -> None:
    """DO, CALL, CREATE EXTENSION: nobody can say what exists after them."""
    scope.catalog.is_certain = False


def made_function(scope: Scope) -> None:
    """CREATE FUNCTION and its like: later expressions may call it."""
    scope.catalog.made_functions = True


HANDLERS: dict[str, Callable[[Scope], None]] = {
    "create_index": create_index,
    "create_view": create_view,
    "create_table_as": create_view,
    "create_sequence": create_sequence,
    "create_schema": create_schema,
    "create_type": create_type,
    "create_domain": create_type,
    "alter_object_schema": change_schema,
    "set": set_variable,
    "begin": begin,
    "start": begin,
    "commit": commit,
    "do": forget,
    "call": forget,
    "execute": forget,
    "create_extension": forget,
    "import_foreign_schema": forget,
    "create_function": made_function,
    "create_operator": made_function,
    "create_cast": made_function,
    "create_aggregate": made_function,
}
