"""Writes docs/schemacheck-rules.md: `python -m schemacheck.rules_page > docs/schemacheck-rules.md`."""

import sys
from collections.abc import Iterator
from itertools import groupby

from schemacheck.checker.findings import Finding
from schemacheck.checker.policy import Policy
from schemacheck.checker.rules.registry import Rule

_HEAD = """# schemacheck: every rule

How scripts are judged, and what no rule looks for: [schemacheck.md](schemacheck.md).

A rule that is not on by default is switched on with `select` (see there). Safety rules spare tables that the script
itself made and tables that ANALYZE found empty. "Rests on" names the facts of the database that decide the finding;
each finding carries them in `facts`.
"""
_FOOT = """
Written by `python -m schemacheck.rules_page > docs/schemacheck-rules.md`; a test holds it to the code.
"""
_FAMILIES = {
    "access": "Who may see and do what",
    "columns": "Columns",
    "constraints": "Constraints",
    "indexes": "Indexes and partitions",
    "maintenance": "Work that holds a table",
    "names": "Names and scripts that can be run again",
    "removals": "Data and names that go away",
    "tables": "Types and keys",
    "transactions": "Transactions, locks and timeouts",
    "django": "Django migrations",
    "live": "Audit of the tables there are",
    "sqlite": "SQLite",
    "verdicts": "What the server itself would say",
}


def render() -> str:
    """The page."""
    from schemacheck.checker.rules import RULES

    ordered = sorted(RULES.values(), key=lambda rule: (list(_FAMILIES).index(rule.family), rule.code))
    return _HEAD + "\n".join(_lines(ordered)) + "\n" + _FOOT


def _lines(ordered: list[Rule]) -> Iterator[str]:
    for family, members in groupby(ordered, key=lambda rule: rule.family):
        rules = list(members)
        yield f"\n## {_FAMILIES[family]}: family `{family}`\n"
        yield "| code | severity | SQLSTATE | what it says |"
        yield "|---|---|---|---|"
        for rule in rules:
            severity = rule.severity.value + ("" if rule.default else " (off)")
            link = f"[`{rule.code}`](#{rule.code})" if rule.bad else f"`{rule.code}`"
            yield f"| {link} | {severity} | {rule.sqlstate or ''} | {rule.title} |"
        for rule in rules:
            if rule.bad:
                yield from _details(rule)


def _details(rule: Rule) -> Iterator[str]:
    language = "python" if rule.dialect == "django" else "sql"
    yield f"\n### {rule.code}\n"
    yield f"{rule.title}. {rule.why}"
    if rule.rests_on:
        yield f"\nRests on: {rule.rests_on}."
    yield from ("\nBad, and good:\n", f"```{language}", rule.bad, "```", f"```{language}", rule.good, "```")
    finding = _example(rule)
    if finding and (finding.hint or finding.fix):
        yield f"\nSafe way: {finding.hint}".rstrip()
    if finding and finding.fix:
        yield from ("\n```sql", finding.fix, "```")


def _example(rule: Rule) -> Finding | None:
    """What the rule says about its own bad example."""
    from schemacheck.checker.validator import validate

    if rule.check is None or rule.dialect != "postgresql":
        return None
    report = validate(rule.bad, dialect="postgresql", policy=Policy(select=frozenset({"all"})))
    return next((finding for finding in report.findings if finding.rule == rule.code), None)


if __name__ == "__main__":
    sys.stdout.write(render())
