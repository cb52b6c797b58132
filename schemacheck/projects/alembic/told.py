"""What the collector tells of a revision, and what there is to say about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemacheck.checker.findings import Report

Told = Mapping[str, Any]
_KEPT = ("title", "revises", "is_head", "is_merge", "branches", "applied")


@dataclass(slots=True)
class Revision:
    """A revision; without `told` a file that something is wrong with."""

    label: str
    path: Path
    text: str
    report: Report
    told: Told = field(default_factory=dict)

    @property
    def is_irreversible(self) -> bool:
        """Whether its downgrade() refuses, or does nothing though upgrade() does something."""
        down, up = self.told["downgrade"], self.told["upgrade"]
        refuses = (down["failed"] or {}).get("kind") == "NotImplementedError"
        is_silent = not down["statements"] and not down["failed"]
        return refuses or (is_silent and bool(up["statements"] or up["failed"]))

    def place(self, line: int) -> tuple[int, int]:
        """A line of its file and the column at which that begins."""
        lines = self.text.splitlines()
        text = lines[line - 1] if 0 < line <= len(lines) else ""
        return line, len(text) - len(text.lstrip()) + 1

    def sql(self, direction: str) -> str:
        """What a direction sends."""
        told = self.told[direction]
        lines = [closed(statement["sql"]) for statement in told["statements"]]
        lines += [f"-- not written from here: {told['failed']['why']}"] if told["failed"] else []
        return "\n".join(lines) + "\n" if lines else ""

    def as_dict(self) -> dict[str, Any]:
        """In the public shape: the report with the revision's own facts."""
        named = {"migration": self.label, "path": str(self.path)}
        if not self.told:
            return {**named, **self.report.as_dict()}
        facts = {key: self.told[key] for key in _KEPT}
        sql = {"forwards": self.sql("upgrade"), "backwards": self.sql("downgrade")}
        return {**named, **facts, "irreversible": self.is_irreversible, "sql": sql, **self.report.as_dict()}


def closed(sql: str) -> str:
    """A statement with its semicolon."""
    if sql.rstrip().endswith(";"):
        return sql
    in_a_comment = "--" in sql.rsplit("\n", 1)[-1]
    return f"{sql}\n;" if in_a_comment else f"{sql};"
