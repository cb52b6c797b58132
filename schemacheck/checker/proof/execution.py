"""Runs a statement for real and undoes it; only on request, and only where that is quick and harmless.

It takes the locks the statement would take, waits for them no longer than 100 ms, and holds them until the check ends.
So it is refused where the forecast has a rewrite or a scan of a table with rows, where event triggers or functions of
the database would run, and for what no transaction can undo. What is refused is judged on copies instead.
"""

from typing import TYPE_CHECKING

from postgast import pg_query_pb2 as ast

from schemacheck.checker.database.answers import ServerError
from schemacheck.checker.findings import Lock, Proof
from schemacheck.checker.proof.blueprints import draw
from schemacheck.checker.proof.copies import Outcome, Resolved, code_of, report, unsuitable
from schemacheck.checker.proof.costs import costly_call
from schemacheck.checker.reading.parser import Statement
from schemacheck.checker.scope import Scope

if TYPE_CHECKING:  # psycopg is for who has a connection
    from schemacheck.checker.database.session import Session

_KINDS = (ast.CreateStmt, ast.AlterTableStmt, ast.IndexStmt, ast.RenameStmt)


def execute(scope: Scope, session: "Session", resolved: Resolved, taken: tuple[Lock, ...]) -> Outcome:
    """Run the statement and keep it until the check ends, so that the next one sees it. Raises DatabaseAway."""
    if reason := _refusal(scope, session, resolved, taken):
        return Outcome(reason=reason)
    answer = session.run(scope.statement.sql)
    if isinstance(answer, ServerError):
        if answer.sqlstate in ("55P03", "57014"):
            return Outcome(reason=f"its locks could not be had in time ({answer.message})")
        scope.proof = Proof.EXECUTE
        error = ServerError(answer.sqlstate, answer.message, answer.hint, _byte(scope.statement, answer.position))
        report(scope, error, Proof.EXECUTE)
        return Outcome(error=error)
    scope.proof = Proof.EXECUTE
    return Outcome()


def _refusal(scope: Scope, session: "Session", resolved: Resolved, taken: tuple[Lock, ...]) -> str:
    statement = scope.statement
    if not isinstance(statement.node, _KINDS):
        return "statements of this kind are not executed"
    if isinstance(statement.node, ast.IndexStmt) and statement.node.concurrent:
        return "CONCURRENTLY runs in no transaction"
    if isinstance(statement.node, (ast.CreateStmt, ast.AlterTableStmt)):
        reason = unsuitable(statement, scope.catalog)
        if reason and not reason.startswith("copies have no"):
            return reason
    standing = {table.display: table for table in resolved.tables}
    for lock in taken:
        table = standing.get(lock.relation)
        if (lock.rewrites or lock.scans) and (table is None or not table.is_empty):
            work = "rewrite" if lock.rewrites else "read every row of"
            return f"it would {work} {lock.relation}"
    plan = draw(session, {table.oid for table in resolved.tables if table.oid}, code_of(statement))
    harmless = ("the role may not", "more than")  # these hinder copies only
    return plan if isinstance(plan, str) and not plan.startswith(harmless) else costly_call(statement)


def _byte(statement: Statement, position: int | None) -> int | None:
    return None if position is None else len(statement.sql[: position - 1].encode())
