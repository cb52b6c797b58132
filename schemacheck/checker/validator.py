"""Says what the database would say to a script, before it runs.

    report = validate("CREATE TABLE t (id bigint PRIMARY KEY)", connection=connection)

Up to proof `catalog` nothing is executed on the connection: PostgreSQL is asked for its catalog and its parse analysis
in a read-only, time-limited transaction that is rolled back; SQLite is asked for its schema. `copies` and `execute` run
the statements, on temporary tables or for real, and roll back.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from schemacheck.checker import ignores
from schemacheck.checker.clock import UNHURRIED_SECONDS, start
from schemacheck.checker.database.connections import vendor_of
from schemacheck.checker.errors import InvalidCheck
from schemacheck.checker.findings import DIALECTS, Finding, Proof, Report, Severity, StatementReport, stopped
from schemacheck.checker.policy import DEFAULT_POLICY, Policy
from schemacheck.checker.proof.ladder import climb
from schemacheck.checker.reading import parser
from schemacheck.checker.source import refuse_longer

_RANK = [Proof.NONE, Proof.PARSE, Proof.CATALOG, Proof.COPIES, Proof.EXECUTE]


def validate(
    sql: str,
    *,
    connection: Any = None,
    dialect: str | None = None,
    proof: Proof | str | None = None,
    probe: bool = False,
    policy: Policy = DEFAULT_POLICY,
    seconds: float = UNHURRIED_SECONDS,
    stands: Callable[[int], bool] | None = None,
) -> Report:
    """Check a script statement by statement.

    `connection` is Django's or a plain psycopg (or sqlite3) one; None checks by grammar and built-in types alone.
    `probe` also asks existing rows, by short reads, whether they meet new constraints; it raises `proof` to `copies`.
    `policy` says which rules speak, and for which server. `seconds` is what it may take; what is left then is an error.
    `stands` tells by its line whether a statement describes what is there already, with rows: it is not judged, what
    follows is judged against it.
    Raises DatabaseAway where the database cannot be asked, UnsupportedDatabase, InvalidCheck for an unknown dialect or
    proof, TooLong, Busy: all are CheckError of `schemacheck.checker.errors`.
    """
    report = judge(
        sql, connection, dialect, proof, probe=probe, policy=policy, seconds=seconds, stands=stands or _nothing
    )
    return ignores.apply(sql, report, policy)


def _nothing(line: int) -> bool:
    """Where no statement describes what stands."""
    return False


def judge(
    sql: str,
    connection: Any,
    dialect: str | None,
    proof: Proof | str | None,
    *,
    probe: bool = False,
    policy: Policy = DEFAULT_POLICY,
    seconds: float = UNHURRIED_SECONDS,
    stands: Callable[[int], bool] = _nothing,
) -> Report:
    """The same before a comment or the policy switches anything off, for who joins several files into one script."""
    vendor = None if connection is None else vendor_of(connection)
    spoken = _dialect(dialect, vendor)
    wanted = _proof(proof)
    if probe and wanted is Proof.CATALOG:
        wanted = Proof.COPIES
    refuse_longer(sql)
    if not sql or sql.isspace():
        return Report(dialect=spoken, proof=Proof.NONE, notes=(_NOTHING,))
    own = connection if vendor == spoken else None
    if spoken == "sqlite":
        from schemacheck.checker.sqlite.checking import check_script

        report = check_script(sql, own, proof=wanted, seconds=seconds, stands=stands)
    else:
        report = _by_postgresql(sql, own, wanted, probe=probe, policy=policy, seconds=seconds, stands=stands)
    notes = _notes(spoken, bool(report.statements or report.notes), wanted, report.proof, vendor)
    return replace(report, notes=report.notes + notes)


def _by_postgresql(
    sql: str,
    connection: Any,
    wanted: Proof,
    *,
    probe: bool,
    policy: Policy,
    seconds: float,
    stands: Callable[[int], bool],
) -> Report:
    parsed = parser.parse(sql, start(seconds))
    clock = start(seconds)  # anew: a script that was parsed in its time is judged too
    if connection is None or wanted is Proof.PARSE or not parsed.statements:
        reports = tuple(climb(parsed.statements, None, proof=Proof.PARSE, policy=policy, clock=clock, stands=stands))
        reached = Proof.PARSE
    else:
        from schemacheck.checker.database.session import open_session  # brings psycopg along

        with open_session(connection, writable=wanted in (Proof.COPIES, Proof.EXECUTE)) as session:
            reports = tuple(climb(parsed.statements, session, proof=wanted, probe=probe, policy=policy, clock=clock))
        reached = _reached(reports, wanted) if session is not None else Proof.PARSE
    notes = _unread(parsed, reports, seconds)
    if reached is not Proof.PARSE:
        notes += _only_parsed(reports)
    return Report(dialect="postgresql", proof=reached, statements=reports, notes=notes)


def _unread(parsed: parser.Parsed, reports: Sequence[StatementReport], seconds: float) -> tuple[Finding, ...]:
    """Where the check stopped, if its time ran out."""
    if len(reports) < len(parsed.statements):
        line = parsed.statements[len(reports)].line
    elif parsed.rest:
        line = parsed.source.position(parsed.rest.offset)[0]
    else:
        return ()
    return (stopped(len(reports) + 1, line, why="time", seconds=seconds),)


def _only_parsed(reports: Sequence[StatementReport]) -> tuple[Finding, ...]:
    """Which statements nobody looked up, so that a script is not taken to be valid as a whole."""
    silent = [
        report
        for report in reports
        if report.proof is Proof.PARSE and report.valid and all(f.rule != "proof-limited" for f in report.findings)
    ]
    if not silent:
        return ()
    kinds = ", ".join(sorted({report.kind.replace("_", " ").upper() for report in silent})[:_SHOWN_KINDS])
    lines = [report.line for report in silent]
    were, they = ("were", "they name") if len(silent) > 1 else ("was", "it names")
    return (
        Finding(
            rule="proof-limited",
            severity=Severity.SUGGESTION,
            message=f"{len(silent)} of {len(reports)} statements {were} parsed and no more; "
            f"what {they} was not looked up",
            line=lines[0],
            column=1,
            hint=f"Whether the database takes {kinds} is not said; see `proof` of each statement.",
            facts={"reached": Proof.PARSE.value, "lines": lines[:_SHOWN_LINES]},
        ),
    )


_SHOWN_KINDS, _SHOWN_LINES = 8, 100


def _reached(reports: tuple[StatementReport, ...], wanted: Proof) -> Proof:
    """As far as the furthest statement got; one that fell short says why itself."""
    furthest = max((report.proof for report in reports), key=_RANK.index, default=Proof.CATALOG)
    return max(furthest, Proof.CATALOG, key=_RANK.index) if wanted is not Proof.CATALOG else Proof.CATALOG


def _dialect(dialect: str | None, vendor: str | None) -> str:
    if dialect is None:
        return vendor or "postgresql"
    if dialect not in DIALECTS:
        detail = f"There is no dialect {dialect!r}. Use postgresql or sqlite."
        raise InvalidCheck(detail, fields={"dialect": "invalid"})
    return dialect


def _proof(proof: Proof | str | None) -> Proof:
    try:
        return Proof(proof) if proof is not None else Proof.CATALOG
    except ValueError:
        detail = f"There is no proof {proof!r}. Use parse, catalog, copies or execute."
        raise InvalidCheck(detail, fields={"proof": "invalid"}) from None


_NOTHING = Finding(
    rule="empty-script",
    severity=Severity.ERROR,
    message="the script is empty, so nothing was checked",
    hint="See that what was to write it did not fail.",
)


@cache
def _notes(
    dialect: str, has_statements: bool, wanted: Proof, reached: Proof, vendor: str | None
) -> tuple[Finding, ...]:
    """What is to be said of the script as a whole."""
    if not has_statements:
        return (Finding(rule="empty-script", severity=Severity.WARNING, message="there is no statement to check"),)
    if reached in (Proof.CATALOG, Proof.COPIES) or _RANK.index(reached) >= _RANK.index(wanted):
        return ()  # where it is too little, the statements say why themselves
    if vendor == dialect:
        why = "The connection's transaction has already failed; roll it back and check again."
    else:
        where = "there is no connection" if vendor is None else f"the database is {DIALECTS[vendor]}"
        why = f"Only grammar and built-in types were checked, because {where}, not {DIALECTS[dialect]}."
    return (
        Finding(
            rule="proof-limited",
            severity=Severity.SUGGESTION,
            message=why,
            hint="Statements say in `proof` how far each was checked.",
            facts={"wanted": wanted.value, "reached": reached.value},
        ),
    )
