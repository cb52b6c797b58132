"""Statements about everything but CREATE and ALTER TABLE: what they need, and what later statements then see."""

from collections.abc import Callable

from postgast import pg_query_pb2 as ast

from schemacheck.checker.proof.functions import create_function, create_trigger
from schemacheck.checker.proof.indexes import create_index
from schemacheck.checker.proof.tables import record_created
from schemacheck.checker.proof.type_definitions import alter_enum, create_type
from schemacheck.checker.proof.views import create_view
from schemacheck.checker.reading.lowering import name_list, range_name
from schemacheck.checker.reading.shapes import Name
from schemacheck.checker.scope import Scope


def create_sequence(scope: Scope) -> None:
    """CREATE SEQUENCE."""
    node = scope.statement.node
    name = range_name(node.sequence)
    schema = scope.catalog.schema_for_new(name, node.sequence.relpersistence) or "public"
    if scope.catalog.relation(schema, name.name):
        if not node.if_not_exists:
            scope.error("duplicate-table", f'relation "{name.name}" already exists', "42P07", name.location)
        return
    owner: tuple[str, ...] = ()
    for option in node.options:
        words = [item.string.sval for item in option.def_elem.arg.list.items]
        if option.def_elem.defname == "owned_by" and len(words) > 1:
            table = scope.require_table(Name(words[-3] if len(words) > 2 else None, words[-2]))
            owner = (table.schema, table.name, words[-1]) if table else ()
    record_created(scope, name, kind="S", owned_by=owner)


def create_schema(scope: Scope) -> None:
    """CREATE SCHEMA; its own elements are made in it."""
    node = scope.statement.node
    name = node.schemaname or node.authrole.rolename
    if scope.catalog.is_live and name in scope.catalog.schemas and not node.if_not_exists:
        location = scope.statement.find(name)
        scope.error("duplicate-schema", f'schema "{name}" already exists', "42P06", location)
        return
    scope.catalog.schemas.setdefault(name, True)
    scope.catalog.made.add(name)
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
    if table.kind in "iI":
        return
    scope.catalog.move(table, schema=node.newschema, name=table.name)


def set_variable(scope: Scope) -> None:
    """SET: the search path changes what names mean."""
    node = scope.statement.node
    values = [argument.a_const.sval.sval or str(argument.a_const.ival.ival) for argument in node.args]
    if node.name.lower() == "timezone":
        scope.catalog.is_utc = bool(values) and values[0].upper() in _UTC
    if node.name == "search_path" and values:
        catalog = scope.catalog
        schemas = [value for value in values if not catalog.is_live or catalog.schema_called(value) in catalog.schemas]
        catalog.path = ("pg_catalog", *schemas) if "pg_catalog" not in schemas else tuple(schemas)
        catalog.creation_schema = next((value for value in schemas if value != "pg_catalog"), None)


_UTC = {"UTC", "GMT", "ETC/UTC", "ETC/GMT", "UCT", "ZULU", "0", "+00", "+00:00"}


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
    """CREATE AGGREGATE, OPERATOR, CAST: later expressions may call it."""
    node = scope.statement.node
    match node:
        case ast.DefineStmt() if node.kind == ast.OBJECT_AGGREGATE:
            scope.catalog.made.add(name_list(node.defnames).name)
        case _:
            scope.catalog.made_operators = True


HANDLERS: dict[str, Callable[[Scope], None]] = {
    "create_index": create_index,
    "create_view": create_view,
    "create_table_as": create_view,
    "create_sequence": create_sequence,
    "create_schema": create_schema,
    "create_type": create_type,
    "create_domain": create_type,
    "alter_type": alter_enum,
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
    "create_function": create_function,
    "create_trigger": create_trigger,
    "create_operator": made_function,
    "create_cast": made_function,
    "create_aggregate": made_function,
}
