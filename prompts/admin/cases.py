"""Test cases: what a prompt is asked, and what must come back."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from config.admin import ToolAdmin
from config.errors import DomainError
from prompts import cases, dashboard
from prompts.admin import forms, shown
from prompts.assertions.written import WANTED
from prompts.models import RunResult, TestCase
from prompts.templates import check_input


@admin.register(TestCase)
class TestCaseAdmin(ToolAdmin):
    __test__ = False
    about = "What a prompt is asked in a test, and what must come back."
    empty_text = "No prompt has a test case. Add one here, or:"
    empty_command = f"{dashboard.FIRST_VERSION}\n{dashboard.FIRST_CASE}"
    trail_of = ("prompt_test_case", "uid")
    form = forms.TestCaseForm
    list_display = ["name", "prompt", "last_outcome", "asked", "wanted", "type", "created_at"]
    list_filter = ["type", "prompt"]
    search_fields = ["name", "prompt__prompt_id", "expected_output"]
    search_help_text = "Part of a name, of a prompt's name or of an expected output."
    list_select_related = ["prompt"]

    class Media:
        css = {"all": ["prompts/pages.css"]}

    def get_queryset(self, request: HttpRequest) -> "QuerySet[TestCase]":
        newest = RunResult.objects.filter(test_case=OuterRef("pk")).order_by("-id").values("outcome")[:1]
        rows: QuerySet[TestCase] = super().get_queryset(request)
        return rows.annotate(outcome=Subquery(newest))

    def get_fieldsets(self, request: HttpRequest, obj: TestCase | None = None) -> Any:
        kinds = render_to_string("prompts/checks.html", {"kinds": WANTED.items()})
        wanted = ["expected_output", "assertions", "threshold", "must_pass"]
        return [
            (None, {"fields": ["prompt", "name", "type"]}),
            ("What is asked", {"fields": ["input"]}),
            (
                "What must come back",
                {"fields": wanted, "description": kinds},
            ),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: TestCase | None = None) -> list[str]:
        return ["prompt"] if obj else []

    @admin.display(description="last outcome")
    def last_outcome(self, case: TestCase) -> SafeString:
        return shown.outcome(getattr(case, "outcome", None))

    @admin.display(description="asked")
    def asked(self, case: TestCase) -> str:
        return shown.given(case.input)

    @admin.display(description="wanted")
    def wanted(self, case: TestCase) -> str:
        return shown.wanted(case)

    def save_model(self, request: HttpRequest, obj: TestCase, form: Any, change: bool) -> None:
        if change:
            case = cases.update_test_case(prompt_id=obj.prompt.prompt_id, uid=str(obj.uid), **form.definition())
        else:
            prompt = form.cleaned_data["prompt"]
            case = cases.create_test_case(prompt_id=prompt.prompt_id, **form.definition())
            obj.pk = case.pk
        self._say_whether_it_fits(request, case)

    def _say_whether_it_fits(self, request: HttpRequest, case: TestCase) -> None:
        """It is kept, as the next version may ask for other variables; but no test begins before it fits."""
        version = forms.version_of(case.prompt)
        try:
            if version:
                check_input(version.conversation, case.input)
        except DomainError as error:
            said = f"{version} cannot be tested with {case.name}. {error.detail}"
            self.message_user(request, said, messages.WARNING)

    def response_add(self, request: HttpRequest, obj: TestCase, post_url_continue: str | None = None) -> HttpResponse:
        """Whoever adds another adds it to the same prompt."""
        answer = super().response_add(request, obj, post_url_continue)
        if "_addanother" in request.POST:
            return HttpResponseRedirect(f"{reverse('admin:prompts_testcase_add')}?prompt={obj.prompt_id}")
        return answer

    def delete_model(self, request: HttpRequest, obj: TestCase) -> None:
        cases.delete_test_case(prompt_id=obj.prompt.prompt_id, uid=str(obj.uid))
