"""Where rules are entered, and how they are run on a statement."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from schemacheck.catalog import Table
from schemacheck.findings import Severity
from schemacheck.parser import Statement
from schemacheck.proof.scope import Scope

Check = Callable[[Scope], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A kind of finding. `check` is None where the proof itself makes it."""

    code: str
    family: str
    severity: Severity
    title: str
    why: str
    bad: str = ""
    good: str = ""
    sqlstate: str | None = None
    dialect: str = "postgresql"
    check: Check | None = None

    def as_dict(self) -> dict[str, Any]:
        """The rule in the public shape."""
        return {
            "code": self.code,
            "family": self.family,
            "severity": self.severity.value,
            "title": self.title,
            "why": self.why,
            "bad": self.bad,
            "good": self.good,
            "sqlstate": self.sqlstate,
            "dialect": self.dialect,
        }


RULES: dict[str, Rule] = {}
_BEFORE: dict[str, list[Check]] = defaultdict(list)
_AT_END: dict[str, list[Check]] = defaultdict(list)


def rule(
    code: str,
    *,
    title: str,
    why: str,
    bad: str,
    good: str,
    kinds: tuple[str, ...],
    severity: Severity = Severity.WARNING,
    at_end: bool = False,
    sqlstate: str | None = None,
) -> Callable[[Check], Check]:
    """Enter a rule for statements of some kinds; `at_end` runs it once the whole script is known."""

    def enter(check: Check) -> Check:
        family = check.__module__.rpartition(".")[2]
        enlist(
            Rule(
                code=code,
                family=family,
                severity=severity,
                title=title,
                why=why,
                bad=bad,
                good=good,
                sqlstate=sqlstate,
                check=check,
            )
        )
        for kind in kinds:
            (_AT_END if at_end else _BEFORE)[kind].append(check)
        return check

    return enter


def enlist(entered: Rule) -> None:
    """Enter a rule that the proof itself reports."""
    if entered.code in RULES:
        raise ValueError(f"two rules are called {entered.code}")
    RULES[entered.code] = entered


def run_rules(scope: Scope, *, at_end: bool = False) -> None:
    """Run the rules for a statement's kind, before it is simulated or at the end of the script."""
    if scope.statement.node is None:
        return
    for check in (_AT_END if at_end else _BEFORE).get(scope.statement.kind, ()):
        check(scope)


def about(table: Table | bool | None) -> Mapping[str, Any]:
    """The facts of the database a finding about a table rests on."""
    if not isinstance(table, Table):
        return {"catalog": "not read"}
    facts: dict[str, Any] = {"table": table.display, "bytes": table.bytes}
    if table.rows >= 0:
        facts["estimated_rows"] = int(table.rows)
    return facts


def rewritten(statement: Statement, before: str, after: str) -> str:
    """The statement with its first `before` replaced, as a fix; empty if it does not occur."""
    start = statement.find(before, after=0)
    raw = statement.sql.encode()
    if raw[start : start + len(before)].decode(errors="ignore").lower() != before.lower():
        return ""
    return (raw[:start] + after.encode() + raw[start + len(before) :]).decode() + ";"
