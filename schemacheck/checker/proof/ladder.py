"""The ladder: each statement goes as far up as the connection allows, in the order of the script."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from postgast import pg_query_pb2 as ast

from schemacheck.checker import locks
from schemacheck.checker.clock import Clock
from schemacheck.checker.database.catalog import Catalog, empty_catalog
from schemacheck.checker.database.lookup import mentions, snapshot
from schemacheck.checker.findings import Finding, Lock, Proof, Severity, StatementReport
from schemacheck.checker.history import History
from schemacheck.checker.policy import DEFAULT_POLICY, Policy
from schemacheck.checker.proof import copies, execution, pending, probes
from schemacheck.checker.proof.alterations import check_alter_table
from schemacheck.checker.proof.costs import costly_call
from schemacheck.checker.proof.dropping import drop
from schemacheck.checker.proof.objects import HANDLERS
from schemacheck.checker.proof.renaming import rename
from schemacheck.checker.proof.storage import check_storage
from schemacheck.checker.proof.tables import check_create_table
from schemacheck.checker.reading.parser import GRAMMAR_VERSION, UNREADABLE, Problem, Statement, walk
from schemacheck.checker.rules import observe, run_rules, run_script_rules
from schemacheck.checker.scope import Progress, Scope
from schemacheck.checker.source import MAX_STATEMENT_CHARS

if TYPE_CHECKING:  # psycopg is for who has a connection
    from schemacheck.checker.database.session import Session

# They change what later statements see, but nothing in them is looked up.
_ONLY_PARSED = {
    "create_function",
    "create_operator",
    "create_cast",
    "create_aggregate",
    "do",
    "call",
    "execute",
    "create_extension",
    "import_foreign_schema",
}
_JUDGED = {"create_table", "alter_table", "create_index"}


@dataclass(frozen=True, slots=True)
class Ask:
    """What was asked for beyond copies."""

    executing: bool
    probing: bool


def climb(
    statements: Sequence[Statement],
    session: "Session | None",
    *,
    proof: Proof,
    in_transaction: bool = False,
    probe: bool = False,
    policy: Policy = DEFAULT_POLICY,
    clock: Clock | None = None,
    stands: Callable[[int], bool] | None = None,
) -> list[StatementReport]:
    """Judge every statement, or those the clock leaves time for. Raises DatabaseAway.

    A statement at a line that `stands` describes what is there already.
    """
    live = session is not None and proof is not Proof.PARSE
    catalog = snapshot(session, mentions(statements)) if live and session else empty_catalog()
    if policy.pg_version:
        catalog.server_version = policy.pg_version * 10_000
    progress = Progress(
        in_transaction=in_transaction or policy.assume_in_transaction,
        history=History(policy=policy, transaction=int(policy.assume_in_transaction)),
    )
    scopes: list[tuple[Scope, tuple[Lock, ...]]] = []
    similar: list[str] | None = None
    bench = copies.Bench(session) if live and session and proof in (Proof.COPIES, Proof.EXECUTE) else None
    ask = Ask(proof is Proof.EXECUTE, probe)
    given = False
    for statement in statements:
        if clock is not None and clock.is_over:
            break
        scope = Scope(
            statement=statement,
            catalog=catalog,
            session=session if live else None,
            progress=progress,
            similar=similar,
        )
        if stands is not None and stands(statement.line):
            _take_as_given(scope)
            scopes.append((scope, ()))
            given = True
            continue
        if given:
            _settle(catalog)
            given = False
        taken = _judge(scope, bench, ask)
        similar = scope.similar
        if statement.kind == "rollback" and progress.saved is not None:
            catalog = progress.saved
            progress.saved = None
            progress.in_transaction = False
            if bench:
                bench.close("the script rolled back what its copies followed")
        scopes.append((scope, taken))
    judged = [scope for scope, _ in scopes if stands is None or not stands(scope.statement.line)]
    for scope in judged:
        scope.catalog = catalog
        run_rules(scope, at_end=True)
    run_script_rules(judged)
    return [_report(scope, taken) for scope, taken in scopes]


def _judge(scope: Scope, bench: copies.Bench | None, ask: Ask) -> tuple[Lock, ...]:
    statement = scope.statement
    if statement.problem is not None:
        _report_problem(scope, statement.problem)
        return ()
    if statement.node is None:
        message = f"the statement is longer than {MAX_STATEMENT_CHARS:,} characters and was not checked"
        scope.error("statement-too-long", message, "54000")
        scope.proof = Proof.NONE
        return ()
    _warn_newer_grammar(scope)
    before = scope.catalog
    forecast = locks.forecast(statement, before)
    scope.locks = forecast
    run_rules(scope)
    observe(scope)
    handler = _handler(statement)
    pending.check(scope)
    pending.note(scope)
    resolved = copies.resolve(statement, before) if bench else None
    if handler is not None:
        handler(scope)
        if not scope.findings or not scope.has_error:
            check_storage(scope)
        if scope.catalog.is_live and statement.kind not in _ONLY_PARSED:
            scope.proof = Proof.CATALOG
    if bench and resolved and handler is not None and scope.proof is Proof.CATALOG:
        _climb_on(scope, bench, resolved, forecast, ask)
    return forecast


def _take_as_given(scope: Scope) -> None:
    """Bring what a statement makes into the catalog, and say nothing about it."""
    handler = _handler(scope.statement)
    if scope.statement.problem is not None or scope.statement.node is None or handler is None:
        return
    handler(scope)
    scope.findings.clear()


def _settle(catalog: Catalog) -> None:
    """What was made so far was there before what follows, and has rows."""
    for table in list(catalog.tables.values()):
        indexes = tuple(index._replace(is_new=False) for index in table.indexes)
        catalog.put(table._replace(is_new=False, indexes=indexes))
    catalog.is_certain = True


def _climb_on(scope: Scope, bench: copies.Bench, resolved: copies.Resolved, taken: tuple[Lock, ...], ask: Ask) -> None:
    """From the catalog on: to execution where asked for and harmless, else to copies; then to the rows."""
    if scope.has_error:
        bench.taint(resolved)  # the simulation went on as if it had succeeded
        return
    if resolved.stands:
        return  # IF NOT EXISTS: nothing would be done
    if ask.executing and not resolved.names & bench.tainted:
        outcome = execution.execute(scope, bench.session, resolved, taken)
        if not outcome.reason:
            return
        _limit(scope, Proof.EXECUTE, f"not executed: {outcome.reason}")
    _judge_on_copies(scope, bench, resolved, probing=ask.probing)
    if ask.executing:
        bench.clear()
        bench.taint(resolved)  # what the copies followed did not happen to the tables


def _judge_on_copies(scope: Scope, bench: copies.Bench, resolved: copies.Resolved, *, probing: bool) -> None:
    outcome = copies.Outcome(reason=bench.prepare(scope, resolved) or costly_call(scope.statement))
    earlier = probes.state(bench) if probing and not outcome.reason else {}
    if not outcome.reason:
        outcome = bench.judge(scope, resolved)
    if outcome.reason:
        bench.taint(resolved)
        _limit(scope, Proof.COPIES, f"checked against the catalog only, not on copies: {outcome.reason}")
        return
    scope.proof = Proof.COPIES
    if outcome.error:
        copies.report(scope, outcome.error)
        bench.taint(resolved)
    elif probing:
        probes.probe(scope, bench, earlier, probes.state(bench))


def _limit(scope: Scope, wanted: Proof, message: str) -> None:
    scope.suggest("proof-limited", message, facts={"wanted": wanted.value, "reached": scope.proof.value})


def _handler(statement: Statement) -> Callable[[Scope], None] | None:
    match statement.kind:
        case "create_table" if isinstance(statement.node, ast.CreateStmt):
            return check_create_table
        case kind if kind.startswith("alter_") and isinstance(statement.node, ast.AlterTableStmt):
            return check_alter_table
        case _ if isinstance(statement.node, ast.DropStmt):
            return drop
        case _ if isinstance(statement.node, ast.RenameStmt):
            return rename
        case "alter_type" if not isinstance(statement.node, ast.AlterEnumStmt):
            return None
    return HANDLERS.get(statement.kind)


def _report_problem(scope: Scope, problem: Problem) -> None:
    scope.findings.append(
        Finding(
            rule="unreadable-statement" if problem.sqlstate in UNREADABLE else "syntax-error",
            severity=Severity.ERROR,
            message=problem.message,
            sqlstate=problem.sqlstate,
            line=problem.line,
            column=problem.column,
            hint=problem.hint,
        )
    )


def _warn_newer_grammar(scope: Scope) -> None:
    """The grammar is PostgreSQL 18's; an older server refuses what came after it."""
    catalog = scope.catalog
    is_known = catalog.is_live or scope.progress.history.policy.pg_version
    if not is_known or catalog.major >= GRAMMAR_VERSION or scope.statement.kind not in _JUDGED:
        return
    for since, feature, location in _newer(scope.statement):
        if catalog.major < since:
            message = f"{feature} needs PostgreSQL {since}; this server is {catalog.major}"
            scope.error("newer-syntax", message, "42601", location, facts={"since": since, "server": catalog.major})


def _newer(statement: Statement) -> Iterator[tuple[int, str, int]]:  # noqa: C901  -- a case a feature
    for node in walk(statement.node):
        match node:
            case ast.Constraint():
                if node.contype == ast.CONSTR_GENERATED and node.generated_kind == "v":
                    yield 18, "VIRTUAL generated columns", node.location
                if node.contype == ast.CONSTR_ATTR_NOT_ENFORCED:
                    yield 18, "NOT ENFORCED", node.location
                if node.contype in (ast.CONSTR_CHECK, ast.CONSTR_FOREIGN) and not node.is_enforced:
                    yield 18, "NOT ENFORCED", node.location
                if node.without_overlaps or node.fk_with_period or node.pk_with_period:
                    yield 18, "WITHOUT OVERLAPS and PERIOD", node.location
                if node.nulls_not_distinct:
                    yield 15, "NULLS NOT DISTINCT", node.location
                if node.contype == ast.CONSTR_NOTNULL and node.conname and statement.kind == "alter_table":
                    yield 18, "ADD CONSTRAINT ... NOT NULL", node.location
            case ast.AlterTableCmd() if node.subtype == ast.AT_SetExpression:
                yield 17, "SET EXPRESSION", statement.find("expression")
            case ast.AlterTableCmd() if node.subtype == ast.AT_SetAccessMethod:
                yield 15, "SET ACCESS METHOD", statement.find("access")
            case ast.IndexStmt() if node.nulls_not_distinct:
                yield 15, "NULLS NOT DISTINCT", -1


def _report(scope: Scope, taken: tuple[Lock, ...]) -> StatementReport:
    findings = scope.findings
    if len(findings) > 1:
        findings = sorted(findings, key=lambda item: (item.line or 0, item.column or 0))
    return StatementReport(
        index=scope.statement.index,
        kind=scope.statement.kind,
        table_name=scope.table_name,
        line=scope.statement.line,
        proof=scope.proof,
        findings=tuple(findings),
        locks=taken,
    )
