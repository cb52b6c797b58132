"""Evaluations: each case in each run, side by side."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.admin import ReadOnlyAdmin
from config.pages import kit
from config.pages.admin_lists import MonthFilter
from config.pages.kit.marks import NOTHING, Tone
from config.pages.kit.tables import table
from config.pages.moves import move
from prompts import dashboard, evaluations
from prompts.admin import shown
from prompts.models import Evaluation, Run

MOST_CASES = 200


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

    @admin.display(description="matrix")
    def matrix(self, evaluation: Evaluation) -> SafeString:
        rows = evaluations.matrix(evaluation)
        listed = [(row.name, *(_cell(cell) for cell in row.cells)) for row in rows[:MOST_CASES]]
        more = f"The first {MOST_CASES} of {len(rows)} cases; REST has all." if len(rows) > MOST_CASES else ""
        return table(["Case", *(_heading(run) for run in evaluation.in_order)], listed, caption=more)

    @move(
        permissions=["operate"],
        when=lambda evaluation: not evaluation.is_over,
        confirm="What was not asked yet is never asked; answers that came stay.",
        weight="danger",
    )
    def cancel(self, request: HttpRequest, evaluation: Evaluation) -> None:
        evaluations.cancel_evaluation(uid=str(evaluation.uid))


def _heading(run: Run) -> str:
    return f"Version {run.version.number} on {run.model}"


def _cell(cell: evaluations.Cell | None) -> SafeString:
    if cell is None or not cell.answered:
        return NOTHING
    tone: Tone = "good" if cell.passed == cell.answered else "bad" if not cell.passed else "wait"
    return format_html("{}", kit.badge(f"{cell.passed} of {cell.answered}", tone))
