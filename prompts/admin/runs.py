"""Runs: what the model answered beside what was wanted, what failed first."""

from typing import Any, get_args

from django.contrib import admin
from django.db.models import Case, Count, IntegerField, QuerySet, Value, When
from django.db.models.functions import Left
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.admin import ReadOnlyAdmin
from config.commandline import amounts
from config.pages import kit
from config.pages.admin_lists import MonthFilter
from config.pages.kit.marks import NOTHING
from config.pages.moves import move
from prompts import dashboard, runs
from prompts.admin import shown
from prompts.admin.move_forms import KeepResultForm
from prompts.exchange import moving_cases
from prompts.models import Run, RunResult
from prompts.statistics import Call

MOST_RESULTS = 100
LONGEST_OUTPUT = 4000
"""Characters of an answer on the page of a run; REST has all of it."""
_FAILED_FIRST = Case(
    When(outcome=RunResult.Outcome.FAILED, then=Value(0)),
    When(outcome=RunResult.Outcome.ERROR, then=Value(1)),
    When(outcome=RunResult.Outcome.PENDING, then=Value(2)),
    default=Value(3),
    output_field=IntegerField(),
)


class VerdictFilter(admin.SimpleListFilter):
    """What the verdict of a run is called."""

    title = "verdict"
    parameter_name = "verdict__call"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(call, shown.NAMES.get(call, call)) for call in get_args(Call)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(verdict__call=self.value()) if self.value() else queryset


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    about = "Tests of versions: every case asked of a real model, and whether the version did worse than another."
    empty_text = "No version has been tested. A prompt with a test case comes first:"
    empty_command = f"{dashboard.FIRST_VERSION}\n{dashboard.FIRST_CASE}\n{dashboard.FIRST_TEST}"
    trail_of = ("prompt_run", "uid")
    list_display = ["version", "verdict_shown", "passed_of", "status_shown", "model", "took", "created_at"]
    unlisted = ("settings", "error")
    list_filter = [VerdictFilter, "status", "ad_hoc", "model", ("created_at", MonthFilter)]
    search_fields = ["=uid", "version__prompt__prompt_id", "model"]
    search_help_text = "A run's id, or part of a prompt's or a model's name."
    list_select_related = ["version__prompt"]
    moves = ["keep_result", "cancel"]
    sections = [
        ("The verdict", ["verdict_text", ("passed_of", "took")]),
        ("Results", ["results_shown"]),
        ("At a glance", ["facts"]),
        ("Asked with", ["settings"]),
    ]

    class Media:
        css = {"all": ["prompts/pages.css"]}

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("prompts.add_version"))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Run | None:
        """`?outcome=failed` narrows its results."""
        run: Run | None = super().get_object(request, object_id, from_field)
        if run is not None:
            run.narrowed = request.GET.get("outcome", "")  # type: ignore[attr-defined]
        return run

    @admin.display(description="verdict")
    def verdict_shown(self, run: Run) -> SafeString:
        return shown.call((run.verdict or {}).get("call"))

    @admin.display(description="passed")
    def passed_of(self, run: Run) -> SafeString:
        return format_html("{} of {}, {}", run.passed, run.total, shown.rate(run.success_rate))

    @admin.display(description="status", ordering="status")
    def status_shown(self, run: Run) -> SafeString:
        kind = format_html(" {}", kit.badge("cases of its own", "quiet")) if run.ad_hoc else ""
        return format_html("{}{}", shown.status(run), kind)

    @admin.display(description="took")
    def took(self, run: Run) -> SafeString | str:
        return shown.duration(run.duration if run.is_over else None)

    @admin.display(description="verdict")
    def verdict_text(self, run: Run) -> SafeString:
        """What a person would say of it, and against what."""
        if run.error:
            return format_html("{} {}", shown.status(run), run.error)
        verdict = run.verdict or {}
        if not verdict:
            return format_html("{} There is no verdict before it is finished.", shown.status(run))
        number = verdict.get("against_version")
        against = f"Against version {number}: " if number else ""
        return format_html("{} {}{}", shown.call(verdict.get("call")), against, verdict.get("note", ""))

    @admin.display(description="at a glance")
    def facts(self, run: Run) -> SafeString:
        version = reverse("admin:prompts_version_change", args=[run.version_id])
        answered = f"{run.passed} of {run.total} cases"
        return kit.facts(
            [
                ("Version", format_html('<a href="{}">{}</a>', version, run.version)),
                ("Status", self.status_shown(run)),
                ("Passed", format_html("{}, {} of those answered", answered, shown.rate(run.success_rate))),
                ("Without an answer", run.errors),
                ("Model", run.model),
                ("Took", self.took(run)),
                ("Tokens", f"{run.input_tokens:,} asked, {run.output_tokens:,} answered"),
                ("Cost", NOTHING if run.cost_micros is None else amounts.dollars(run.cost_micros)),
                ("Asked for", run.created_at),
                ("Finished", run.finished_at),
                ("By", run.created_by),
                ("Run", str(run.uid)),
            ]
        )

    @admin.display(description="results")
    def results_shown(self, run: Run) -> SafeString:
        counted = dict(run.results.order_by().values_list("outcome").annotate(count=Count("*")))
        asked = getattr(run, "narrowed", "")
        chosen = asked if asked in counted else ""
        found = run.results.filter(outcome=chosen) if chosen else run.results.all()
        cut = {f"{name}_shown": Left(name, LONGEST_OUTPUT + 1) for name in ("output", "expected_output")}
        rows = found.defer("output", "expected_output").annotate(**cut).order_by(_FAILED_FIRST, "position")
        context = {
            "outcomes": [(name, count, name == chosen) for name, count in counted.items()],
            "chosen": chosen,
            "total": run.total,
            "results": [_result(row) for row in rows[:MOST_RESULTS]],
            "more": max((counted.get(chosen, 0) if chosen else run.total) - MOST_RESULTS, 0),
            "address": f"/api/v1/prompts/runs/{run.uid}",
        }
        return render_to_string("prompts/results.html", context)

    @move(label="Keep a result as a test case", permissions=["operate"], form=KeepResultForm)
    def keep_result(self, request: HttpRequest, run: Run, given: dict[str, Any]) -> str:
        return f"{moving_cases.keep_result(uid=str(run.uid), **given)} is a test case now."

    @move(
        permissions=["operate"],
        when=lambda run: not run.is_over,
        confirm="What was not asked yet is never asked; answers that came stay.",
        weight="danger",
        bulk=True,
    )
    def cancel(self, request: HttpRequest, run: Run) -> None:
        runs.cancel_run(uid=str(run.uid))


def _result(row: Any) -> dict[str, Any]:
    return {
        "name": row.name,
        "number": f"{row.position}, answer {row.repeat}" if row.repeat > 1 else row.position,
        "case": row.test_case_id,
        "outcome": shown.outcome(row.outcome),
        "input": row.input,
        "is_text": isinstance(row.input, str),
        "expected": _cut(row.expected_output_shown or ""),
        "wanted": [f"{item['type']} {shown.said(item)}".strip() for item in row.assertions],
        "output": _cut(row.output_shown),
        "failed": [check for check in row.checks if not check["passed"]],
        "error": row.error,
        "took": "" if row.latency_ms is None else amounts.duration(row.latency_ms / 1000),
        "tokens": row.output_tokens,
    }


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_OUTPUT else f"{text[:LONGEST_OUTPUT]} ..."
