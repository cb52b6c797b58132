"""CREATE FUNCTION: the grammar of its body. CREATE TRIGGER: the table and the function it calls."""

import postgast

from schemacheck.checker.database.functions import trigger_function
from schemacheck.checker.reading.lowering import name_list, range_name
from schemacheck.checker.scope import Scope

_INSTEAD = 64  # TRIGGER_TYPE_INSTEAD in PostgreSQL's pg_trigger.h


def create_function(scope: Scope) -> None:
    """CREATE FUNCTION, PROCEDURE: later expressions may call it; its body is parsed, and no more."""
    node = scope.statement.node
    scope.catalog.made.add(name_list(node.funcname).name)
    options = {item.def_elem.defname: item.def_elem.arg for item in node.options}
    language = options["language"].string.sval.lower() if "language" in options else ""
    if scope.progress.history.settings.get("check_function_bodies", "on") in ("off", "false", "0"):
        return
    error = None
    if language == "plpgsql":
        error = _plpgsql_error(scope.statement.sql)
    elif language == "sql" and "as" in options:
        error = _sql_error(options["as"].list.items[0].string.sval)
    if error:
        scope.error("syntax-error", error, "42601", _place(scope, error))
    elif scope.catalog.is_live:
        message = "only the grammar of its body was read; what it names was not looked up"
        scope.suggest("proof-limited", message, facts={"wanted": "catalog", "reached": "parse"})


def _plpgsql_error(sql: str) -> str:
    """What the grammar of PL/pgSQL says; of types and tables its parser alone knows nothing."""
    try:
        postgast.parse_plpgsql(sql)
    except postgast.PgQueryError as error:
        return str(error.message) if error.message.startswith("syntax error") else ""
    except ValueError:  # a tree that cannot be read back has been parsed
        return ""
    return ""


def _sql_error(body: str) -> str:
    try:
        postgast.parse(body)
    except postgast.PgQueryError as error:
        return str(error.message)
    return ""


def _place(scope: Scope, message: str) -> int:
    near = message.rpartition(' at or near "')[2].removesuffix('"') if " at or near " in message else ""
    found = scope.statement.sql.find(near) if near else -1
    return len(scope.statement.sql[:found].encode()) if found > 0 else -1


def create_trigger(scope: Scope) -> None:
    """CREATE TRIGGER."""
    node = scope.statement.node
    name = range_name(node.relation)
    scope.table_name = str(name)
    table = scope.require_table(name)
    if table is None:
        return
    scope.target = table
    is_instead = bool(node.timing & _INSTEAD)
    if is_instead and table.kind != "v":
        scope.error("wrong-object-kind", f'"{table.name}" is a table', "42809", name.location)
    elif table.kind == "v" and not is_instead and node.row:
        scope.error("wrong-object-kind", f'"{table.name}" is a view', "42809", name.location)
    elif table.kind not in "rpvf":
        scope.error("wrong-object-kind", f'relation "{table.name}" cannot have triggers', "42809", name.location)
    for item in node.columns if table.is_known else ():
        if table.column(item.string.sval) is None:
            location = scope.statement.find(item.string.sval, after=1)
            scope.unknown_column(table, item.string.sval, location)
    if not scope.has_error:
        _check_function(scope)
    if node.trigname in table.triggers and not node.replace and not scope.has_error:
        message = f'trigger "{node.trigname}" for relation "{table.name}" already exists'
        scope.error("duplicate-object", message, "42710", scope.statement.find(node.trigname, after=7))
    called = (node.trigname, name_list(node.funcname).name)
    scope.catalog.dropped.discard(("pg_trigger", (table.schema, table.name, node.trigname)))
    scope.catalog.put(
        table._replace(triggers=(*table.triggers, node.trigname), trigger_functions=(*table.trigger_functions, called))
    )


def _check_function(scope: Scope) -> None:
    node = scope.statement.node
    name = name_list(node.funcname)
    if name.name in scope.catalog.made or scope.session is None:
        return
    location = scope.statement.find(name.name, after=node.relation.location + 1)
    if name.schema is not None and not scope.catalog.has_schema(name.schema):
        scope.unknown("undefined-schema", f'schema "{name.schema}" does not exist', "3F000", location)
        return
    returns = trigger_function(scope.session, name.schema, name.name)
    if returns is None:
        hint = "Make it before the trigger: it takes no arguments and RETURNS trigger."
        scope.unknown("undefined-function", f"function {name}() does not exist", "42883", location, hint=hint)
    elif returns != "trigger":
        message = f"function {name.name} must return type trigger"
        scope.error("invalid-definition", message, "42P17", location)
