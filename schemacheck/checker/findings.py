"""What a check says: findings, the locks a statement takes, and the report that carries both."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Facts = Mapping[str, Any]
DIALECTS = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
"""What is judged, and how people call it."""
KINDS = ("errors", "warnings", "suggestions")
"""Where a report has its findings, by severity."""


class Severity(StrEnum):
    """Only an error makes a statement invalid."""

    ERROR = "error"
    WARNING = "warning"
    SUGGESTION = "suggestion"


class Proof(StrEnum):
    """How far a statement was checked, weakest first."""

    NONE = "none"
    PARSE = "parse"
    CATALOG = "catalog"
    COPIES = "copies"
    EXECUTE = "execute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to know about a statement. `line` and `column` count from 1, in characters of the whole script."""

    rule: str
    severity: Severity
    message: str
    sqlstate: str | None = None
    line: int | None = None
    column: int | None = None
    hint: str = ""
    fix: str = ""
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """A finding that a comment in the script switches off, and why."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """The strongest lock a statement takes on one relation, and the work it does while holding it."""

    relation: str
    mode: str
    rewrites: bool = False
    scans: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementReport:
    """The verdict on one statement."""

    index: int
    kind: str
    table_name: str | None
    line: int
    proof: Proof
    findings: tuple[Finding, ...] = ()
    locks: tuple[Lock, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that make the statement invalid."""
        return _of(self.findings, Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Findings the server would not refuse."""
        return _of(self.findings, Severity.WARNING)

    @property
    def suggestions(self) -> tuple[Finding, ...]:
        """Improvements nobody has to make."""
        return _of(self.findings, Severity.SUGGESTION)

    @property
    def valid(self) -> bool:
        """Whether the database would accept the statement, as far as `proof` can tell."""
        return not self.errors

    def as_dict(self) -> dict[str, Any]:
        """The statement in the public shape."""
        return {
            "index": self.index,
            "kind": self.kind,
            "table_name": self.table_name,
            "line": self.line,
            "valid": self.valid,
            "proof": self.proof.value,
            "errors": [as_dict(finding) for finding in self.errors],
            "warnings": [as_dict(finding) for finding in self.warnings],
            "suggestions": [as_dict(finding) for finding in self.suggestions],
            "locks": [dataclasses.asdict(lock) for lock in self.locks],
        }


MAX_SHOWN = 1_000
"""Findings of a kind, and statements, that a report shows; `counts` has them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The verdict on a script; `notes` are findings about the script as a whole."""

    dialect: str
    proof: Proof
    statements: tuple[StatementReport, ...] = ()
    notes: tuple[Finding, ...] = ()
    ignored: tuple[Ignored, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding, in the order of the script."""
        return (*self.notes, *(finding for statement in self.statements for finding in statement.findings))

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that make the script invalid."""
        return _of(self.findings, Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Findings the server would not refuse."""
        return _of(self.findings, Severity.WARNING)

    @property
    def suggestions(self) -> tuple[Finding, ...]:
        """Improvements nobody has to make."""
        return _of(self.findings, Severity.SUGGESTION)

    @property
    def valid(self) -> bool:
        """False only when there is an error."""
        return not self.errors

    @property
    def table_name(self) -> str | None:
        """The table of the first statement that names one."""
        return next((statement.table_name for statement in self.statements if statement.table_name), None)

    def as_dict(self) -> dict[str, Any]:
        """The report in the public shape."""
        kinds = {"errors": self.errors, "warnings": self.warnings, "suggestions": self.suggestions}
        counts = {"statements": len(self.statements), **{name: len(findings) for name, findings in kinds.items()}}
        counts["ignored"] = len(self.ignored)
        return {
            "valid": self.valid,
            "table_name": self.table_name,
            "dialect": self.dialect,
            "proof": self.proof.value,
            **{name: [as_dict(finding) for finding in findings[:MAX_SHOWN]] for name, findings in kinds.items()},
            "ignored": [{**as_dict(item.finding), "reason": item.reason} for item in self.ignored[:MAX_SHOWN]],
            "statements": [statement.as_dict() for statement in self.statements[:MAX_SHOWN]],
            "counts": counts,
            "truncated": max(counts.values()) > MAX_SHOWN,
        }


UNCHECKED = frozenset({"check-stopped", "file-not-checked"})
"""Rules that say that something was not looked at; neither a comment, a policy nor a baseline silences them."""
_RAN_OUT = {
    "time": "it takes more than {seconds:g} seconds to check",
    "memory": "it takes more memory than a check has",
    "crash": "the parser broke off",
}


def stopped(number: int, line: int | None, *, why: str, seconds: float) -> Finding:
    """The check ended at a statement, numbered from 1: what was not looked at is not valid."""
    reason = _RAN_OUT[why].format(seconds=seconds)
    return Finding(
        rule="check-stopped",
        severity=Severity.ERROR,
        message=f"the check stopped at statement {number}: {reason}; neither it nor what follows was checked",
        line=line,
        column=1 if line else None,
        hint="Check the script in parts. A worker (background) has more time, the command has as much as it needs.",
        facts={"statement": number, "why": why},
    )


def unread(reason: str, *, dialect: str | None = None) -> Report:
    """The report on a file nobody could look at."""
    finding = Finding(rule="file-not-checked", severity=Severity.ERROR, message=reason)
    return Report(dialect=dialect or "postgresql", proof=Proof.NONE, notes=(finding,))


def as_dict(finding: Finding) -> dict[str, Any]:
    """A finding in the public shape."""
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "sqlstate": finding.sqlstate,
        "line": finding.line,
        "column": finding.column,
        "hint": finding.hint,
        "fix": finding.fix,
        "facts": dict(finding.facts),
    }


def _of(findings: tuple[Finding, ...], severity: Severity) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if finding.severity is severity)
