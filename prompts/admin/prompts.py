"""Prompts: what each says now, how it did, and everything that can be done with it from one page."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.admin import ToolAdmin
from config.pages import kit
from config.pages.admin_lists import MonthFilter
from config.pages.kit.marks import NOTHING
from config.pages.moves import move
from prompts import dashboard, prompts, testing
from prompts.admin import move_forms, shown
from prompts.models import Prompt, Run, Version

_IN_A_LIST = ("prompt", "number", "purpose", "test_results")
"""Columns of the versions that the list reads; their texts can be large."""


@admin.register(Prompt)
class PromptAdmin(ToolAdmin):
    about = "Prompts in versions that never change, tested with a real model before one is activated."
    empty_text = "There is no prompt yet. Add one here, or save the first version of one:"
    empty_command = dashboard.FIRST_VERSION
    trail_of = ("prompt", "prompt_id")
    list_display = ["prompt_id", "folder", "active_number", "last_test", "purpose", "latest_number", "created_at"]
    search_fields = ["prompt_id", "folder", "description"]
    search_help_text = "Part of a name, a folder or a description."
    list_filter = ["tagged__name", ("created_at", MonthFilter)]
    fields = ["prompt_id", "description"]
    moves = ["add_version", "add_case", "run_tests", "describe"]
    list_moves = ["save_shipped"]
    sections = [
        ("The prompt", ["facts"]),
        ("What it says", ["text"]),
        ("Versions", ["versions_shown", "success"]),
        ("Test cases", ["cases_shown"]),
        ("Runs", ["runs_shown"]),
    ]

    class Media:
        css = {"all": ["prompts/pages.css"]}

    def has_change_permission(self, request: HttpRequest, obj: Prompt | None = None) -> bool:
        """Moves change a prompt; its page has no form of its own."""
        return obj is None and super().has_change_permission(request)

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("prompts.add_version"))

    def has_add_case_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("prompts.add_testcase"))

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Prompt]":
        return (
            super()
            .get_queryset(request)
            .prefetch_related("labels", Prefetch("versions", Version.objects.only(*_IN_A_LIST)))
        )

    @admin.display(description="active")
    def active_number(self, prompt: Prompt) -> SafeString:
        return kit.badge(f"version {prompt.active.number}", "good") if prompt.active else kit.badge("none", "wait")

    @admin.display(description="last test")
    def last_test(self, prompt: Prompt) -> SafeString:
        return shown.tested(shown.newest_test(list(prompt.versions.all())))

    @admin.display(description="purpose")
    def purpose(self, prompt: Prompt) -> str:
        said = _current(prompt).purpose if prompt.latest_number else ""
        return shown.short(said or prompt.description)

    @admin.display(description="at a glance")
    def facts(self, prompt: Prompt) -> SafeString:
        return kit.facts(
            [
                ("Name", prompt.prompt_id),
                ("Description", prompt.description),
                ("Folder", prompt.folder),
                ("Tags", ", ".join(prompt.tags)),
                ("Active", self.active_number(prompt)),
                ("Last test", self.last_test(prompt)),
                ("Versions", prompt.latest_number),
                ("Made", prompt.created_at),
                ("By", prompt.created_by),
            ]
        )

    @admin.display(description="text")
    def text(self, prompt: Prompt) -> SafeString:
        if not prompt.latest_number:
            return kit.empty("It has no version yet. Add one: it becomes version 1.")
        version = prompt.versions.get(pk=_current(prompt).pk)
        said = "" if version.is_active else " None is active, so this is the newest."
        link = reverse("admin:prompts_version_change", args=[version.pk])
        asks = ", ".join(version.variables.names) or "nothing"
        caption = format_html('<p><a href="{}">Version {}</a> asks for {}.{}</p>', link, version.number, asks, said)
        return format_html("{}{}", caption, kit.code(version.text))

    @admin.display(description="versions")
    def versions_shown(self, prompt: Prompt) -> SafeString:
        rows = prompt.versions.labelled().defer("prompt_text", "messages").order_by("-number")[: shown.MOST_ROWS]
        return shown.versions(list(rows), of=prompt.latest_number) if prompt.latest_number else NOTHING

    @admin.display(description="success")
    def success(self, prompt: Prompt) -> SafeString:
        return shown.success(list(prompt.versions.all()[: shown.MOST_ROWS]))

    @admin.display(description="test cases")
    def cases_shown(self, prompt: Prompt) -> SafeString:
        rows = list(prompt.test_cases.select_related("prompt").order_by("-id")[: shown.MOST_ROWS + 1])
        listed = shown.cases(rows[: shown.MOST_ROWS])
        if len(rows) <= shown.MOST_ROWS:
            return listed
        address = f"{reverse('admin:prompts_testcase_changelist')}?prompt__id__exact={prompt.pk}"
        return format_html('{}<p><a href="{}">All its test cases</a></p>', listed, address)

    @admin.display(description="runs")
    def runs_shown(self, prompt: Prompt) -> SafeString:
        rows = Run.objects.filter(version__prompt=prompt).select_related("version__prompt")
        return shown.runs(list(rows.order_by("-id")[: shown.MOST_ROWS]))

    def save_model(self, request: HttpRequest, obj: Prompt, form: Any, change: bool) -> None:
        obj.pk = prompts.create_prompt(prompt_id=obj.prompt_id, description=obj.description).pk

    def response_add(self, request: HttpRequest, obj: Prompt, post_url_continue: str | None = None) -> HttpResponse:
        """A prompt without a version is of no use to anybody: its first one is next."""
        if self.has_operate_permission(request) and "_addanother" not in request.POST:
            self.message_user(request, format_html("{} Write its first version.", self.added(obj)), messages.SUCCESS)
            return redirect(_adding("version", obj))
        return super().response_add(request, obj, post_url_continue)

    @move(label="Add a version", permissions=["operate"], weight="first")
    def add_version(self, request: HttpRequest, prompt: Prompt) -> HttpResponseRedirect:
        return HttpResponseRedirect(_adding("version", prompt))

    @move(label="Add a test case", permissions=["add_case"])
    def add_case(self, request: HttpRequest, prompt: Prompt) -> HttpResponseRedirect:
        return HttpResponseRedirect(_adding("testcase", prompt))

    @move(
        label="Run the tests",
        permissions=["operate"],
        form=move_forms.PromptTestForm,
        when=lambda prompt: prompt.latest_number > 0,
    )
    def run_tests(self, request: HttpRequest, prompt: Prompt, given: dict[str, Any]) -> HttpResponseRedirect:
        number = given.pop("number") or _current(prompt).number
        with shown.linked_cases(prompt):
            run = testing.test_prompt_version(prompt_id=prompt.prompt_id, number=number, **given)
        self.message_user(request, f"{run.version} is being tested.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:prompts_run_change", args=[run.pk]))

    @move(form=move_forms.DescribeForm, initial=move_forms.described)
    def describe(self, request: HttpRequest, prompt: Prompt, given: dict[str, Any]) -> None:
        prompts.update_prompt(prompt_id=prompt.prompt_id, **given)

    @move(label="Save the shipped commands", permissions=["operate"])
    def save_shipped(self, request: HttpRequest) -> str:
        from prompts.exchange import shipping  # reads every command that ships

        done = shipping.save_shipped()
        new = sum(saved.created for saved in done.saved)
        return f"{new} versions are saved; {len(done.saved) - new} were there already."

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Versions and runs cannot be deleted by themselves, but go with their prompt."""
        to_delete, counts, _, protected = super().get_deleted_objects(objs, request)
        return to_delete, counts, set(), protected

    def delete_model(self, request: HttpRequest, obj: Prompt) -> None:
        prompts.delete_prompt(prompt_id=obj.prompt_id)


def _current(prompt: Prompt) -> Version:
    """The version that programs fetch, or the newest where none is active; there is one when any was saved."""
    return prompt.active or max(prompt.versions.all(), key=lambda version: version.number)


def _adding(model: str, prompt: Prompt) -> str:
    return reverse(f"admin:prompts_{model}_add") + f"?prompt={prompt.pk}"
