"""A statement of a script for SQLite, and what was found in it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from schemacheck.checker.findings import Facts, Finding, Proof, Severity, StatementReport
from schemacheck.checker.likeness import did_you_mean
from schemacheck.checker.source import Source
from schemacheck.checker.sqlite.pieces import Piece

_MAX_HINTS = 100
"""A script gets so many: looking for a name like another takes milliseconds where there are thousands."""


@dataclass(slots=True)
class Judged:
    """A statement and what was found in it."""

    index: int
    source: Source
    piece: Piece
    kind: str
    table_name: str | None
    findings: list[Finding] = field(default_factory=list)
    proof: Proof = Proof.PARSE

    def add(
        self,
        start: int,
        rule: str,
        severity: Severity,
        message: str,
        *,
        hint: str = "",
        fix: str = "",
        facts: Facts | None = None,
    ) -> None:
        """Enter a finding at a character of the statement."""
        line, column = self.source.position(self.piece.offset + start)
        finding = Finding(
            rule=rule,
            severity=severity,
            message=message,
            line=line,
            column=column,
            hint=hint,
            fix=fix,
            facts=facts or {},
        )
        self.findings.append(finding)

    @property
    def line(self) -> int:
        """Where it begins in the script."""
        return self.source.position(self.piece.offset)[0]

    def report(self) -> StatementReport:
        """The verdict in its public shape."""
        ordered = sorted(self.findings, key=lambda finding: (finding.line or 0, finding.column or 0))
        return StatementReport(
            index=self.index,
            kind=self.kind,
            table_name=self.table_name,
            line=self.line,
            proof=self.proof,
            findings=tuple(ordered),
        )


@dataclass(slots=True)
class Hints:
    """Names like those that are not there, as long as there are not too many to look for."""

    given: int = 0

    def like(self, name: str, names: Callable[[], Iterable[str]]) -> str:
        """A hint that names the closest; empty if none is close."""
        self.given += 1
        return did_you_mean(name, names()) if self.given <= _MAX_HINTS else ""
