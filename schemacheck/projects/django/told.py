"""What the collector tells of a migration, and what there is to say about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemacheck.checker.findings import Report

Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """An operation and what it says in SQL; `unwritten` says why a direction cannot be written."""

    told: Told

    @property
    def title(self) -> str:
        """As Django describes it."""
        return str(self.told["title"])

    @property
    def kind(self) -> str:
        """The class of the operation."""
        return str(self.told["kind"])

    @property
    def forwards(self) -> list[str]:
        return list(self.told["forwards"])

    @property
    def place(self) -> tuple[int, int]:
        """Line and column in the migration's file."""
        line, column = self.told["place"]
        return line, column

    @property
    def reversible(self) -> bool:
        """Whether it can be undone, with all it holds."""
        return all(part["reversible"] for part in self.told["parts"])


@dataclass(slots=True)
class Reviewed:
    """A migration and what there is to say about it."""

    label: str
    path: Path
    text: str
    report: Report
    told: Told = field(default_factory=dict)
    check_id: str = ""

    @property
    def applied(self) -> bool:
        return bool(self.told.get("applied"))

    @property
    def atomic(self) -> bool:
        return bool(self.told.get("atomic", True))

    @property
    def steps(self) -> list[Step]:
        return [Step(operation) for operation in self.told.get("operations", ())]

    @property
    def irreversible(self) -> list[str]:
        """The operations that cannot be undone."""
        return [step.title for step in self.steps if not step.reversible]

    @property
    def forwards(self) -> str:
        """Its SQL."""
        return _script([(step, step.told["forwards"], step.told["unwritten"]) for step in self.steps], self.atomic)

    @property
    def backwards(self) -> str:
        """The SQL that undoes it."""
        undone = [(step, step.told["backwards"], step.told["unwritten_backwards"]) for step in reversed(self.steps)]
        return _script(undone, self.atomic)

    @property
    def facts(self) -> dict[str, Any]:
        """What there is to know besides the report."""
        return {
            "migration": self.label,
            "path": str(self.path),
            "applied": self.applied,
            "atomic": self.atomic,
            "irreversible": self.irreversible,
            "sql": {"forwards": self.forwards, "backwards": self.backwards},
        }

    def as_dict(self) -> dict[str, Any]:
        """In the public shape: the report with the migration's own facts."""
        return {**self.facts, **({"id": self.check_id} if self.check_id else {}), **self.report.as_dict()}


def _script(parts: list[tuple[Step, list[str], str]], atomic: bool) -> str:
    lines: list[str] = []
    for step, statements, unwritten in parts:
        lines.append(f"-- {step.title}")
        lines += [f"-- not written: {unwritten}"] if unwritten else []
        lines += [sql if sql.rstrip().endswith(";") else f"{sql}\n;" for sql in statements]
    if not lines:
        return ""
    return "\n".join(["BEGIN;", *lines, "COMMIT;"] if atomic else lines) + "\n"
