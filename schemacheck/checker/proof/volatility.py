"""Whether an expression always gives the same value for the same row, as indexes and generated columns need."""

from typing import Any

from postgast import pg_query_pb2 as ast

from schemacheck.checker.database.functions import Call, volatilities
from schemacheck.checker.reading.parser import expression_sql, walk
from schemacheck.checker.scope import Scope

_Part = tuple[str, str | None, str, list[Any]]


def is_mutable(scope: Scope, row: str, expression: Any) -> bool:
    """Whether some function, operator or cast in it is not immutable; False where that cannot be told."""
    if any(isinstance(node, ast.SQLValueFunction) for node in walk(expression)):
        return True  # current_timestamp and its like
    parts = [part for node in walk(expression) if (part := _part(node))]
    parts = [part for part in parts if part[2] not in scope.catalog.made]
    if not parts or scope.session is None:
        return False
    texts: list[str] = []
    for *_, arguments in parts:
        for argument in arguments:
            text = None if _is_bare(argument) else expression_sql(argument)
            if not _is_bare(argument) and text is None:
                return False
            texts.append(text or "")
    types = _types(scope, row, texts)
    if types is None:
        return False
    calls = []
    for kind, schema, name, arguments in parts:
        calls.append(Call(kind, schema, name, tuple(types[: len(arguments)])))
        del types[: len(arguments)]
    return any(found in ("s", "v") for found in volatilities(scope.session, calls))


def _types(scope: Scope, row: str, texts: list[str]) -> list[int] | None:
    """The types of expressions over a row, 0 for a bare literal (an empty text)."""
    assert scope.session is not None
    asked = [text for text in texts if text]
    if not asked:
        return [0] * len(texts)
    columns = ", ".join(f"({text})" for text in asked)
    told = scope.session.types(f"SELECT {columns} FROM {row}")  # noqa: S608  -- analysed, never run
    if told is None:
        return None
    found = iter(told)
    return [next(found) if text else 0 for text in texts]


def _part(node: Any) -> _Part | None:
    """What a node calls, and with what."""
    match node:
        case ast.FuncCall() if not node.agg_star:
            names = [part.string.sval for part in node.funcname]
            return "f", names[-2] if len(names) > 1 else None, names[-1], [_bare(item) for item in node.args]
        case ast.A_Expr() if node.kind in _OPERATORS and len(node.name) == 1:
            sides = [side for side, given in ((node.lexpr, "lexpr"), (node.rexpr, "rexpr")) if node.HasField(given)]
            return "o", None, _OPERATORS[node.kind] or node.name[0].string.sval, sides
        case ast.TypeCast():
            whole = ast.Node()
            whole.type_cast.CopyFrom(node)
            return "c", None, "", [node.arg, whole]
    return None


_OPERATORS = {ast.AEXPR_OP: "", ast.AEXPR_LIKE: "", ast.AEXPR_ILIKE: "", ast.AEXPR_NULLIF: "=", ast.AEXPR_DISTINCT: "="}


def _bare(node: Any) -> Any:
    """An argument without the name it is given under."""
    return node.named_arg_expr.arg if node.HasField("named_arg_expr") else node


def _is_bare(node: Any) -> bool:
    return bool(node.HasField("a_const")) and (node.a_const.HasField("sval") or node.a_const.isnull)
