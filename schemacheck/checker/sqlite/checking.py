"""Asks for SQLite's verdict on a script. The live database is only asked for `sqlite_master`."""

from collections.abc import Callable
from itertools import groupby, islice
from typing import Any

from schemacheck.checker.database.connections import is_database_error, is_django
from schemacheck.checker.errors import DatabaseAway
from schemacheck.checker.findings import KINDS, Finding, Proof, Report, Severity, StatementReport, stopped
from schemacheck.checker.source import Source
from schemacheck.checker.sqlite import processes
from schemacheck.checker.sqlite.pieces import split

_SCHEMA = (
    "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
    "ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 WHEN 'view' THEN 2 ELSE 3 END, rowid"
)


def check_script(
    script: str, connection: Any, *, proof: Proof, seconds: float, stands: Callable[[int], bool]
) -> Report:
    """Judge a script for SQLite; without a SQLite connection the replica begins empty.

    A statement at a line that `stands` describes what is there already. Raises DatabaseAway, Busy.
    """
    schema = _read_schema(connection) if connection is not None and proof is not Proof.PARSE else None
    reached = Proof.PARSE if schema is None else Proof.CATALOG
    request = {
        "script": script,
        "schema": schema or [],
        "standing": _standing(script, stands),
        "reached": reached.value,
        "seconds": seconds,
    }
    answer = processes.ask(request, seconds)
    statements = {said["index"]: _statement(said) for said in answer.statements}
    notes = (stopped(*_next(script, len(statements)), why=answer.stopped, seconds=seconds),) if answer.stopped else ()
    return Report(dialect="sqlite", proof=reached, statements=tuple(statements.values()), notes=notes)


def _read_schema(connection: Any) -> list[str]:
    """The definitions in the live database, tables first."""
    try:
        if not is_django(connection):
            return [row[0] for row in connection.execute(_SCHEMA)]
        with connection.cursor() as cursor:
            cursor.execute(_SCHEMA)
            return [row[0] for row in cursor.fetchall()]
    except Exception as error:
        if not is_database_error(error):
            raise
        raise DatabaseAway(
            f"The SQLite database cannot be read ({error}), so nothing was checked. See that its file exists, is "
            "readable, and is not locked; then check again."
        ) from error


def _standing(script: str, stands: Callable[[int], bool]) -> list[tuple[int, int]]:
    """The first and the last line of each part that was there before."""
    lines = range(1, script.count("\n") + 2)
    parts = [list(part) for there, part in groupby(lines, stands) if there]
    return [(part[0], part[-1]) for part in parts]


def _next(script: str, judged: int) -> tuple[int, int | None]:
    """The number of the statement after so many, from 1, and its line; of the last where none is left."""
    pieces = list(islice(split(script), max(judged - 1, 0), judged + 1))
    number = max(judged, 1) if len(pieces) < 2 and judged else judged + 1
    return number, Source(script).position(pieces[-1].offset)[0] if pieces else None


def _statement(said: dict[str, Any]) -> StatementReport:
    findings = [
        Finding(**{**finding, "severity": Severity(finding["severity"])}) for kind in KINDS for finding in said[kind]
    ]
    findings.sort(key=lambda finding: (finding.line or 0, finding.column or 0))
    return StatementReport(
        index=said["index"],
        kind=said["kind"],
        table_name=said["table_name"],
        line=said["line"],
        proof=Proof(said["proof"]),
        findings=tuple(findings),
    )
