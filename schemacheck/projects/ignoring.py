"""Comments in a migration that switch a rule off: `# schemacheck: ignore drop-column nobody reads it`."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from schemacheck.checker.findings import Finding, Ignored, Report, Severity
from schemacheck.checker.ignores import Directive, read_directive
from schemacheck.checker.rules import RULES

Told = Mapping[str, Any]


def apply(report: Report, text: str, source: Told) -> Report:
    """The report without what the file's comments switch off; what cannot be read or is stale is a finding."""
    chosen: list[tuple[Directive, set[int] | None]] = []
    notes: list[Finding] = []
    for line, column, comment in source["comments"]:
        directive = read_directive(line, comment)
        if isinstance(directive, Directive):
            chosen.append((directive, None if directive.whole_file else _lines(text, source, line)))
        elif directive:
            notes.append(_note("ignore-malformed", line, column, directive, "Write: # schemacheck: ignore RULE REASON"))
    if not chosen and not notes:
        return report
    ignored: list[Ignored] = []

    def is_kept(finding: Finding) -> bool:
        match = next((item for item, lines in chosen if _fits(finding, item, lines)), None)
        if match is not None:
            match.used.add(finding.rule)
            ignored.append(Ignored(finding=finding, reason=match.reason))
        return match is None

    statements = tuple(
        replace(statement, findings=tuple(filter(is_kept, statement.findings))) for statement in report.statements
    )
    rest = tuple(filter(is_kept, report.notes))
    notes += _stale([item for item, _ in chosen])
    return replace(report, statements=statements, notes=(*rest, *notes), ignored=(*report.ignored, *ignored))


def _stale(chosen: list[Directive]) -> Iterator[Finding]:
    for item in chosen:
        for code in item.codes:
            if code not in item.used:
                hint = "Remove it, so that it hides nothing."
                yield _note("ignore-stale", item.offset, 1, f"{code} finds nothing here", hint)


def _fits(finding: Finding, item: Directive, lines: set[int] | None) -> bool:
    return finding.rule in item.codes and (lines is None or finding.line in lines)


def _lines(text: str, source: Told, line: int) -> set[int]:
    """The lines a comment is for: its own, the next with code if it stands alone, and those of its operation."""
    written = text.splitlines()
    lines = {line}
    if written[line - 1].lstrip().startswith("#"):
        after = (number for number, text in enumerate(written[line:], line + 1) if text.strip(" \t)]},"))
        lines |= {next((number for number in after if not written[number - 1].lstrip().startswith("#")), line)}
    return lines | {first for first, _, last in source["written"] if first <= line <= last}


def _note(code: str, line: int, column: int, message: str, hint: str) -> Finding:
    severity = RULES[code].severity if code in RULES else Severity.WARNING
    return Finding(rule=code, severity=severity, message=message, line=line, column=column, hint=hint)
