"""Defaults, checks and casts, judged by the server's parse analysis over columns that hold only NULL.

The expression is never planned, let alone run: `SELECT <expression> FROM (SELECT NULL::integer AS a, ...)`.
"""

from collections.abc import Iterable
from typing import Any

from postgast import pg_query_pb2 as ast

from schemacheck.checker.database.answers import ServerError
from schemacheck.checker.database.catalog import Column, Table, TypeInfo
from schemacheck.checker.likeness import did_you_mean
from schemacheck.checker.reading.parser import expression_sql, walk
from schemacheck.checker.reading.shapes import ConstraintShape, quote
from schemacheck.checker.scope import Scope

_ASSIGNABLE = """
SELECT pg_catalog.to_json(s.oid = t.oid OR t.typcategory = 'S' OR s.typtype = 'p' OR EXISTS (
    SELECT 1 FROM pg_catalog.pg_cast k WHERE k.castsource = s.oid AND k.casttarget = t.oid
      AND k.castcontext IN ('i', 'a'))
  OR (s.typcategory = 'A' AND t.typcategory = 'A') OR s.typtype IN ('c', 'd'))
FROM pg_catalog.pg_type s, pg_catalog.pg_type t WHERE s.oid = $1::oid AND t.oid = $2::oid
"""
_UNDEFINED = {"42883", "42704", "42P01", "3F000"}


def check_default(scope: Scope, column: str, info: TypeInfo | None, expression: Any) -> None:
    """A DEFAULT: no column, no subquery, and a type that can be assigned to the column's."""
    for node in walk(expression):
        if isinstance(node, ast.ColumnRef):
            message = "cannot use column reference in DEFAULT expression"
            scope.error("invalid-expression", message, "0A000", node.location)
            return
        if isinstance(node, ast.SubLink):
            scope.error("invalid-expression", "cannot use subquery in DEFAULT expression", "0A000", node.location)
            return
    if info is None or scope.session is None:
        return
    sql = expression_sql(expression)
    if sql is None:
        return
    literal = _is_literal(expression)
    cast = info.base_display if literal else ""
    typed = f"({sql})::{cast}" if cast else f"({sql})"
    words = {"in WHERE": "in DEFAULT expressions"}  # where, as in a default, no aggregate may stand
    answer = _analyse(scope, f"SELECT {typed} WHERE {typed} IS NOT NULL", expression, words)
    if answer and not literal and not _is_assignable(scope, answer, info):
        shown = _type_name(scope, answer)
        message = f'column "{column}" is of type {info.display} but default expression is of type {shown}'
        hint = "You will need to rewrite or cast the expression."
        scope.error("datatype-mismatch", message, "42804", _location(expression), hint=hint)


def check_condition(scope: Scope, table: Table, constraint: ConstraintShape) -> None:
    """A CHECK: boolean, over columns the table has, without a subquery."""
    if _refuse_subquery(scope, constraint.expression, "check constraint"):
        return
    if not _columns_exist(scope, table, constraint.expression):
        return
    for node in _column_references(constraint.expression):
        name = _referenced(node)
        if name in _SYSTEM - {"tableoid"} and table.column(name) is None:
            message = f'system column "{name}" reference in check constraint is invalid'
            scope.error("system-column", message, "42P10", node.location)
            return
    if scope.session is None:
        return
    sql, source = expression_sql(constraint.expression), _null_row(table)
    if sql and source:
        words = {"WHERE": "CHECK", "in CHECK": "in check constraints"}
        question = f"SELECT 1 FROM {source} WHERE ({sql})"  # noqa: S608  -- analysed, never run
        _analyse(scope, question, constraint.expression, words)


def check_generated(scope: Scope, table: Table, column: Column, constraint: ConstraintShape) -> None:
    """A generated column: over other, ordinary columns of the table."""
    if _refuse_subquery(scope, constraint.expression, "column generation expression"):
        return
    for node in _column_references(constraint.expression):
        other = table.column(_referenced(node))
        if other and other.generated:
            message = f'cannot use generated column "{other.name}" in column generation expression'
            scope.error("invalid-expression", message, "42P17", node.location)
            return
    if not _columns_exist(scope, table, constraint.expression):
        return
    sql, source = expression_sql(constraint.expression), _null_row(table)
    if sql and source and scope.session:
        question = f"SELECT ({sql}) FROM {source}"  # noqa: S608  -- analysed, never run
        _analyse(scope, question, constraint.expression, {})


def check_conversion(scope: Scope, table: Table, column: Column, info: TypeInfo, using: Any) -> None:
    """ALTER COLUMN TYPE: the old type must turn into the new one by assignment, or USING must say how."""
    if scope.session is None or column.type is None:
        return
    source = _null_row(table)
    if using is not None:
        sql = expression_sql(using)
        if sql and source and _columns_exist(scope, table, using):
            cast = f"::{info.base_display}" if _is_literal(using) else ""
            question = f"SELECT ({sql}){cast} FROM {source}"  # noqa: S608  -- analysed, never run
            answer = _analyse(scope, question, using, {})
            if answer and not _is_literal(using) and not _is_assignable(scope, answer, info):
                what = f'result of USING clause for column "{column.name}"'
                message = f"{what} cannot be cast automatically to type {info.display}"
                hint = "You might need to add an explicit cast."
                scope.error("datatype-mismatch", message, "42804", _location(using), hint=hint)
        return
    if column.type.base_oid and not _is_assignable(scope, column.type.base_oid, info):
        location = scope.statement.find(column.name)
        scope.error(
            "datatype-mismatch",
            f'column "{column.name}" cannot be cast automatically to type {info.display}',
            "42804",
            location,
            hint=f'You might need to specify "USING {quote(column.name)}::{info.display}".',
        )


def _is_assignable(scope: Scope, source: int, info: TypeInfo) -> bool:
    """Whether a value of a type (OID) goes into a column of another without being told how."""
    if not info.base_oid or source == info.base_oid or scope.session is None:
        return True
    return scope.session.document(_ASSIGNABLE, (str(source), str(info.base_oid))) is not False


def _analyse(scope: Scope, sql: str, expression: Any, words: dict[str, str]) -> int:
    assert scope.session is not None
    answer = scope.session.analyse(sql)
    if not isinstance(answer, ServerError):
        return answer
    made_here = scope.catalog.made_functions or scope.catalog.made_types or not scope.catalog.is_certain
    whole_row = answer.sqlstate == "42846" and "type record" in answer.message  # our row is not of the table's type
    if (answer.sqlstate in _UNDEFINED and made_here) or whole_row:
        return 0
    message = answer.message
    for theirs, ours in words.items():
        message = message.replace(theirs, ours)
    rule = {"42883": "undefined-function", "22P02": "invalid-literal", "42804": "datatype-mismatch"}.get(
        answer.sqlstate, "invalid-expression"
    )
    location = _near(scope, sql, answer, _location(expression))
    scope.error(rule, message, answer.sqlstate, location, hint=answer.hint)
    return 0


def _near(scope: Scope, sql: str, error: ServerError, start: int) -> int:
    """The word the server points at, looked up in the statement as written."""
    if error.position is None or error.position > len(sql):
        return start
    rest = sql[error.position - 1 :]
    word = rest
    for index, character in enumerate(rest):
        if not (character.isalnum() or character in "_'\""):
            word = rest[:index]
            break
    return scope.statement.find(word, after=start) if word else start


def _refuse_subquery(scope: Scope, expression: Any, where: str) -> bool:
    for node in walk(expression):
        if isinstance(node, ast.SubLink):
            scope.error("invalid-expression", f"cannot use subquery in {where}", "0A000", node.location)
            return True
    return False


def _columns_exist(scope: Scope, table: Table, expression: Any) -> bool:
    if not table.is_known:
        return False
    for node in _column_references(expression):
        name = _referenced(node)
        if name and len(node.fields) == 1 and table.column(name) is None and name not in _SYSTEM and name != table.name:
            hint = did_you_mean(name, [column.name for column in table.columns])
            scope.error("undefined-column", f'column "{name}" does not exist', "42703", node.location, hint=hint)
            return False
    return True


_SYSTEM = {"tableoid", "ctid", "xmin", "xmax", "cmin", "cmax"}


def _column_references(expression: Any) -> Iterable[Any]:
    return [node for node in walk(expression) if isinstance(node, ast.ColumnRef)]


def _referenced(node: Any) -> str:
    last = node.fields[-1]
    return str(last.string.sval) if last.HasField("string") else ""


def _null_row(table: Table) -> str | None:
    """A row of the table's columns, all NULL, as a subquery; None where a column's type is not known."""
    if not table.is_known or any(column.type is None or column.type.kind == "?" for column in table.columns):
        return None
    cells = ", ".join(f"NULL::{column.type_sql} AS {quote(column.name)}" for column in table.columns)
    system = "NULL::oid AS tableoid" if not cells else "NULL::oid AS tableoid, " + cells
    return f"(SELECT {system}) AS {quote(table.name)}"


def _is_literal(expression: Any) -> bool:
    """Whether the server would see a constant of unknown type, to be read as the column's own."""
    return bool(expression.HasField("a_const")) and (expression.a_const.HasField("sval") or expression.a_const.isnull)


def _location(expression: Any) -> int:
    locations = [node.location for node in walk(expression) if getattr(node, "location", -1) > 0]
    return min(locations, default=-1)


def _type_name(scope: Scope, oid: int) -> str:
    assert scope.session is not None
    return str(scope.session.document("SELECT pg_catalog.to_json(pg_catalog.format_type($1::oid, NULL))", (str(oid),)))
