"""What every report tells: each run as a suite of cases, each case by all of its answers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from prompts.evaluations import Measured, measured
from prompts.models import Evaluation, Run, RunResult

LONGEST_OUTPUT = 2_000
"""Characters of an answer that a report shows; the run itself has all of it."""
Outcome = Literal["passed", "failed", "error", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One case of a run."""

    name: str
    type: str
    outcome: Outcome
    passed: int
    answered: int
    asked: int
    why: str
    """Of the first answer that did not pass."""
    output: str
    seconds: float

    @property
    def share(self) -> str:
        return f"{self.passed} of {self.asked} answers passed" if self.asked > 1 else self.outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One run."""

    run: Run
    lines: list[Line]
    metrics: list[Measured]

    @property
    def title(self) -> str:
        return f"{self.run.version} on {self.run.model}"

    def count(self, outcome: Outcome) -> int:
        return sum(line.outcome == outcome for line in self.lines)

    @property
    def verdict(self) -> dict[str, Any]:
        """As the run keeps it; of a run that is not finished why it is not."""
        return self.run.verdict or {"call": "not run", "note": self.run.error or f"The run is {self.run.status}."}

    @property
    def is_worse(self) -> bool:
        """Whether it is a regression, whatever its cases say one by one, or a case that must pass does not."""
        return self.verdict["call"] == "regression" or bool(self.verdict.get("blocked"))


def gather(evaluation: Evaluation) -> list[Suite]:
    """The runs of an evaluation in their order."""
    return [Suite(run=run, lines=list(_lines(run)), metrics=measured(run)) for run in evaluation.in_order]


def _lines(run: Run) -> Iterable[Line]:
    judged = run.judged()
    rows = run.results.order_by("position", "repeat")
    for _, several in groupby(rows, key=lambda row: row.position):
        yield _line(list(several), judged)


def _line(rows: Sequence[RunResult], judged: Any) -> Line:
    first, counted = rows[0], [row.outcome for row in rows]
    answered = sum(outcome in {RunResult.Outcome.PASSED, RunResult.Outcome.FAILED} for outcome in counted)
    wrong = next((row for row in rows if row.outcome != RunResult.Outcome.PASSED), None)
    outcome: Outcome = "passed" if judged.get(first.case_hash) else "failed"
    if not answered:
        outcome = "error" if RunResult.Outcome.ERROR in counted else "skipped"
    return Line(
        name=first.name,
        type=first.type,
        outcome=outcome,
        passed=counted.count(RunResult.Outcome.PASSED),
        answered=answered,
        asked=len(rows),
        why=_why(wrong) if wrong else "",
        output=_cut((wrong or first).output),
        seconds=sum(row.latency_ms or 0 for row in rows) / 1000,
    )


def _why(row: RunResult) -> str:
    return "; ".join(check["detail"] for check in row.checks if not check["passed"]) or row.error or "It was not asked."


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_OUTPUT else f"{text[:LONGEST_OUTPUT]} ..."
