from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from config.admin import ReadOnlyAdmin, ToolAdmin
from config.errors import DomainError
from config.pages.admin_lists import MonthFilter
from dockerdebug import fields, infrastructure, insights
from dockerdebug.checks import CHECKS, require_check
from dockerdebug.diagnoses import request_diagnosis
from dockerdebug.models import Diagnosis, Infrastructure, Insight, Tag
from dockerdebug.targets import require_name


class DiagnosisForm(forms.ModelForm):
    """What to diagnose."""

    only_check = forms.ChoiceField(
        label="Check", required=False, choices=[("", "all"), *((name, name) for name in CHECKS)]
    )

    class Meta:
        model = Diagnosis
        fields = ["container", "only_check"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        try:
            if cleaned.get("container"):
                require_name(cleaned["container"])
            require_check(cleaned.get("only_check", ""))
        except DomainError as error:
            self.add_error("container", error.detail)
        return cleaned


@admin.register(Diagnosis)
class DiagnosisAdmin(ReadOnlyAdmin):
    form = DiagnosisForm
    list_display = ["created_at", "target", "status", "worst", "score", "first_finding", "created_by", "took"]
    list_filter = ["status", "worst", ("created_at", MonthFilter)]
    search_fields = ["container", "summary", "created_by"]
    actions = ["diagnose_again"]
    fieldsets = [
        (None, {"fields": ["target", "status", "summary", "image", "only_check"]}),
        ("Findings", {"fields": ["finding_list"]}),
        ("Checks", {"fields": ["check_list"]}),
        ("Run", {"fields": ["created_by", "created_at", "started_at", "finished_at", "duration_seconds", "image_id"]}),
    ]

    class Media:
        css = {"all": ["dockerdebug/diagnosis.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Diagnosis]:
        return super().get_queryset(request).order_by("-id")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("dockerdebug.add_diagnosis"))

    def get_fieldsets(self, request: HttpRequest, obj: Diagnosis | None = None) -> Any:
        return super().get_fieldsets(request, obj) if obj else [(None, {"fields": ["container", "only_check"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Diagnosis | None = None) -> Any:
        return ["target", "finding_list", "check_list"] if obj else []

    def save_model(self, request: HttpRequest, obj: Diagnosis, form: Any, change: bool) -> None:
        diagnosis = request_diagnosis(container=obj.container, check=obj.only_check)
        obj.pk, obj.created_at = diagnosis.pk, diagnosis.created_at

    @admin.action(description="Diagnose again", permissions=["add"])
    def diagnose_again(self, request: HttpRequest, queryset: QuerySet[Diagnosis]) -> None:
        wanted = dict.fromkeys(queryset.values_list("container", "only_check"))
        for container, check in wanted:
            request_diagnosis(container=container, check=check)
        self.message_user(request, f"{len(wanted)} requested; they are done in some seconds.", messages.SUCCESS)

    @admin.display(description="Checks passed")
    def score(self, diagnosis: Diagnosis) -> str:
        return f"{diagnosis.passed}/{diagnosis.total_checks}" if diagnosis.is_over else "-"

    @admin.display(description="First finding")
    def first_finding(self, diagnosis: Diagnosis) -> str:
        return next(iter(diagnosis.finding_keys), "-")

    @admin.display(description="Took", ordering="duration_seconds")
    def took(self, diagnosis: Diagnosis) -> str:
        return "-" if diagnosis.duration_seconds is None else f"{diagnosis.duration_seconds:.2f} s"

    @admin.display(description="Findings, the likely cause first")
    def finding_list(self, diagnosis: Diagnosis) -> SafeString:
        return render_to_string("dockerdebug/findings.html", {"findings": diagnosis.findings})

    @admin.display(description="Checks")
    def check_list(self, diagnosis: Diagnosis) -> SafeString:
        return render_to_string("dockerdebug/checks.html", {"checks": diagnosis.checks})


class OperationAdmin(ToolAdmin):
    """A table whose rows are written by operations; what those refuse is shown as a message."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return super().log_addition(request, type(obj).objects.get(pk=obj.pk), message)


class InsightForm(forms.ModelForm):
    class Meta:
        model = Insight
        fields = ["category", "confidence", "priority", "text", "about", "finding_key"]

    priority = forms.IntegerField(
        min_value=fields.LEAST_PRIORITY,
        max_value=fields.MOST_PRIORITY,
        initial=fields.USUAL_PRIORITY,
        help_text=f"{fields.MOST_PRIORITY} is the most important.",
    )


@admin.register(Insight)
class InsightAdmin(OperationAdmin):
    form = InsightForm
    list_display = ["__str__", "category", "confidence", "priority", "about", "finding_key", "updated_at"]
    list_filter = ["category", "confidence", "priority", ("created_at", MonthFilter)]
    search_fields = ["text", "about", "finding_key"]

    def save_model(self, request: HttpRequest, obj: Insight, form: Any, change: bool) -> None:
        if change:
            insights.change_insight(insight_id=obj.pk, **form.cleaned_data)
        else:
            obj.pk = insights.add_insight(**form.cleaned_data).pk

    def delete_model(self, request: HttpRequest, obj: Insight) -> None:
        insights.remove_insight(insight_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Insight]) -> None:
        for insight in queryset:
            insights.remove_insight(insight_id=insight.pk)


class InfrastructureForm(forms.ModelForm):
    tag_names = forms.CharField(label="Tags", required=False, help_text="Separated by commas.")

    class Meta:
        model = Infrastructure
        fields = ["name", "kind", "description"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:  # noqa: SLF001 - the documented way to tell a new row
            self.fields["tag_names"].initial = ", ".join(self.instance.tag_names)

    def clean_tag_names(self) -> list[str]:
        names = [name.strip() for name in self.cleaned_data["tag_names"].split(",") if name.strip()]
        try:
            return infrastructure.require_tags(names)
        except DomainError as error:
            raise forms.ValidationError(error.detail) from error


@admin.register(Infrastructure)
class InfrastructureAdmin(OperationAdmin):
    form = InfrastructureForm
    list_display = ["name", "kind", "tag_list", "description", "updated_at"]
    list_filter = ["kind", "tags"]
    search_fields = ["name", "description", "tags__name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Infrastructure]:
        return super().get_queryset(request).prefetch_related("tags")

    @admin.display(description="Tags")
    def tag_list(self, found: Infrastructure) -> str:
        return ", ".join(found.tag_names)

    def save_model(self, request: HttpRequest, obj: Infrastructure, form: Any, change: bool) -> None:
        given = {name: form.cleaned_data[name] for name in InfrastructureForm.Meta.fields}
        tags = form.cleaned_data["tag_names"]
        if change:
            infrastructure.change_infrastructure(infrastructure_id=obj.pk, tags=tags, **given)
        else:
            obj.pk = infrastructure.add_infrastructure(tags=tags, **given).pk

    def delete_model(self, request: HttpRequest, obj: Infrastructure) -> None:
        infrastructure.remove_infrastructure(infrastructure_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Infrastructure]) -> None:
        for found in queryset:
            infrastructure.remove_infrastructure(infrastructure_id=found.pk)


@admin.register(Tag)
class TagAdmin(ReadOnlyAdmin):
    list_display = ["name"]
    search_fields = ["name"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("dockerdebug.delete_tag"))

    def delete_model(self, request: HttpRequest, obj: Tag) -> None:
        infrastructure.remove_tag(name=obj.name)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Tag]) -> None:
        for tag in queryset:
            infrastructure.remove_tag(name=tag.name)
