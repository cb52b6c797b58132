"""Storage parameters of tables, indexes and views: the names and ranges that PostgreSQL has built in (reloptions.c)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from postgast import pg_query_pb2 as ast

from schemacheck.checker.likeness import did_you_mean
from schemacheck.checker.reading.lowering import range_name
from schemacheck.checker.scope import Scope

_MOST = 2_147_483_647
_Range = tuple[float, float] | frozenset[str] | None  # a number, one of these words, or true and false
_FILL: dict[str, _Range] = {"fillfactor": (10, 100)}
_TABLE: dict[str, _Range] = {
    **_FILL,
    "toast_tuple_target": (128, 8160),
    "parallel_workers": (0, 1024),
    "user_catalog_table": None,
    "vacuum_index_cleanup": frozenset({"auto", "on", "off", "true", "false", "yes", "no", "1", "0"}),
    "vacuum_truncate": None,
    "vacuum_max_eager_freeze_failure_rate": (0, 1),
    "autovacuum_enabled": None,
    "autovacuum_vacuum_threshold": (0, _MOST),
    "autovacuum_vacuum_max_threshold": (-1, _MOST),
    "autovacuum_vacuum_insert_threshold": (-1, _MOST),
    "autovacuum_analyze_threshold": (0, _MOST),
    "autovacuum_vacuum_cost_limit": (1, 10_000),
    "autovacuum_vacuum_cost_delay": (0, 100),
    "autovacuum_vacuum_scale_factor": (0, 100),
    "autovacuum_vacuum_insert_scale_factor": (0, 100),
    "autovacuum_analyze_scale_factor": (0, 100),
    "autovacuum_freeze_min_age": (0, 1_000_000_000),
    "autovacuum_freeze_max_age": (100_000, 2_000_000_000),
    "autovacuum_freeze_table_age": (0, 2_000_000_000),
    "autovacuum_multixact_freeze_min_age": (0, 1_000_000_000),
    "autovacuum_multixact_freeze_max_age": (10_000, 2_000_000_000),
    "autovacuum_multixact_freeze_table_age": (0, 2_000_000_000),
    "log_autovacuum_min_duration": (-1, _MOST),
}
_TOAST = {
    name: values
    for name, values in _TABLE.items()
    if name.startswith(("autovacuum_", "vacuum_", "log_")) and "analyze" not in name
}
_INDEX: dict[str, dict[str, _Range]] = {
    "btree": {**_FILL, "deduplicate_items": None},
    "hash": _FILL,
    "spgist": _FILL,
    "gist": {**_FILL, "buffering": frozenset({"on", "off", "auto"})},
    "gin": {"fastupdate": None, "gin_pending_list_limit": (64, _MOST)},
    "brin": {"pages_per_range": (1, 131_072), "autosummarize": None},
}
_ANY_INDEX = {name: values for method in _INDEX.values() for name, values in method.items()}
_VIEW: dict[str, _Range] = {
    "security_barrier": None,
    "security_invoker": None,
    "check_option": frozenset({"local", "cascaded"}),
}
_BOOLEANS = ("true", "false", "yes", "no", "on", "off", "1", "0")
_KINDS = {"r": _TABLE, "m": _TABLE, "i": _ANY_INDEX, "I": _ANY_INDEX, "v": _VIEW}
_STATEMENTS = {"alter_index": _ANY_INDEX, "alter_view": _VIEW, "alter_materialized_view": _TABLE}


def check_storage(scope: Scope) -> None:
    """Report the first parameter the server would refuse. Access methods of extensions have parameters of their own."""
    for items, parameters in _options(scope):
        for item in items:
            name, namespace = item.def_elem.defname, item.def_elem.defnamespace
            if namespace not in ("", "toast"):
                return _refuse(scope, namespace, f'unrecognized parameter namespace "{namespace}"')
            names = _TOAST if namespace and parameters is _TABLE else parameters
            if name == "oids" and parameters is _TABLE:
                continue
            if name not in names:
                return _refuse(scope, name, f'unrecognized parameter "{name}"', did_you_mean(name, names))
            if message := _complaint(name, _value(item.def_elem), names[name]):
                return _refuse(scope, name, *message)
    return None


def _refuse(scope: Scope, name: str, message: str, hint: str = "") -> None:
    scope.error("invalid-parameter", message, "22023", scope.statement.find(name), hint=hint)


def _options(scope: Scope) -> Iterator[tuple[Iterable[Any], Mapping[str, _Range]]]:
    """Parameters that are set, and those there are."""
    node = scope.statement.node
    match node:
        case ast.CreateStmt() if not node.access_method and not node.HasField("partspec"):
            yield node.options, _TABLE
        case ast.CreateTableAsStmt() if not node.into.access_method:
            yield node.into.options, _TABLE
        case ast.ViewStmt():
            yield node.options, _VIEW
        case ast.IndexStmt() if node.access_method in _INDEX:
            yield node.options, _INDEX[node.access_method]
        case ast.AlterTableStmt():
            table = scope.catalog.table(range_name(node.relation))
            parameters = _KINDS.get(table.kind) if table else _STATEMENTS.get(scope.statement.kind)
            for item in node.cmds if parameters else ():
                if item.alter_table_cmd.subtype in (ast.AT_SetRelOptions, ast.AT_ReplaceRelOptions):
                    yield getattr(item.alter_table_cmd, "def").list.items, parameters or {}


def _value(option: Any) -> str:
    """The value as written; a parameter without one is true."""
    value = option.arg
    match value.WhichOneof("node"):
        case "integer":
            return str(value.integer.ival)
        case "float":
            return str(value.float.fval)
        case "string":
            return str(value.string.sval)
        case "type_name":
            return str(value.type_name.names[-1].string.sval)
        case "boolean":
            return "true" if value.boolean.boolval else "false"
    return "true"


def _complaint(name: str, value: str, allowed: _Range) -> tuple[str, str] | None:
    word = value.lower()
    if allowed is None:
        is_boolean = any(item.startswith(word) for item in _BOOLEANS) and word not in ("", "o")
        return None if is_boolean else (f'invalid value for boolean option "{name}": {value}', "")
    if isinstance(allowed, frozenset):
        listed = ", ".join(sorted(allowed))
        return None if word in allowed else (f'invalid value for enum option "{name}": {value}', f"Valid are {listed}.")
    low, high = allowed
    try:
        number = float(value)
    except ValueError:
        return f'invalid value for numeric option "{name}": {value}', ""
    if low <= number <= high:
        return None
    return f'value {value} out of bounds for option "{name}"', f"Valid are {low:g} to {high:g}."
