"""ALTER ... RENAME: what is renamed is there, and later statements find it under its new name."""

from postgast import pg_query_pb2 as ast

from schemacheck.checker.database.catalog import Table
from schemacheck.checker.likeness import did_you_mean
from schemacheck.checker.proof.indexes import rename_index, with_index_named
from schemacheck.checker.proof.kinship import known_below
from schemacheck.checker.proof.type_definitions import rename_type
from schemacheck.checker.reading.lowering import range_name
from schemacheck.checker.scope import Scope


def rename(scope: Scope) -> None:
    """RENAME of a table, a column or a constraint."""
    node = scope.statement.node
    if node.rename_type in _OTHERS:
        _OTHERS[node.rename_type](scope)
        return
    if node.rename_type not in _RENAMED or not node.relation.relname:
        return
    name = range_name(node.relation)
    scope.table_name = str(name)
    table = scope.catalog.table(name)
    if table is None:
        if not node.missing_ok:
            scope.require_table(name)
        return
    if table.kind in "iI":
        rename_index(scope)  # ALTER TABLE may name an index too
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
    ast.OBJECT_SEQUENCE,
    ast.OBJECT_FOREIGN_TABLE,
}


def _rename_relation(scope: Scope, table: Table) -> None:
    new = scope.statement.node.newname
    if scope.catalog.relation(table.schema, new):
        location = scope.statement.find(new, after=scope.statement.find("to", after=6))
        scope.error("duplicate-table", f'relation "{new}" already exists', "42P07", location)
        return
    scope.catalog.move(table, schema=table.schema, name=new)


def _rename_column(scope: Scope, table: Table) -> None:
    old, new = scope.statement.node.subname, scope.statement.node.newname
    if not table.is_known:
        return
    column = table.column(old)
    if column is None:
        hint = did_you_mean(old, [column.name for column in table.columns])
        location = scope.statement.find(old, after=scope.statement.find("rename"))
        scope.error("undefined-column", f'column "{old}" does not exist', "42703", location, hint=hint)
        return
    if _refuse_inherited(scope, table, "column", old, inherited=column.inherited):
        return
    if table.column(new) is not None:
        location = scope.statement.find(new, after=scope.statement.find("to", after=6))
        message = f'column "{new}" of relation "{table.name}" already exists'
        scope.error("duplicate-column", message, "42701", location)
        return

    for member in (table, *known_below(scope.catalog, table)):
        scope.catalog.put(_with_column_named(member, old, new))


def _with_column_named(table: Table, old: str, new: str) -> Table:
    def renamed(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new if name == old else name for name in names)

    columns = (c._replace(name=new if c.name == old else c.name, uses=renamed(c.uses)) for c in table.columns)
    indexes = (i._replace(columns=tuple(new if name == old else name for name in i.columns)) for i in table.indexes)
    key = table.key
    if key is not None:
        parts = tuple(new if name == old else name for name in key.columns)
        key = key._replace(columns=parts, used=renamed(key.used))
    return table._replace(
        columns=tuple(columns),
        indexes=tuple(indexes),
        constraints=tuple(c._replace(columns=renamed(c.columns)) for c in table.constraints),
        key=key,
    )


def _refuse_inherited(scope: Scope, table: Table, what: str, name: str, *, inherited: bool) -> bool:
    """What comes from a parent, or goes on to children, has one name in all of them."""
    message = ""
    if what == "column" and table.of_type:
        scope.error("wrong-object-kind", "cannot rename column of typed table", "42809")
    elif inherited:
        message = f'cannot rename inherited {what} "{name}"'
    elif table.has_children and not scope.statement.node.relation.inh:
        message = f'inherited {what} "{name}" must be renamed in child tables too'
    if message:
        location = scope.statement.find(name, after=scope.statement.find("rename"))
        scope.error(f"inherited-{what}", message, "42P16", location)
    return bool(message) or (what == "column" and table.of_type)


def _rename_constraint(scope: Scope, table: Table) -> None:
    old, new = scope.statement.node.subname, scope.statement.node.newname
    if not table.is_known:
        return
    constraint = table.constraint(old)
    if constraint is None:
        message = f'constraint "{old}" for table "{table.name}" does not exist'
        location = scope.statement.find(old, after=scope.statement.find("rename"))
        scope.error("undefined-constraint", message, "42704", location)
        return
    goes_on = constraint.kind == "c" and not constraint.no_inherit
    if goes_on and _refuse_inherited(scope, table, "constraint", old, inherited=constraint.inherited):
        return
    constraints = tuple(c._replace(name=new) if c.name == old else c for c in table.constraints)
    scope.catalog.put(with_index_named(table, old, new)._replace(constraints=constraints))
    scope.catalog.made.add(new)


def _rename_schema(scope: Scope) -> None:
    catalog, node = scope.catalog, scope.statement.node
    if not catalog.has_schema(node.subname):
        location = scope.statement.find(node.subname, after=12)
        scope.unknown("undefined-schema", f'schema "{node.subname}" does not exist', "3F000", location)
        return
    catalog.schemas[node.newname] = catalog.schemas.pop(node.subname, True)
    for table in [table for table in catalog.tables.values() if table.schema == node.subname]:
        catalog.move(table, schema=node.newname, name=table.name)


def _rename_function(scope: Scope) -> None:
    scope.catalog.made.add(scope.statement.node.newname)


_OTHERS = {
    ast.OBJECT_INDEX: rename_index,
    ast.OBJECT_SCHEMA: _rename_schema,
    ast.OBJECT_TYPE: rename_type,
    ast.OBJECT_DOMAIN: rename_type,
    ast.OBJECT_FUNCTION: _rename_function,
    ast.OBJECT_ROUTINE: _rename_function,
}
