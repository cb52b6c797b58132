"""Defaults, checks and casts, judged by the server's parse analysis over columns that hold only NULL.

The expression is never planned, let alone run: `SELECT <expression> FROM (SELECT NULL::integer AS a, ...)`.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from postgast import pg_query_pb2 as ast

from schemacheck.checker.database.answers import ServerError
from schemacheck.checker.database.builtin_types import SYSTEM_COLUMNS
from schemacheck.checker.database.catalog import Column, Table, TypeInfo
from schemacheck.checker.likeness import did_you_mean
from schemacheck.checker.proof.made import made_label, speaks_of_made, without_made
from schemacheck.checker.proof.volatility import is_mutable
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
_IMMUTABLE = "It may use only what always gives the same value for the same row: no setting, no time, no random value."
_Question = Callable[[str], str]


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
    if info is not None:
        words = {"in WHERE": "in DEFAULT expressions"}  # where, as in a default, no aggregate may stand
        if given := _read_as(scope, info, expression, words):
            _check_assignable(scope, column, info, given, expression)


def check_constant_of(scope: Scope, column: str, info: TypeInfo, expression: Any) -> None:
    """A value in the bound of a partition, which is to be one of the column it is partitioned by."""
    given = _read_as(scope, info, expression, {"in WHERE": "in partition bound"})
    if given and not _is_assignable(scope, given, info):
        message = f'specified value cannot be cast to type {info.display} for column "{column}"'
        scope.error("datatype-mismatch", message, "42804", _location(expression))


def _read_as(scope: Scope, info: TypeInfo, expression: Any, words: dict[str, str]) -> int:
    """The type (OID) of a value, 0 where it is a constant that can be read as what it is for, or cannot be told."""
    literal = _is_literal(expression)
    if (literal and _is_label(scope, info, expression)) or scope.session is None:
        return 0
    if literal and info.is_new and not info.base:
        return 0  # the script makes the type, and only the server knows how to read a value of it
    cast = f"::{info.base_display}" if literal else ""
    answer = analyse(scope, expression, lambda sql: f"SELECT ({sql}){cast} WHERE ({sql}){cast} IS NOT NULL", words)
    return 0 if literal else answer


def _check_assignable(scope: Scope, column: str, info: TypeInfo, given: int, expression: Any) -> None:
    if not _is_assignable(scope, given, info):
        shown = _type_name(scope, given)
        message = f'column "{column}" is of type {info.display} but default expression is of type {shown}'
        hint = "You will need to rewrite or cast the expression."
        scope.error("datatype-mismatch", message, "42804", _location(expression), hint=hint)


def _is_label(scope: Scope, info: TypeInfo, expression: Any) -> bool:
    """Whether a constant is to be one of an enum's labels, which are known; reports it where it is none of them."""
    if info.kind != "e" or not (info.labels or info.is_new) or expression.a_const.isnull:
        return info.kind == "e" and bool(expression.a_const.isnull)
    label = expression.a_const.sval.sval
    if label not in info.labels:
        message = f'invalid input value for enum {info.display}: "{label}"'
        hint = did_you_mean(label, info.labels)
        scope.error("invalid-literal", message, "22P02", expression.a_const.location, hint=hint)
    else:
        _refuse_fresh_label(scope, info.display, label, expression.a_const.location)
    return True


def _refuse_fresh_label(scope: Scope, enum: str, label: str, location: int) -> bool:
    """A label that the open transaction added to an enum cannot be used before it has committed."""
    history = scope.progress.history
    if not history.transaction or history.enum_values.get(label) != history.transaction:
        return False
    message = f'unsafe use of new value "{label}" of enum type {enum}'
    hint = "New enum values must be committed before they can be used."
    fix = f"COMMIT;\n{scope.statement.sql.strip()};"
    scope.error("enum-value-in-transaction", message, "55P04", location, hint=hint, fix=fix)
    return True


def check_condition(scope: Scope, table: Table, constraint: ConstraintShape) -> None:
    """A CHECK: boolean, over columns the table has, without a subquery."""
    if refuse_subquery(scope, constraint.expression, "check constraint"):
        return
    if not columns_exist(scope, table, constraint.expression):
        return
    for node in _column_references(constraint.expression):
        name = _referenced(node)
        if name in SYSTEM_COLUMNS - {"tableoid"} and table.column(name) is None:
            message = f'system column "{name}" reference in check constraint is invalid'
            scope.error("system-column", message, "42P10", node.location)
            return
    if scope.session is None:
        return
    if source := null_row(table, constraint.expression):
        words = {"WHERE": "CHECK", "in CHECK": "in check constraints"}
        analyse(scope, constraint.expression, over(source, "SELECT 1 FROM $row WHERE ($sql)"), words)


def check_generated(scope: Scope, table: Table, column: Column, constraint: ConstraintShape) -> None:
    """A generated column: over other, ordinary columns of the table."""
    if refuse_subquery(scope, constraint.expression, "column generation expression"):
        return
    for node in _column_references(constraint.expression):
        other = table.column(_referenced(node))
        if other and other.generated:
            message = f'cannot use generated column "{other.name}" in column generation expression'
            scope.error("invalid-expression", message, "42P17", node.location)
            return
    if not columns_exist(scope, table, constraint.expression):
        return
    source = null_row(table, constraint.expression)
    if not source or scope.session is None:
        return
    words = {"in WHERE": "in column generation expressions"}
    question = over(source, "SELECT ($sql) FROM $row WHERE ($sql) IS NOT NULL")
    answer = analyse(scope, constraint.expression, question, words)
    if not scope.has_error and is_mutable(scope, source, constraint.expression):
        place = _location(constraint.expression)
        scope.error("invalid-expression", "generation expression is not immutable", "42P17", place, hint=_IMMUTABLE)
    elif answer and column.type and not _is_literal(constraint.expression):
        _check_assignable(scope, column.name, column.type, answer, constraint.expression)


def check_conversion(scope: Scope, table: Table, column: Column, info: TypeInfo, using: Any) -> None:
    """ALTER COLUMN TYPE: the old type must turn into the new one by assignment, or USING must say how."""
    if scope.session is None or column.type is None:
        return
    if using is not None:
        source = null_row(table, using)
        if source and columns_exist(scope, table, using) and not (_is_literal(using) and info.is_new):
            cast = f"::{info.base_display}" if _is_literal(using) else ""
            answer = analyse(scope, using, over(source, f"SELECT ($sql){cast} FROM $row"), {})  # noqa: S608  -- analysed, never run
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


def over(row: str, question: str) -> _Question:
    """A question about an expression over a row; it is analysed, never run."""
    return lambda sql: question.replace("$row", row).replace("$sql", sql)


def _is_assignable(scope: Scope, source: int, info: TypeInfo) -> bool:
    """Whether a value of a type (OID) goes into a column of another without being told how."""
    if not info.base_oid or source == info.base_oid or scope.session is None:
        return True
    return scope.session.document(_ASSIGNABLE, (str(source), str(info.base_oid))) is not False


def analyse(scope: Scope, expression: Any, question: _Question, words: dict[str, str]) -> int:
    """The type (OID) of the expression, 0 where it cannot be told; reports what the server says against it."""
    assert scope.session is not None
    asked = expression
    while True:  # each time one constant less names what the script made
        text = expression_sql(asked)
        if text is None:
            return 0
        sql = question(text)
        answer = scope.session.analyse(sql)
        if not isinstance(answer, ServerError):
            return answer
        label = made_label(scope.catalog, answer)
        if label and _refuse_fresh_label(scope, *label, scope.statement.find(f"'{label[1]}'")):
            return 0
        asked = without_made(scope.catalog, asked, answer)
        if asked is None:
            break
    whole_row = answer.sqlstate == "42846" and "type record" in answer.message  # our row is not of the table's type
    doubted = answer.sqlstate in _UNDEFINED and not scope.catalog.is_certain
    if whole_row or doubted or speaks_of_made(scope.catalog, answer):
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


def refuse_subquery(scope: Scope, expression: Any, where: str) -> bool:
    for node in walk(expression):
        if isinstance(node, ast.SubLink):
            scope.error("invalid-expression", f"cannot use subquery in {where}", "0A000", node.location)
            return True
    return False


def columns_exist(scope: Scope, table: Table, expression: Any) -> bool:
    if not table.is_known:
        return False
    for node in _column_references(expression):
        name = _referenced(node)
        if (
            name
            and len(node.fields) == 1
            and table.column(name) is None
            and name not in SYSTEM_COLUMNS
            and name != table.name
        ):
            hint = did_you_mean(name, [column.name for column in table.columns])
            scope.error("undefined-column", f'column "{name}" does not exist', "42703", node.location, hint=hint)
            return False
    return True


def _column_references(expression: Any) -> Iterable[Any]:
    return [node for node in walk(expression) if isinstance(node, ast.ColumnRef)]


def columns_of(expression: Any) -> tuple[str, ...]:
    """The columns an expression speaks of, each once."""
    names = (_referenced(node) for node in _column_references(expression))
    return tuple(dict.fromkeys(name for name in names if name))


def _referenced(node: Any) -> str:
    last = node.fields[-1]
    return str(last.string.sval) if last.HasField("string") else ""


def null_row(table: Table, expression: Any) -> str | None:
    """A row of the columns the expression uses, all NULL, as a subquery; None where the server knows no type of one."""
    used = {_referenced(node) for node in _column_references(expression)}
    whole = "" in used or table.name in used
    return row_of(table, [column for column in table.columns if whole or column.name in used], with_system=True)


def row_of(table: Table, columns: Sequence[Column], *, with_system: bool = False) -> str | None:
    """The columns of a table, all NULL, as a subquery; None where the server knows no type of one."""
    if not table.is_known or any(column.type is None or column.type.is_new for column in columns):
        return None
    cells = [f"NULL::{column.type_sql} AS {quote(column.name)}" for column in columns]
    shown = ", ".join([*(["NULL::oid AS tableoid"] if with_system else []), *cells])
    return f"(SELECT {shown}) AS {quote(table.name)}"


def _is_literal(expression: Any) -> bool:
    """Whether the server would see a constant of unknown type, to be read as the column's own."""
    return bool(expression.HasField("a_const")) and (expression.a_const.HasField("sval") or expression.a_const.isnull)


def _location(expression: Any) -> int:
    locations = [node.location for node in walk(expression) if getattr(node, "location", -1) > 0]
    return min(locations, default=-1)


def expression_place(expression: Any) -> int:
    """Where the server points at for an expression as a whole."""
    inner = getattr(expression, expression.WhichOneof("node") or "", None)
    return getattr(inner, "location", -1)


def _type_name(scope: Scope, oid: int) -> str:
    assert scope.session is not None
    return str(scope.session.document("SELECT pg_catalog.to_json(pg_catalog.format_type($1::oid, NULL))", (str(oid),)))
