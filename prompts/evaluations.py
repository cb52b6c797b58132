"""Evaluations: found, cancelled, ended at their budget, and read as a matrix of cases by runs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, F, Q, Sum

from config.errors import NotFound
from config.identifiers import row_of
from prompts.models import Evaluation, Run, RunResult
from prompts.runs import RunOver, cancel_run
from prompts.statistics import pass_all, pass_any, wilson


class EvaluationNotFound(NotFound):
    code = "evaluation-not-found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One case in one run."""

    passed: int
    answered: int
    asked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One case in every run of the evaluation, in their order; None where a run did not have it."""

    name: str
    case: str
    """Its hash, which tells it from a case of the same name that was defined otherwise."""
    cells: list[Cell | None]

    @property
    def is_flipped(self) -> bool:
        """Whether it passes in some runs and fails in others."""
        shares = {cell.passed == cell.answered for cell in self.cells if cell is not None and cell.answered}
        return len(shares) > 1

    @property
    def has_failed(self) -> bool:
        """Whether an answer of any run did not pass, or is missing in one that is over."""
        return any(cell.passed < cell.asked for cell in self.cells if cell is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """Of one run: the chance that one of `k` answers to a case passes, and that all of them do, mean over the cases."""

    k: int
    pass_any: float
    pass_all: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How the assertions of one metric did in a run, with the 95 % interval of their rate (Wilson)."""

    name: str
    passed: int
    judged: int

    @property
    def rate(self) -> float:
        return round(self.passed / self.judged, 6)

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.passed, self.judged)


def get_evaluation(*, uid: str) -> Evaluation:
    """Raises EvaluationNotFound."""
    found = Evaluation.objects.select_related("prompt").prefetch_related("runs__version__prompt")
    return row_of(found, uid, EvaluationNotFound(f"There is no evaluation {str(uid)[:100]}. List them for their ids."))


@transaction.atomic
def cancel_evaluation(*, uid: str) -> Evaluation:
    """End every run of it that is not over. Raises EvaluationNotFound, RunOver where all are."""
    evaluation = get_evaluation(uid=uid)
    unfinished = [run for run in evaluation.in_order if not run.is_over]
    if not unfinished:
        raise RunOver(f"The evaluation is {evaluation.status} already.")
    for run in unfinished:
        cancel_run(uid=str(run.uid))
    return get_evaluation(uid=uid)


def used_up(evaluation: Evaluation) -> str:
    """Why the runs of an evaluation must end, or nothing."""
    if evaluation.max_tokens is None and evaluation.max_cost_micros is None:
        return ""
    used = Run.objects.filter(evaluation=evaluation).aggregate(
        tokens=Sum(F("input_tokens") + F("output_tokens"), default=0), cost=Sum("cost_micros", default=0)
    )
    if evaluation.max_tokens is not None and used["tokens"] >= evaluation.max_tokens:
        return f"The budget of {evaluation.max_tokens:,} tokens is used up. Raise max_tokens, or ask fewer cases."
    if evaluation.max_cost_micros is not None and used["cost"] >= evaluation.max_cost_micros:
        dollars = evaluation.max_cost_micros / 1_000_000
        return f"The budget of ${dollars:,.6g} is used up. Raise max_cost_micros, or ask fewer cases."
    return ""


def matrix(evaluation: Evaluation) -> list[Row]:
    """Every case in every run, cases in the order of the first run that has them."""
    found: dict[str, dict[int, Cell]] = {}
    names: dict[str, str] = {}
    for run in evaluation.in_order:
        for case, name, cell in _cells(run):
            names.setdefault(case, name)
            found.setdefault(case, {})[run.pk] = cell
    runs = [run.pk for run in evaluation.in_order]
    return [Row(name=names[case], case=case, cells=[cells.get(run) for run in runs]) for case, cells in found.items()]


def answers(evaluation: Evaluation, case: str) -> list[RunResult | None]:
    """One answer to a case from each run, in their order: one that did not pass, where there is such."""
    found: dict[int, RunResult] = {}
    rows = RunResult.objects.filter(run__evaluation=evaluation, case_hash=case)
    for row in rows.order_by("position", "repeat"):
        kept = found.get(row.run_id)
        if kept is None or (kept.outcome == RunResult.Outcome.PASSED and row.outcome != RunResult.Outcome.PASSED):
            found[row.run_id] = row
    return [found.get(run.pk) for run in evaluation.in_order]


def measured(run: Run) -> list[Measured]:
    """By the metrics that assertions name, in alphabetical order."""
    passed, judged = Counter[str](), Counter[str]()
    for checks in run.results.exclude(checks=[]).values_list("checks", flat=True).iterator():
        for check in checks:
            if metric := check.get("metric"):
                judged[metric] += 1
                passed[metric] += check["passed"]
    return [Measured(name=name, passed=passed[name], judged=judged[name]) for name in sorted(judged)]


def reliability(rows: Sequence[Row], place: int, repeats: int) -> list[Reliability]:
    """Of the run at a place of the evaluation, over the cases all of whose repeats have an answer."""
    cells = [row.cells[place] for row in rows]
    whole = [(cell.passed, cell.answered) for cell in cells if cell is not None and cell.answered == repeats]
    return [
        Reliability(
            k=k,
            pass_any=sum(pass_any(passed, of, k) for passed, of in whole) / len(whole),
            pass_all=sum(pass_all(passed, of, k) for passed, of in whole) / len(whole),
        )
        for k in range(1, repeats + 1)
        if whole
    ]


def _cells(run: Run) -> list[tuple[str, str, Cell]]:
    unanswered = [RunResult.Outcome.PENDING, RunResult.Outcome.ERROR]
    counted = (
        run.results.order_by("position")
        .values("case_hash", "name", "position")
        .annotate(
            passed=Count("pk", Q(outcome=RunResult.Outcome.PASSED)),
            answered=Count("pk", ~Q(outcome__in=unanswered)),
            asked=Count("pk"),
        )
    )
    return [
        (row["case_hash"], row["name"], Cell(passed=row["passed"], answered=row["answered"], asked=row["asked"]))
        for row in counted
    ]
