"""Comments that switch rules off, with a reason:

    -- schemacheck: ignore drop-column, rename-column nobody has read it since 2024-03
    -- schemacheck: ignore-file index-not-concurrent the table has 40 rows

The first is for the statement it stands in, ends the line of, or comes before; the second for the whole script. What
cannot be read, or switches nothing off, is a finding itself.
"""

import re
from dataclasses import dataclass, field, replace

from schemacheck.checker.findings import UNCHECKED, Finding, Ignored, Report, Severity, StatementReport
from schemacheck.checker.policy import DEFAULT_POLICY, Policy
from schemacheck.checker.reading.splitter import Piece, comments, split
from schemacheck.checker.rules import RULES, is_wanted

_MARK = "schemacheck:"
_DIRECTIVE = re.compile(r"\s*(?:--+|/\*+)?\s*schemacheck:\s*(?P<verb>[\w-]*)\s*(?P<rest>.*)", re.DOTALL)
_CODE = re.compile(r"\s*([a-z0-9]+(?:-[a-z0-9]+)*)\s*(,?)")
_NEVER = {"syntax-error", "unreadable-statement", "ignore-malformed", "ignore-stale", *UNCHECKED}
_FORM = "Write: -- schemacheck: ignore RULE[, RULE] REASON"


@dataclass(slots=True)
class Directive:
    offset: int
    whole_file: bool
    codes: tuple[str, ...]
    reason: str
    used: set[str] = field(default_factory=set)


def apply(sql: str, report: Report, policy: Policy = DEFAULT_POLICY) -> Report:
    """The report without what the policy or a comment switches off; `ignored` keeps the latter, with its reason."""
    if policy.ignore or not policy.select >= {"default"}:
        report = _filtered(report, policy)
    if _MARK not in sql:
        return report
    directives: list[Directive] = []
    notes: list[Finding] = []
    for offset, text in comments(sql):
        if _MARK not in text:
            continue
        directive = read_directive(offset, text.removesuffix("*/"))
        if isinstance(directive, Directive):
            directives.append(directive)
        elif directive:
            notes.append(_finding(sql, offset, "ignore-malformed", directive, _FORM))
    return _apply(sql, report, directives, notes, policy)


def _apply(sql: str, report: Report, directives: list[Directive], notes: list[Finding], policy: Policy) -> Report:
    everywhere = [directive for directive in directives if directive.whole_file]
    ignored: list[Ignored] = []
    targets = _targets(sql, report, [directive for directive in directives if not directive.whole_file])

    def kept(findings: tuple[Finding, ...], chosen: list[Directive]) -> tuple[Finding, ...]:
        left = []
        for finding in findings:
            match = next((item for item in chosen if finding.rule in item.codes), None)
            if match is None or finding.rule in _NEVER:
                left.append(finding)
            else:
                match.used.add(finding.rule)
                ignored.append(Ignored(finding=finding, reason=match.reason))
        return tuple(left)

    statements = tuple(
        replace(statement, findings=kept(statement.findings, [*targets.get(number, ()), *everywhere]))
        for number, statement in enumerate(report.statements)
    )
    kept_notes = kept(report.notes, everywhere)
    for directive in directives:
        stale = [code for code in directive.codes if code not in directive.used and is_wanted(code, policy)]
        if stale:
            message = f"there is nothing to ignore: {', '.join(stale)} {'finds' if len(stale) == 1 else 'find'} nothing"
            hint = "Remove it, so that it hides nothing."
            notes.append(_finding(sql, directive.offset, "ignore-stale", message, hint))
    return replace(report, statements=statements, notes=(*kept_notes, *notes), ignored=tuple(ignored))


def _filtered(report: Report, policy: Policy) -> Report:
    def kept(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        return tuple(finding for finding in findings if finding.rule in UNCHECKED or is_wanted(finding.rule, policy))

    statements = tuple(replace(item, findings=kept(item.findings)) for item in report.statements)
    return replace(report, statements=statements, notes=kept(report.notes))


def _targets(sql: str, report: Report, directives: list[Directive]) -> dict[int, list[Directive]]:
    """Which statements each comment is for."""
    pieces = list(split(sql)) if directives else []
    numbers = _numbers(sql, pieces, report.statements)
    targets: dict[int, list[Directive]] = {}
    for directive in directives:
        for order, piece in enumerate(pieces):
            start, end = piece.offset, piece.offset + len(piece.text)
            ends_its_line = end <= directive.offset and not sql[end : directive.offset].strip("; \t\r")
            if start <= directive.offset < end or ends_its_line or directive.offset < start:
                if order in numbers:
                    targets.setdefault(numbers[order], []).append(directive)
                break
    return targets


def _numbers(sql: str, pieces: list[Piece], statements: tuple[StatementReport, ...]) -> dict[int, int]:
    """The report of each piece; a piece that is no statement has none."""
    if len(pieces) == len(statements):
        return {order: order for order in range(len(pieces))}
    lines = [sql.count("\n", 0, piece.offset) + 1 for piece in pieces]
    by_line = {statement.line: number for number, statement in enumerate(statements)}
    return {order: by_line[line] for order, line in enumerate(lines) if line in by_line}


def read_directive(offset: int, text: str) -> Directive | str | None:
    """What a comment asks for, or why it cannot be read; None where it only speaks about us."""
    match = _DIRECTIVE.match(text)
    if match is None:
        return None
    if match["verb"] not in ("ignore", "ignore-file"):
        return f"nobody knows what {match['verb'] or 'nothing'!r} means here"
    codes: list[str] = []
    position = 0
    while code := _CODE.match(match["rest"], position):
        if code[1] not in RULES:
            if codes and not match["rest"][:position].rstrip().endswith(","):
                break
            return f"there is no rule {code[1]!r}"
        codes.append(code[1])
        position = code.end()
        if not code[2]:
            break
    reason = match["rest"][position:].strip(" \t\r\n-:")
    if not codes:
        return "no rule is named"
    if not reason:
        return "no reason is given"
    return Directive(offset, match["verb"] == "ignore-file", tuple(codes), reason)


def _finding(sql: str, offset: int, rule: str, message: str, hint: str) -> Finding:
    before = sql[:offset]
    return Finding(
        rule=rule,
        severity=Severity.WARNING,
        message=message,
        line=before.count("\n") + 1,
        column=offset - (before.rfind("\n") + 1) + 1,
        hint=hint,
    )
