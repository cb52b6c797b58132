"""What SQL given to a tool would do: parsed with PostgreSQL's own grammar (postgast), never searched.

Each statement, wherever it stands (in a WITH, behind EXPLAIN or PREPARE), gets a label such as `drop table users`,
`delete from users without where` or `alter table users drop column email`, which `SQL(...)` rules match.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

MAX_CHARS = 10_000
"""libpg_query needs 400 bytes of stack a nested level: at this length no text can exhaust a thread's."""

_CAMEL = re.compile(r"(?<!^)(?=[A-Z])")
_OBJECTS = {"matview": "materialized view", "tabconstraint": "constraint"}
# Functions that run SQL text, or reach files and other servers.
_REACHING = {
    "dblink",
    "dblink_exec",
    "query_to_xml",
    "pg_read_file",
    "pg_read_binary_file",
    "pg_ls_dir",
    "pg_write_file",
    "pg_file_write",
    "lo_import",
    "lo_export",
    "pg_terminate_backend",
    "pg_execute_server_program",
    "load_extension",
    "writefile",
    "readfile",
    "edit",
    "fts3_tokenizer",
    "xp_cmdshell",
    "sys_exec",
    "sys_eval",
}
# Beside functions that reach out: what has code in another language, or a command of the server's shell.
_CODE = re.compile(r"(?:function |do\b|create function|copy .* program )")


class CannotBeRead(Exception):
    """The SQL is not PostgreSQL's, is too long, or is not text; `labels` were found before that."""

    def __init__(self, reason: str, labels: list[str] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.labels = labels or []


def labels(sql: str) -> list[str]:
    """One label for every statement in the text. Raises CannotBeRead."""
    if len(sql) > MAX_CHARS:
        raise CannotBeRead(f"the SQL is longer than {MAX_CHARS:,} characters")
    if "\0" in sql or re.search(r"[\ud800-\udfff]", sql):
        raise CannotBeRead("part of the SQL is computed or not text", _salvage(sql.replace("\0", " NULL ")))
    if "/*!" in sql or "/*+" in sql:
        raise CannotBeRead("the SQL has a comment that some databases run", _salvage(sql))
    try:
        return _parse(sql)
    except CannotBeRead as error:
        raise CannotBeRead(error.reason, _salvage(sql)) from error


def runs_code(label: str) -> bool:
    """Whether a statement of this label runs what its grammar does not show."""
    return _CODE.match(label) is not None


def _salvage(sql: str) -> list[str]:
    """The labels of those parts that can be read alone."""
    found: list[str] = []
    for part in sql.split(";"):
        try:
            found += _parse(re.sub(r"[\ud800-\udfff]", " ", part))
        except CannotBeRead:
            continue
    return found


def _parse(sql: str) -> list[str]:
    import postgast  # 0.2 s, spared to every command that has no SQL
    from google.protobuf.message import DecodeError

    try:
        result = postgast.parse(sql)
    except postgast.PgQueryError as error:
        raise CannotBeRead(f"the SQL cannot be parsed: {str(error)[:100]}") from error
    except DecodeError as error:
        raise CannotBeRead("the SQL is nested too deeply") from error
    found: list[str] = []
    for raw in result.stmts:
        for top, node in _statements(raw.stmt):
            found += _label(node, top=top)
    return list(dict.fromkeys(found))


def _statements(root: Any) -> Iterator[tuple[bool, Any]]:
    """The statement and every message below it; the first is True for the statement itself."""
    kind = root.WhichOneof("node")
    top = getattr(root, kind) if kind else root
    pending = [top]
    while pending:
        node = pending.pop()
        yield node is top, node
        for descriptor, value in node.ListFields():
            if descriptor.message_type is None:
                continue
            pending.extend(value if descriptor.is_repeated else [value])


def _label(node: Any, *, top: bool) -> list[str]:
    kind: str = node.DESCRIPTOR.name
    if make := _LABELS.get(kind):
        return make(node)
    if kind == "FuncCall":
        name = node.funcname[-1].string.sval if node.funcname else ""
        return [f"function {name}"] if name in _REACHING else []
    if kind.endswith("Stmt") and top:
        relation = _relation(node.relation) if "relation" in node.DESCRIPTOR.fields_by_name else ""
        return [f"{_words(kind)} {relation}".strip()]
    return []


def _copy(node: Any) -> list[str]:
    way = "from" if node.is_from else "to"
    return [f"copy {_relation(node.relation)} {way} {'program' if node.is_program else 'file'} {node.filename}"]


def _drop(node: Any) -> list[str]:
    return [f"drop {_object(node.remove_type)} {', '.join(_name(item) for item in node.objects)}"]


# Wherever they stand in a statement.
_LABELS: dict[str, Callable[[Any], list[str]]] = {
    "DropStmt": _drop,
    "DropdbStmt": lambda node: [f"drop database {node.dbname}"],
    "TruncateStmt": lambda node: [f"truncate table {', '.join(_name(item) for item in node.relations)}"],
    "DeleteStmt": lambda node: [f"delete from {_relation(node.relation)}{_without_where(node)}"],  # noqa: S608  -- a label
    "UpdateStmt": lambda node: [f"update {_relation(node.relation)}{_without_where(node)}"],
    "InsertStmt": lambda node: [f"insert into {_relation(node.relation)}"],
    "MergeStmt": lambda node: [f"merge into {_relation(node.relation)}"],
    "AlterTableStmt": lambda node: [_alteration(node, item.alter_table_cmd) for item in node.cmds],
    "CopyStmt": _copy,
    "GrantStmt": lambda node: ["grant" if node.is_grant else "revoke"],
}


def _words(kind: str) -> str:
    """`CreateRoleStmt` as `create role`."""
    return _CAMEL.sub(" ", kind.removesuffix("Stmt")).lower()


def _object(value: int) -> str:
    from postgast import pg_query_pb2

    name = str(pg_query_pb2.ObjectType.Name(value)).removeprefix("OBJECT_").lower().replace("_", " ")
    return _OBJECTS.get(name, name)


def _relation(node: Any) -> str:
    return ".".join(part for part in (node.schemaname, node.relname) if part)


def _name(node: Any) -> str:
    kind = node.WhichOneof("node")
    match kind:
        case "list":
            return ".".join(item.string.sval for item in node.list.items)
        case "string":
            return str(node.string.sval)
        case "range_var":
            return _relation(node.range_var)
        case "type_name":
            return ".".join(item.string.sval for item in node.type_name.names)
        case "object_with_args":
            return ".".join(item.string.sval for item in node.object_with_args.objname)
    return ""


def _without_where(node: Any) -> str:
    """A condition that is always true is none."""
    if not node.HasField("where_clause"):
        return " without where"
    where = node.where_clause
    match where.WhichOneof("node"):
        case "a_const":
            return " without where" if where.a_const.boolval.boolval else ""
        case "a_expr" if where.a_expr.lexpr.HasField("a_const") and where.a_expr.rexpr.HasField("a_const"):
            return " without where"
    return ""


def _alteration(node: Any, command: Any) -> str:
    from postgast import pg_query_pb2

    change = _words(pg_query_pb2.AlterTableType.Name(command.subtype).removeprefix("AT_"))
    return f"alter table {_relation(node.relation)} {change} {command.name}".strip()
