"""What is wrong with the migrations of a project as a whole, said beside the report on the file it is in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from schemacheck.checker.findings import Finding, Proof, Report, Severity
from schemacheck.checker.rules import RULES
from schemacheck.projects.places import read_text, shown_path

Told = Mapping[str, Any]
SHOWN_SQL = 300
_OF_WRITTEN_SQL = {
    "combine-alter-table",
    "not-rerunnable",
    "unqualified-table",
    "prefer-identity",
    "transaction-nesting",
}
_OF_THE_CATALOG = "undefined-", "duplicate-", "dependent-"


class Item(Protocol):
    """A migration with its report."""

    path: Path
    report: Report


AnItem = TypeVar("AnItem", bound=Item)


def add_problems(
    items: list[AnItem], problems: Sequence[Told], make: Callable[[Path, str, Report], AnItem]
) -> list[tuple[AnItem, Told]]:
    """Each problem as a finding of its file, which is made an item where it is none; the items with their problems."""
    added = []
    for problem in problems:
        path = shown_path(Path(problem["path"])) if problem["path"] else Path()
        item = next((item for item in items if item.path == path), None)
        if item is None:
            text = read_text(Path(problem["path"])) if problem["path"] else ""
            item = make(path, text, Report(dialect="postgresql", proof=Proof.NONE))
            items.append(item)
        item.report = replace(item.report, notes=(finding_of(problem), *item.report.notes))
        added.append((item, problem))
    return added


def finding_of(problem: Told) -> Finding:
    """A problem in the collector's words as a finding."""
    return Finding(
        rule=problem["rule"],
        severity=RULES[problem["rule"]].severity,
        message=problem["message"],
        line=problem["line"],
        column=problem["column"],
        hint=problem["hint"],
        fix=problem.get("fix", ""),
        facts=problem.get("facts", {}),
    )


def is_beyond(finding: Finding) -> bool:
    """Whether only who writes SQL by hand could do something about it."""
    return finding.rule in _OF_WRITTEN_SQL and finding.severity is not Severity.ERROR


def softened(finding: Finding) -> Finding:
    """Where the tables are known from the migrations alone: SQL and Python in them may have done more."""
    if finding.severity is not Severity.ERROR or not finding.rule.startswith(_OF_THE_CATALOG):
        return finding
    hint = f"{finding.hint} The tables are known from the migrations alone; a database may differ.".strip()
    return replace(finding, severity=Severity.WARNING, hint=hint)
