"""Whether a sequence, a function or a type is still needed when it is dropped, by the database or by the script."""

from collections.abc import Iterator
from typing import Any

from postgast import pg_query_pb2 as ast

from schemacheck.checker.database.catalog import Catalog, Table, TypeInfo
from schemacheck.checker.database.users import User, functions_called, identities_of, users_of
from schemacheck.checker.reading.lowering import name_list, type_shape
from schemacheck.checker.reading.parser import walk
from schemacheck.checker.reading.shapes import Name
from schemacheck.checker.scope import Scope

_KINDS = {ast.OBJECT_FUNCTION: ("function", "fw"), ast.OBJECT_PROCEDURE: ("procedure", "p")}


def called_in(expression: Any) -> tuple[str, ...]:
    """The functions and sequences an expression of a column names."""
    if expression.HasField("a_const"):
        return ()
    if expression.HasField("func_call") and not expression.func_call.args:  # now(), as most that are not constants
        return (str(expression.func_call.funcname[-1].string.sval),)
    names: list[str] = []
    for node in walk(expression):
        if isinstance(node, ast.FuncCall):
            names.append(node.funcname[-1].string.sval)
        elif isinstance(node, ast.A_Const) and node.HasField("sval"):
            names.append(node.sval.sval.rpartition(".")[2].strip('"'))
    return tuple(names)


def sequence_users(scope: Scope, sequence: Table) -> list[str]:
    """The defaults that take their values from a sequence."""
    live = users_of(scope.session, "pg_class", [sequence.oid]) if scope.session and sequence.oid else []
    users = [user.shown for user in live if _stands(scope.catalog, user)]
    owner = scope.catalog.tables.get(sequence.owned_by[:2]) if sequence.owned_by else None  # type: ignore[arg-type]
    column = owner.column(sequence.owned_by[2]) if owner else None
    if owner and column and (column.identity or (sequence.is_new and column.has_default and column.calls is None)):
        users.append(f"default value for column {column.name} of table {owner.name}")
    if owner is None and scope.session and sequence.oid:
        users += identities_of(scope.session, sequence.oid)
    return sorted({*users, *_columns_calling(scope.catalog, sequence.name)})


def type_users(scope: Scope, info: TypeInfo) -> list[str]:
    """What needs a type, but for the columns of tables that are known anyway."""
    if scope.session is None or not info.oid:
        return []
    array = scope.catalog.types.get((info.schema, f"_{info.name}"))
    found = users_of(scope.session, "pg_type", [info.oid, array.oid if array else 0])
    known = scope.catalog.tables
    return sorted(
        user.shown
        for user in found
        if _stands(scope.catalog, user) and not (user.what == "pg_class" and (user.schema, user.relation) in known)
    )


def drop_functions(scope: Scope) -> None:
    """DROP FUNCTION, PROCEDURE, ROUTINE."""
    node = scope.statement.node
    for item in node.objects:
        called = item.object_with_args
        name = name_list(called.objname)
        made = name.name in scope.catalog.made
        signature = None if called.args_unspecified else _signature(name, called)
        found = functions_called(scope.session, name.schema, name.name, signature) if scope.session else None
        live = [one for one in found or () if ("pg_proc", one.oid) not in scope.catalog.dropped]
        location = scope.statement.find(name.name, after=5)
        if found is not None and not live and not made:
            _report_missing(scope, name, signature, location)
            continue
        if len(live) > 1 and signature is None and not made:
            scope.error("ambiguous-name", f'function name "{name}" is not unique', "42725", location)
            continue
        _check_function(scope, name, live, location)
        scope.catalog.dropped.update(("pg_proc", one.oid) for one in live)
        if made and not live:
            scope.catalog.made.discard(name.name)


def _check_function(scope: Scope, name: Name, live: Any, location: int) -> None:
    node = scope.statement.node
    noun, kinds = _KINDS.get(node.remove_type, ("function", "fwpa"))
    if live and live[0].kind not in kinds:
        scope.error("wrong-object-kind", f"{name} is not a {noun}", "42809", location)
        return
    users: list[str] = []
    if live and scope.session:
        found = users_of(scope.session, "pg_proc", [one.oid for one in live])
        users = [user.shown for user in found if _stands(scope.catalog, user)]
    users = sorted({*users, *_columns_calling(scope.catalog, name.name), *_triggers_calling(scope.catalog, name.name)})
    report_users(scope, noun, str(name), users, location)


def report_users(scope: Scope, noun: str, name: str, users: list[str], location: int) -> None:
    """What is needed is dropped with CASCADE only."""
    if users and scope.statement.node.behavior != ast.DROP_CASCADE:
        message = f"cannot drop {noun} {name} because other objects depend on it"
        hint = f"These depend on it: {', '.join(users[:5])}. Drop them first, or use CASCADE to drop them too."
        scope.error("dependent-objects", message, "2BP01", location, hint=hint, facts={"dependents": users})


def _report_missing(scope: Scope, name: Name, signature: str | None, location: int) -> None:
    if scope.statement.node.missing_ok:
        scope.warn("nothing-to-do", f"function {name} does not exist, so nothing would be done", location)
        return
    message = f"function {signature} does not exist" if signature else f'could not find a function named "{name}"'
    scope.unknown("undefined-function", message, "42883", location)


def _signature(name: Name, called: Any) -> str:
    shapes = [type_shape(argument.type_name) for argument in called.objargs]
    return f"{name.sql}({', '.join(shape.name.sql + ('[]' if shape.is_array else '') for shape in shapes)})"


def _columns_calling(catalog: Catalog, name: str) -> Iterator[str]:
    """The columns to which the script gave a default, or an expression, that names something."""
    for table in catalog.tables.values():
        for column in table.columns:
            if column.calls and name in column.calls and (column.has_default or column.generated):
                yield f"default value for column {column.name} of table {table.name}"


def _triggers_calling(catalog: Catalog, name: str) -> Iterator[str]:
    for table in catalog.tables.values():
        for trigger, function in table.trigger_functions:
            if function == name and ("pg_trigger", (table.schema, table.name, trigger)) not in catalog.dropped:
                yield f"trigger {trigger} on table {table.name}"


def _stands(catalog: Catalog, user: User) -> bool:
    """Whether the script left in place what the database says needs something."""
    if (user.what, user.oid) in catalog.dropped:
        return False
    if user.schema is None or user.relation is None:
        return True
    if (user.schema, user.relation) in catalog.gone:
        return False
    if user.what == "pg_trigger":
        schemas = (user.schema, None)  # the table of a trigger is not looked up, so its schema may be unknown
        return not any(("pg_trigger", (schema, user.relation, user.name)) in catalog.dropped for schema in schemas)
    table = catalog.tables.get((user.schema, user.relation))
    if table is None or not user.name:
        return True
    if user.what == "pg_constraint":
        return table.constraint(user.name) is not None
    column = table.column(user.name)
    return column is not None and (user.what != "pg_attrdef" or (bool(column.has_default) and column.calls is None))
