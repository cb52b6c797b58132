"""Evaluations: each case in each run, side by side."""

from collections.abc import Iterator

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.admin import ReadOnlyAdmin
from config.pages import kit
from config.pages.admin_lists import MonthFilter
from config.pages.kit.differences import words
from config.pages.kit.marks import NOTHING, Tone
from config.pages.kit.tables import table
from config.pages.moves import move
from prompts import dashboard, evaluations
from prompts.admin import shown
from prompts.models import Evaluation, Run

MOST_CASES = 200
MOST_COMPARED = 4_000
"""Characters of an answer beside the others."""


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnlyAdmin):
    about = "Versions on models, asked at once: each case in each run, and how reliably it passes."
    empty_text = "Nothing has been evaluated. A prompt with a test case comes first; then:"
    empty_command = f"{dashboard.FIRST_VERSION}\n{dashboard.FIRST_CASE}\nprompt evaluate extract-keywords --repeats 3"
    list_display = ["prompt", "status_shown", "columns", "repeats", "created_at", "created_by"]
    list_filter = ["prompt", ("created_at", MonthFilter)]
    search_fields = ["=uid", "prompt__prompt_id"]
    search_help_text = "An evaluation's id, or part of a prompt's name."
    list_select_related = ["prompt"]
    moves = ["cancel"]
    sections = [
        ("Runs", ["runs_shown"]),
        ("Each case in each run", ["matrix"]),
        ("By metric", ["metrics"]),
        ("At a glance", [("uid", "prompt"), ("repeats", "threshold"), ("max_tokens", "max_cost_micros"), "created_by"]),
    ]

    class Media:
        css = {"all": ["prompts/pages.css"]}

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Evaluation]":
        found: QuerySet[Evaluation] = super().get_queryset(request)
        return found.prefetch_related("runs__version__prompt")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("prompts.add_version"))

    @admin.display(description="status")
    def status_shown(self, evaluation: Evaluation) -> SafeString:
        return shown.status_of(evaluation.status)

    @admin.display(description="versions on models")
    def columns(self, evaluation: Evaluation) -> str:
        return shown.short(", ".join(_heading(run) for run in evaluation.in_order))

    @admin.display(description="runs")
    def runs_shown(self, evaluation: Evaluation) -> SafeString:
        return shown.runs(evaluation.in_order)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Evaluation | None:
        """`?show=flipped` narrows its cases, `?case=` shows the answers to one."""
        found: Evaluation | None = super().get_object(request, object_id, from_field)
        if found is not None:
            found.asked = {name: request.GET.get(name, "") for name in ("show", "case")}  # type: ignore[attr-defined]
        return found

    @admin.display(description="matrix")
    def matrix(self, evaluation: Evaluation) -> SafeString:
        asked = getattr(evaluation, "asked", {"show": "", "case": ""})
        rows = evaluations.matrix(evaluation)
        sets = {"": rows, "flipped": [row for row in rows if row.is_flipped]}
        sets["failed"] = [row for row in rows if row.has_failed]
        show = asked["show"] if asked["show"] in sets else ""
        chosen = sets[show]
        listed = [(_opened(row, show), *(_cell(cell) for cell in row.cells)) for row in chosen[:MOST_CASES]]
        more = f"The first {MOST_CASES} of {len(chosen)} cases; REST has all." if len(chosen) > MOST_CASES else ""
        context = {
            "sets": [(name, name or "all", len(found), name == show) for name, found in sets.items()],
            "table": table(["Case", *(_heading(run) for run in evaluation.in_order)], listed, caption=more),
            "row": next((row for row in rows if row.case == asked["case"]), None),
            "sides": list(_sides(evaluation, asked["case"])) if asked["case"] else [],
        }
        return render_to_string("prompts/matrix.html", context)

    @admin.display(description="metrics")
    def metrics(self, evaluation: Evaluation) -> SafeString:
        found = [(_heading(run), item) for run in evaluation.in_order for item in evaluations.measured(run)]
        if not found:
            return kit.empty("No assertion names a metric. Where some do, their results stand here together.")
        rows = [
            (item.name, heading, f"{item.passed} of {item.judged}", shown.rate(item.rate), _between(item))
            for heading, item in sorted(found, key=lambda pair: pair[1].name)
        ]
        return table(["Metric", "Run", "Passed", "Rate", "95 % interval"], rows)

    @move(
        permissions=["operate"],
        when=lambda evaluation: not evaluation.is_over,
        confirm="What was not asked yet is never asked; answers that came stay.",
        weight="danger",
    )
    def cancel(self, request: HttpRequest, evaluation: Evaluation) -> None:
        evaluations.cancel_evaluation(uid=str(evaluation.uid))


def _opened(row: evaluations.Row, show: str) -> SafeString:
    """The name of a case, which leads to its answers."""
    return format_html('<a href="?show={}&amp;case={}#answers">{}</a>', show, row.case, row.name)


def _sides(evaluation: Evaluation, case: str) -> Iterator[dict[str, object]]:
    """What each run answered, with the words that the first one had not."""
    found = evaluations.answers(evaluation, case)
    first = next((row for row in found if row is not None), None)
    for run, row in zip(evaluation.in_order, found, strict=True):
        if row is None or first is None:
            continue
        failed = [check for check in row.checks if not check["passed"]]
        yield {
            "heading": _heading(run),
            "outcome": shown.outcome(row.outcome),
            "output": None if row is first else words(first.output[:MOST_COMPARED], row.output[:MOST_COMPARED]),
            "whole": row.output[:MOST_COMPARED],
            "why": "; ".join(check["detail"] for check in failed) or row.error,
        }


def _heading(run: Run) -> str:
    return f"Version {run.version.number} on {run.model}"


def _between(item: evaluations.Measured) -> str:
    low, high = item.interval
    return f"{low:.0%} to {high:.0%}"


def _cell(cell: evaluations.Cell | None) -> SafeString:
    if cell is None or not cell.answered:
        return NOTHING
    tone: Tone = "good" if cell.passed == cell.answered else "bad" if not cell.passed else "wait"
    return format_html("{}", kit.badge(f"{cell.passed} of {cell.answered}", tone))
