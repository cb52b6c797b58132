from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.safestring import SafeString

from config.admin import ReadOnlyAdmin, ReadOnlyInline, ToolAdmin, pretty
from config.errors import DomainError
from config.pages.admin_lists import MonthFilter
from prompts import cases, content, model_settings, prompts, runs, testing, versions
from prompts.models import Prompt, Run, RunResult, TestCase, Version
from prompts.text_diff import unified_diff


class VersionInline(ReadOnlyInline):
    model = Version
    fields = ("number", "is_active", "tokens", "purpose", "success", "created_at", "created_by")
    show_change_link = True

    @admin.display(description="Success rate")
    def success(self, version: Version) -> str:
        return _rate((version.test_results or {}).get("success_rate"))


@admin.register(Prompt)
class PromptAdmin(ToolAdmin):
    list_display = ["prompt_id", "active_version", "latest_number", "description", "created_at", "created_by"]
    search_fields = ["prompt_id", "description"]
    list_filter = [("created_at", MonthFilter)]
    fields = ["prompt_id", "description"]
    inlines = [VersionInline]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Prompt]":
        return super().get_queryset(request).prefetch_related("versions")

    @admin.display(description="Active")
    def active_version(self, prompt: Prompt) -> str:
        return str(prompt.active.number) if prompt.active else "-"

    def get_readonly_fields(self, request: HttpRequest, obj: Prompt | None = None) -> list[str]:
        return ["prompt_id"] if obj else []

    def save_model(self, request: HttpRequest, obj: Prompt, form: Any, change: bool) -> None:
        if change:
            prompts.update_prompt(prompt_id=obj.prompt_id, description=obj.description)
        else:
            obj.pk = prompts.create_prompt(prompt_id=obj.prompt_id, description=obj.description).pk

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Versions and runs cannot be deleted by themselves, but go with their prompt."""
        to_delete, counts, _, protected = super().get_deleted_objects(objs, request)
        return to_delete, counts, set(), protected

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        try:
            return super().delete_view(request, object_id, extra_context)
        except DomainError as error:
            self.message_user(request, error.detail, messages.ERROR)
            return redirect("admin:prompts_prompt_changelist")

    def delete_model(self, request: HttpRequest, obj: Prompt) -> None:
        prompts.delete_prompt(prompt_id=obj.prompt_id)

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[Prompt]") -> None:
        for prompt in queryset:
            try:
                prompts.delete_prompt(prompt_id=prompt.prompt_id)
            except DomainError as error:
                self.message_user(request, error.detail, messages.ERROR)


class VersionForm(forms.ModelForm):
    """The next version of a prompt; the operation's own rules are shown beside the fields."""

    prompt_text = forms.CharField(required=False, widget=forms.Textarea, strip=False)
    messages = forms.JSONField(required=False)
    settings = forms.JSONField(required=False, initial=dict)

    class Meta:
        model = Version
        fields = ["prompt", "prompt_text", "messages", "purpose", "notes", "settings"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        cleaned["prompt_text"] = cleaned.get("prompt_text") or None
        cleaned["settings"] = cleaned.get("settings") or {}
        try:
            content.check_content(cleaned["prompt_text"], cleaned.get("messages"))
            model_settings.check_settings(cleaned["settings"])
        except DomainError as error:
            self.add_error(None, error.detail)
        except (TypeError, AttributeError):
            self.add_error("messages", "Must be a list of {role, content}.")
        return cleaned

    def _post_clean(self) -> None:
        """The model's own checks want the fields the operation computes."""


@admin.register(Version)
class VersionAdmin(ReadOnlyAdmin):
    """A version is added here and never changed."""

    form = VersionForm
    list_display = ["__str__", "is_active", "tokens", "purpose", "success", "created_at", "created_by"]
    list_filter = ["is_active", ("created_at", MonthFilter), "prompt"]
    search_fields = ["prompt__prompt_id", "purpose", "notes", "prompt_text", "=content_hash"]
    list_select_related = ["prompt"]
    actions = ["activate", "run_test"]
    shown = [
        "prompt",
        "number",
        "is_active",
        "text_shown",
        "difference",
        "purpose",
        "notes",
        "settings",
        "tokens",
        "content_hash",
        "test_results",
        "created_at",
        "created_by",
    ]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.shown if obj else list(VersionForm.Meta.fields)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("prompts.add_version"))

    def save_model(self, request: HttpRequest, obj: Version, form: Any, change: bool) -> None:
        given = form.cleaned_data
        saved = versions.save_version(
            prompt_id=given["prompt"].prompt_id,
            prompt_text=given["prompt_text"],
            messages=given.get("messages"),
            settings=given["settings"],
            purpose=given["purpose"],
            notes=given["notes"],
        )
        for field in Version._meta.concrete_fields:
            setattr(obj, field.attname, getattr(saved.version, field.attname))
        if not saved.created:
            self.message_user(request, f"{saved.version} says exactly this already.", messages.WARNING)

    @admin.display(description="Text")
    def text_shown(self, version: Version) -> SafeString:
        return pretty(version.text)

    @admin.display(description="Difference from the version before")
    def difference(self, version: Version) -> SafeString:
        before = version.prompt.versions.filter(number=version.number - 1).first()
        if before is None:
            return pretty("This is the first.")
        return pretty(unified_diff(before.text, version.text, str(before), str(version)) or "The texts are equal.")

    @admin.display(description="Success rate")
    def success(self, version: Version) -> str:
        return _rate((version.test_results or {}).get("success_rate"))

    @admin.action(description="Activate selected version", permissions=["operate"])
    def activate(self, request: HttpRequest, queryset: "QuerySet[Version]") -> None:
        for version in queryset.select_related("prompt"):
            versions.activate_version(prompt_id=version.prompt.prompt_id, number=version.number)
            self.message_user(request, f"{version} is active.")

    @admin.action(description="Test selected versions with the model", permissions=["operate"])
    def run_test(self, request: HttpRequest, queryset: "QuerySet[Version]") -> None:
        for version in queryset.select_related("prompt"):
            try:
                run = testing.test_prompt_version(prompt_id=version.prompt.prompt_id, number=version.number)
            except DomainError as error:
                self.message_user(request, f"{version}: {error.detail}", messages.ERROR)
            else:
                self.message_user(request, f"Run {run.uid} tests {version}.")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("prompts.add_version"))


class TestCaseForm(forms.ModelForm):
    __test__ = False
    expected_output = forms.CharField(required=False, widget=forms.Textarea, strip=False)
    assertions = forms.JSONField(required=False, initial=list)

    class Meta:
        model = TestCase
        fields = ["prompt", "name", "type", "input", "expected_output", "assertions", "threshold"]

    def definition(self) -> dict[str, Any]:
        given = {name: self.cleaned_data.get(name) for name in self.Meta.fields if name != "prompt"}
        return {**given, "expected_output": given["expected_output"] or None, "assertions": given["assertions"] or []}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                cases.check_definition(self.definition())
            except DomainError as error:
                self.add_error(None, error.detail)
        return cleaned


@admin.register(TestCase)
class TestCaseAdmin(ToolAdmin):
    __test__ = False
    form = TestCaseForm
    list_display = ["name", "prompt", "type", "created_at", "created_by"]
    list_filter = ["type", "prompt"]
    search_fields = ["name", "prompt__prompt_id", "expected_output"]
    list_select_related = ["prompt"]

    def get_readonly_fields(self, request: HttpRequest, obj: TestCase | None = None) -> list[str]:
        return ["prompt"] if obj else []

    def save_model(self, request: HttpRequest, obj: TestCase, form: Any, change: bool) -> None:
        if change:
            cases.update_test_case(prompt_id=obj.prompt.prompt_id, uid=str(obj.uid), **form.definition())
        else:
            case = cases.create_test_case(prompt_id=obj.prompt.prompt_id, **form.definition())
            obj.pk, obj.uid = case.pk, case.uid

    def delete_model(self, request: HttpRequest, obj: TestCase) -> None:
        cases.delete_test_case(prompt_id=obj.prompt.prompt_id, uid=str(obj.uid))

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[TestCase]") -> None:
        for case in queryset.select_related("prompt"):
            self.delete_model(request, case)


class RunResultInline(ReadOnlyInline):
    model = RunResult
    fields = ("position", "name", "outcome", "output", "why", "latency_ms", "output_tokens")

    @admin.display(description="Why")
    def why(self, result: RunResult) -> str:
        return "; ".join(check["detail"] for check in result.checks if not check["passed"]) or result.error


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = ["uid", "version", "status", "passed", "total", "rate", "call", "model", "ad_hoc", "created_at"]
    list_filter = ["status", "ad_hoc", "model", ("created_at", MonthFilter)]
    search_fields = ["=uid", "version__prompt__prompt_id", "model"]
    list_select_related = ["version__prompt"]
    inlines = [RunResultInline]
    actions = ["cancel"]
    exclude = ["verdict", "claim", "claimed_at"]
    readonly_fields = ["rate", "verdict_text"]

    @admin.display(description="Success rate")
    def rate(self, run: Run) -> str:
        return _rate(run.success_rate)

    @admin.display(description="Verdict")
    def call(self, run: Run) -> str:
        return str((run.verdict or {}).get("call", "-"))

    @admin.display(description="Verdict")
    def verdict_text(self, run: Run) -> SafeString:
        return pretty(run.verdict)

    @admin.action(description="Cancel selected runs", permissions=["operate"])
    def cancel(self, request: HttpRequest, queryset: "QuerySet[Run]") -> None:
        for run in queryset:
            try:
                runs.cancel_run(uid=str(run.uid))
            except DomainError as error:
                self.message_user(request, error.detail, messages.WARNING)
            else:
                self.message_user(request, f"Run {run.uid} is cancelled.")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("prompts.add_version"))


def _rate(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.0%}"
