"""The registry of rules: a rule is a function over the facts that yields one case for each fault it sees."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, Literal

from dockerdebug.facts import Facts, shorten
from dockerdebug.redaction import Redactor

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
MAX_COMMAND = 2000
"""Characters; a command that is cut does not run."""
MAX_CASES = 10
"""Of one rule; a hundred conflicts of one kind are no better told than ten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Why it is so and what to do: the part of a case that depends on further evidence."""

    cause: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A fault a rule saw."""

    evidence: str
    """What was read, and where."""
    cause: str
    fix: str
    """A command or a Dockerfile line; text for people, never run by this service."""
    verify: str
    """How to see that it is gone."""
    severity: Severity | None = None
    """When it differs from the rule's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A named fault of an environment."""

    key: str
    severity: Severity
    check: str
    """The check it belongs to; empty for the container as a whole."""
    evidence: str
    cause: str
    fix: str
    verify: str
    rank: int
    """The lower, the likelier it is the root of the others."""

    def public(self) -> dict[str, Any]:
        """As the doors give it out."""
        known = asdict(self)
        known.pop("rank")
        return known


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    key: str
    severity: Severity
    check: str
    rank: int
    judge: Callable[[Facts], Iterable[Case]]

    @property
    def title(self) -> str:
        """The rule's first sentence."""
        return (self.judge.__doc__ or "").strip().splitlines()[0]


RULES: dict[str, Rule] = {}


def rule(
    *, severity: Severity, rank: int, check: str = ""
) -> Callable[[Callable[[Facts], Iterator[Case]]], Callable[[Facts], Iterator[Case]]]:
    """Register a rule under its function's name. `rank` orders causes before consequences."""

    def register(function: Callable[[Facts], Iterator[Case]]) -> Callable[[Facts], Iterator[Case]]:
        key = function.__name__
        RULES[key] = Rule(key=key, severity=severity, check=check, rank=rank, judge=function)
        return function

    return register


def judge(facts: Facts, *, check: str = "") -> list[Finding]:
    """Every finding, the likely root cause first; with a check's name only its own and those of the whole container."""
    redactor = Redactor(facts.environment)
    found = list(_problem(facts))
    for item in RULES.values():
        if check and item.check not in ("", check):
            continue
        found += [_finding(item, case) for case in islice(item.judge(facts), MAX_CASES)]
    found.sort(key=lambda finding: (SEVERITIES.index(finding.severity), finding.rank))
    return [_redacted(finding, redactor) for finding in found]


def _problem(facts: Facts) -> Iterator[Finding]:
    problem = facts.problem
    if problem is not None:
        yield Finding(
            key=problem.key,
            severity="error",
            check="",
            evidence=problem.evidence,
            cause=problem.cause,
            fix=problem.fix,
            verify=problem.verify,
            rank=0,
        )


def _finding(item: Rule, case: Case) -> Finding:
    return Finding(
        key=item.key,
        severity=case.severity or item.severity,
        check=item.check,
        evidence=case.evidence,
        cause=case.cause,
        fix=case.fix,
        verify=case.verify,
        rank=item.rank,
    )


def _redacted(finding: Finding, redactor: Redactor) -> Finding:
    return Finding(
        key=finding.key,
        severity=finding.severity,
        check=finding.check,
        evidence=shorten(redactor.text(finding.evidence), 600),
        cause=shorten(redactor.text(finding.cause), 600),
        fix=redactor.text(finding.fix)[:MAX_COMMAND],
        verify=redactor.text(finding.verify)[:MAX_COMMAND],
        rank=finding.rank,
    )
