"""A query, judged by the server's parse analysis with every table replaced by a row of NULLs.

So no table is opened, no lock somebody holds matters, and tables the script makes are known.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import postgast
from postgast import pg_query_pb2 as ast

from schemacheck.checker.database.answers import ServerError
from schemacheck.checker.database.catalog import Table
from schemacheck.checker.proof.expressions import row_of
from schemacheck.checker.proof.made import speaks_of_made
from schemacheck.checker.reading.lowering import range_name
from schemacheck.checker.reading.parser import walk
from schemacheck.checker.scope import Scope

# What a row of NULLs is not: it has no primary key to group by, no row type of the table, no system columns, no schema.
_ABOUT_ROWS = {"42803", "42883", "42846", "42P01"}
_RULES = {
    "42703": "undefined-column",
    "42883": "undefined-function",
    "22P02": "invalid-literal",
    "42804": "datatype-mismatch",
    "42704": "undefined-type",
    "42701": "duplicate-column",
}
_SYSTEM = {"ctid", "xmin", "xmax", "cmin", "cmax"}


class Result(NamedTuple):
    """The columns of a query, or None where nobody could be asked; and the tables it reads."""

    columns: list[tuple[str, int]] | None
    reads: tuple[tuple[str, str, str], ...] = ()


def analyse_query(scope: Scope, query: Any) -> Result:
    """Judge a SELECT; reports what the server says against it."""
    if scope.session is None:
        return Result(None)
    changed = type(query)()
    changed.CopyFrom(query)
    ctes = {cte.ctename for cte in walk(changed) if isinstance(cte, ast.CommonTableExpr)}
    tables: dict[str, Table] = {}
    standing = [node for node in walk(changed) if isinstance(node, ast.Node) and node.HasField("range_var")]
    for node in standing:
        name = range_name(node.range_var)
        if name.schema is None and name.name in ctes:
            continue
        table = scope.require_table(name)
        if table is None:
            return Result(None)
        row = row_of(table, table.columns)
        if row is None:
            return Result(None, tuple(_reads(query, tables)))
        alias = node.range_var.alias.aliasname or table.name
        tables[alias] = table
        _replace(node, row, alias)
    reads = tuple(_reads(query, tables))
    text = _text(changed)
    answer = scope.session.described(text) if text else None
    if answer is None or not isinstance(answer, ServerError):
        return Result(answer, reads)
    if not _is_about_rows(query, answer) and not speaks_of_made(scope.catalog, answer) and scope.catalog.is_certain:
        rule = _RULES.get(answer.sqlstate, "invalid-definition")
        scope.error(rule, answer.message, answer.sqlstate, _place(scope, text or "", answer), hint=answer.hint)
    return Result(None, reads)


def _replace(node: Any, row: str, alias: str) -> None:
    """Put a row of NULLs where a table stood, under the name it had."""
    given = ast.Alias()
    given.CopyFrom(node.range_var.alias)
    given.aliasname = alias
    parsed = postgast.parse(f"SELECT * FROM {row}")  # noqa: S608  -- analysed, never run
    node.CopyFrom(parsed.stmts[0].stmt.select_stmt.from_clause[0])
    node.range_subselect.alias.CopyFrom(given)


def _text(query: Any) -> str | None:
    result = ast.ParseResult(version=180004)
    result.stmts.add().stmt.select_stmt.CopyFrom(query)
    try:
        return str(postgast.deparse(result))
    except postgast.PgQueryError:
        return None


def _reads(query: Any, tables: dict[str, Table]) -> Iterator[tuple[str, str, str]]:
    """Each table and column a query names; a column without its table's name may be of any that has it."""
    for table in tables.values():
        yield table.schema, table.name, ""
    for node in walk(query):
        if not isinstance(node, ast.ColumnRef):
            continue
        *where, last = node.fields
        owners = [tables[where[-1].string.sval]] if where and where[-1].string.sval in tables else tables.values()
        for table in owners:
            for column in table.columns:
                if last.HasField("a_star") or last.string.sval == column.name:
                    yield table.schema, table.name, column.name


def _is_about_rows(query: Any, answer: ServerError) -> bool:
    """Whether the objection may be to the row we gave instead of the table."""
    if answer.sqlstate in _ABOUT_ROWS:
        whole = any(
            isinstance(node, ast.ColumnRef) and (len(node.fields) > 2 or node.fields[-1].string.sval == "")
            for node in walk(query)
        )
        return answer.sqlstate != "42883" or whole
    return any(f'"{name}"' in answer.message for name in _SYSTEM)


def _place(scope: Scope, text: str, error: ServerError) -> int:
    """Where the word stands in the statement that the server points at."""
    if error.position is None:
        return -1
    word = text[error.position - 1 :].split("(")[0].split(" ")[0].split(",")[0].strip()
    return scope.statement.find(word.rpartition(".")[2], after=1) if word else -1
