"""Migrations joined into one script, so that what the first makes is known to the second; each finding goes back."""

import bisect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from schemacheck.checker.findings import UNCHECKED, Finding, Report, StatementReport

Owner = TypeVar("Owner")


@dataclass(frozen=True, slots=True)
class Piece(Generic[Owner]):
    """Where statements of the script come from; without `owner` nobody asked about them."""

    first_line: int
    sql: str
    owner: Owner | None = None
    step: Any = None
    position: int = 0
    stands: bool = False
    """It describes what was there before."""


@dataclass(slots=True)
class Script(Generic[Owner]):
    """Lines and where they come from."""

    lines: list[str] = field(default_factory=list)
    pieces: list[Piece[Owner]] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)

    def put(
        self, sql: str, owner: Owner | None = None, step: Any = None, position: int = 0, *, stands: bool = False
    ) -> None:
        """Append statements."""
        first = len(self.lines) + 1
        self.pieces.append(Piece(first, sql, owner, step, position, stands))
        self._starts.append(first)
        closed = sql if sql.rstrip().endswith(";") else f"{sql}\n;"  # it may end in a comment
        self.lines += closed.split("\n")

    @property
    def sql(self) -> str:
        return "\n".join(self.lines)

    def piece_at(self, line: int) -> Piece[Owner]:
        """The piece that holds a line."""
        return self.pieces[max(0, bisect.bisect_right(self._starts, line) - 1)]

    def stands(self, line: int) -> bool:
        """Whether the statement at a line tells what was there before."""
        return self.piece_at(line).stands

    def shares(self, report: Report) -> Iterator[tuple[Piece[Owner], StatementReport]]:
        """Each statement somebody asked about, with where it comes from."""
        for statement in report.statements:
            piece = self.piece_at(statement.line)
            if piece.owner is not None:
                yield piece, statement


def share_of(report: Report, statements: list[StatementReport]) -> Report:
    """The part of a report on a script that is one migration's; where the check stopped is said in each."""
    stopped = tuple(replace(note, line=None, column=None) for note in report.notes if note.rule in UNCHECKED)
    numbered = tuple(replace(statement, index=index) for index, statement in enumerate(statements))
    return replace(report, statements=numbered, notes=stopped)


def placed(finding: Finding, place: tuple[int, int], facts: Mapping[str, Any]) -> Finding:
    """A finding at a line and column of the file it comes from."""
    return replace(finding, line=place[0], column=place[1], facts={**finding.facts, **facts})
