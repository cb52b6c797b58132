"""Diagnoses: start one, read it, keep what was learnt."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.admin import ReadOnlyAdmin
from config.errors import DomainError
from config.pages.admin_lists import MonthFilter, found_by
from config.pages.moves import move
from dockerdebug import dashboard, shown
from dockerdebug.admin.picker import ContainerPicker
from dockerdebug.checks import CHECKS, require_check
from dockerdebug.diagnoses import request_diagnosis
from dockerdebug.models import Diagnosis
from dockerdebug.targets import require_name


class DiagnosisForm(forms.ModelForm):
    """What to diagnose: a container that is picked, or one that is typed."""

    typed = forms.CharField(
        label="Or another, by name or id", required=False, help_text="Where the list above does not have it."
    )
    only_check = forms.ChoiceField(
        label="Look at",
        required=False,
        choices=[("", "everything"), *((name, f"{name.replace('_', ' ')} alone") for name in CHECKS)],
    )

    class Meta:
        model = Diagnosis
        fields = ["container", "only_check"]
        widgets = {"container": ContainerPicker}
        help_texts = {"container": "A stopped one is read from its files and logs."}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        cleaned["container"] = cleaned.get("typed") or cleaned.get("container", "")
        try:
            if cleaned["container"]:
                require_name(cleaned["container"])
            require_check(cleaned.get("only_check", ""))
        except DomainError as error:
            self.add_error("typed" if cleaned.get("typed") else "container", error.detail)
        return cleaned


@admin.register(Diagnosis)
class DiagnosisAdmin(ReadOnlyAdmin):
    about = "Names what is wrong with the Python of a container, or of this machine, with evidence, cause and fix."
    empty_text = f"Nothing has been diagnosed yet. {dashboard.THIS_MACHINE}"
    empty_command = "dockerdebug"
    form = DiagnosisForm
    list_display = ["target", "finding", "state", "score", "created_by", "created_at", "took"]
    list_filter = ["worst", "status", "container", ("created_at", MonthFilter)]
    unlisted = ("checks",)
    known_by = ("container", "id")
    search_help_text = "A container or id exactly, or words of the latest diagnoses."
    moves = ["diagnose_again"]
    trail_of = ("diagnosis", "id")
    sections = [
        ("Verdict", ["verdict", "about_it"]),
        ("Findings, the likely cause first", ["finding_list"]),
        ("What is known", ["insight_list"]),
        ("Checks", ["check_list"]),
    ]

    class Media:
        css = {"all": ["dockerdebug/diagnosis.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Diagnosis]:
        return super().get_queryset(request).order_by("-id")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return found_by(queryset, self.known_by, ("container", "summary", "created_by"), search_term), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("dockerdebug.add_diagnosis"))

    def get_fieldsets(self, request: HttpRequest, obj: Diagnosis | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": ["container", "typed", "only_check"]})]
        return super().get_fieldsets(request, obj)

    def save_model(self, request: HttpRequest, obj: Diagnosis, form: Any, change: bool) -> None:
        diagnosis = request_diagnosis(container=form.cleaned_data["container"], check=obj.only_check)
        obj.pk, obj.created_at = diagnosis.pk, diagnosis.created_at

    @move(permissions=["add"], many="Repeat", weight="first", bulk=True)
    def diagnose_again(self, request: HttpRequest, obj: Diagnosis) -> HttpResponse:
        return self._lead_to(request_diagnosis(container=obj.container, check=obj.only_check))

    def response_add(self, request: HttpRequest, obj: Diagnosis, *args: Any, **options: Any) -> HttpResponse:
        return self._lead_to(obj)

    @staticmethod
    def _lead_to(diagnosis: Diagnosis) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:dockerdebug_diagnosis_change", args=[diagnosis.pk]))

    @admin.display(description="Container", ordering="container")
    def target(self, diagnosis: Diagnosis) -> str:
        return diagnosis.target

    @admin.display(description="Worst finding", ordering="worst")
    def finding(self, diagnosis: Diagnosis) -> SafeString:
        return shown.worst(diagnosis)

    @admin.display(description="Status", ordering="status")
    def state(self, diagnosis: Diagnosis) -> SafeString:
        return shown.state(diagnosis)

    @admin.display(description="Checks passed")
    def score(self, diagnosis: Diagnosis) -> str:
        return f"{diagnosis.passed} of {diagnosis.total_checks}" if diagnosis.is_over else "-"

    @admin.display(description="Took", ordering="duration_seconds")
    def took(self, diagnosis: Diagnosis) -> str:
        return "-" if diagnosis.duration_seconds is None else f"{diagnosis.duration_seconds:.2f}\u00a0s"

    @admin.display(description="In words")
    def verdict(self, diagnosis: Diagnosis) -> SafeString:
        return format_html("{} {}", shown.outcome(diagnosis.status, diagnosis.worst), diagnosis.summary)

    @admin.display(description="Of")
    def about_it(self, diagnosis: Diagnosis) -> SafeString:
        return shown.about(diagnosis)

    @admin.display(description="Findings")
    def finding_list(self, diagnosis: Diagnosis) -> SafeString:
        return shown.findings(diagnosis)

    @admin.display(description="Insights")
    def insight_list(self, diagnosis: Diagnosis) -> SafeString:
        return shown.insights_beside(diagnosis)

    @admin.display(description="Checks")
    def check_list(self, diagnosis: Diagnosis) -> SafeString:
        return shown.checks(diagnosis)
