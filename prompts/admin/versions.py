"""Versions: what each says, what it says otherwise than another, and how it did."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.admin import ReadOnlyAdmin
from config.pages import kit
from config.pages.adding import linked
from config.pages.admin_lists import MonthFilter
from config.pages.kit.tables import table
from config.pages.moves import move
from prompts import dashboard, gate, labels, testing, versions
from prompts.admin import forms, move_forms, shown, typed
from prompts.comparison import compare_versions
from prompts.models import Label, Version

MOST_OTHERS = 20
"""Versions offered to compare with."""


def _could_need_approval(version: Version) -> bool:
    """Whether a protected label is with another version."""
    return version.prompt.labels.filter(protected=True).exclude(version=version).exists()


class HolderFilter(admin.SimpleListFilter):
    """Versions by a label they hold."""

    title = "label"
    parameter_name = "label"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = Label.objects.order_by("name").values_list("name", flat=True).distinct()
        return [(name, name) for name in names[:MOST_OTHERS]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(labels__name=self.value()) if self.value() else queryset


@admin.register(Version)
class VersionAdmin(ReadOnlyAdmin):
    """A version is added here and never changed."""

    about = "Each version of each prompt; its text never changes, so what was tested is what runs."
    empty_text = "No version has been saved."
    empty_command = dashboard.FIRST_VERSION
    trail_of = ("prompt_version", "entity_id")
    form = forms.VersionForm
    list_display = [
        "__str__",
        "branch",
        "labels_held",
        "last_test",
        "purpose_shown",
        "tokens",
        "created_at",
        "created_by",
    ]
    unlisted = ("prompt_text", "messages", "notes", "settings")
    list_filter = [HolderFilter, ("created_at", MonthFilter), "prompt"]
    search_fields = ["prompt__prompt_id", "purpose", "notes", "prompt_text", "=content_hash"]
    search_help_text = "Part of a name, a purpose, notes or a text; or a content hash."
    list_select_related = ["prompt"]
    moves = ["activate", "run_test", "give_label", "approve", "adopt", "next_version"]
    sections = [
        ("The version", ["facts"]),
        ("Text", ["text"]),
        ("Beside another version", ["difference"]),
        ("Asked with", ["settings"]),
        ("Runs", ["runs_shown"]),
    ]

    class Media:
        css = {"all": ["prompts/pages.css"]}

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Version]":
        return super().get_queryset(request).prefetch_related("labels")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("prompts.add_version"))

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("prompts.add_version"))

    def get_fieldsets(self, request: HttpRequest, obj: Version | None = None) -> Any:
        if obj is not None:
            return super().get_fieldsets(request, obj)
        is_text = not self.get_changeform_initial_data(request).get("messages")
        folded = {"classes": ["collapse"]} if is_text else {}
        more = ["purpose", "notes", "settings", "branch", "activate"]
        return [
            (None, {"fields": ["prompt", "prompt_text"]}),
            ("Messages instead of a text", {"fields": ["messages"], **folded}),
            (
                "What it is for, and what it is asked with",
                {"fields": more},
            ),
        ]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Version | None:
        """`?against=2` says which version it is compared with; without it, with the one before."""
        version: Version | None = super().get_object(request, object_id, from_field)
        if version is not None:
            version.against = request.GET.get("against", "")  # type: ignore[attr-defined]
        return version

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begins with what the prompt's active version says, or its newest: mostly little of it changes."""
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        prompt = forms.prompt_of(initial.get("prompt"))
        version = (prompt.versions.active().first() or prompt.versions.first()) if prompt else None
        if prompt is None or version is None:
            return initial
        return {
            "prompt_text": version.prompt_text or "",
            "messages": typed.message_rows(version.messages),
            "purpose": version.purpose,
            "settings": typed.setting_rows(version.settings),
            **initial,
        }

    def save_model(self, request: HttpRequest, obj: Version, form: Any, change: bool) -> None:
        given = {name: value for name, value in form.cleaned_data.items() if name != "prompt"}
        saved = versions.save_version(prompt_id=form.cleaned_data["prompt"].prompt_id, **given)
        obj.pk = saved.version.pk
        obj.was_there = not saved.created  # type: ignore[attr-defined]

    def added(self, obj: Version) -> SafeString:
        if getattr(obj, "was_there", False):
            return format_html("{} says exactly this already; nothing was saved.", linked(obj))
        return super().added(obj)

    @admin.display(description="labels")
    def labels_held(self, version: Version) -> SafeString:
        return shown.labels(version)

    @admin.display(description="last test")
    def last_test(self, version: Version) -> SafeString:
        return shown.tested(version.test_results)

    @admin.display(description="purpose", ordering="purpose")
    def purpose_shown(self, version: Version) -> str:
        return shown.short(version.purpose)

    @admin.display(description="at a glance")
    def facts(self, version: Version) -> SafeString:
        prompt = reverse("admin:prompts_prompt_change", args=[version.prompt_id])
        return kit.facts(
            [
                ("Prompt", format_html('<a href="{}">{}</a>', prompt, version.prompt)),
                ("Version", version.number),
                ("Branch", version.branch),
                ("Labels", shown.labels(version)),
                ("Last test", self.last_test(version)),
                ("Purpose", version.purpose),
                ("Notes", version.notes),
                ("Includes", ", ".join(version.contains.values())),
                ("Asks for", ", ".join(version.variables.names) or "nothing"),
                ("Tokens", version.tokens),
                ("Saved", version.created_at),
                ("By", version.created_by),
                ("Content hash", version.content_hash),
            ]
        )

    @admin.display(description="text")
    def text(self, version: Version) -> SafeString:
        return kit.code(version.text)

    @admin.display(description="difference")
    def difference(self, version: Version) -> SafeString:
        others = list(_others(version))
        if not others:
            return kit.empty("It is the only version. Another one stands beside this one here, word by word.")
        chosen = _chosen(version, others)
        comparison = compare_versions(prompt_id=version.prompt.prompt_id, before=chosen, after=version.number)
        flipped = [
            (case.name, shown.outcome(case.before), shown.outcome(case.after))
            for case in comparison.cases
            if case.before != case.after
        ]
        before, after = comparison.before, comparison.after
        context = {
            "others": others,
            "chosen": chosen,
            "version": version,
            "before": before,
            "words": kit.words(before.whole_text, after.whole_text) if before.whole_text != after.whole_text else "",
            "settings": kit.changes(before.settings, after.settings) if before.settings != after.settings else "",
            "call": shown.call(comparison.verdict.call),
            "verdict": comparison.verdict,
            "flipped": table(["Flipped case", "Before", "Now"], flipped) if flipped else "",
        }
        return render_to_string("prompts/difference.html", context)

    @admin.display(description="runs")
    def runs_shown(self, version: Version) -> SafeString:
        return shown.runs(list(version.runs.select_related("version__prompt").order_by("-id")[: shown.MOST_ROWS]))

    @move(permissions=["operate"], when=lambda version: not version.is_active, bulk=True, weight="first")
    def activate(self, request: HttpRequest, version: Version) -> str:
        versions.activate_version(prompt_id=version.prompt.prompt_id, number=version.number)
        return f"{version} is active: programs fetch it from now on."

    @move(label="Label it", permissions=["operate"], form=move_forms.LabelForm)
    def give_label(self, request: HttpRequest, version: Version, given: dict[str, Any]) -> str:
        moved = labels.move_label(prompt_id=version.prompt.prompt_id, version=version.number, **given)
        return f"{version} holds {moved.name} from now on."

    @move(label="Adopt into the line", permissions=["operate"], when=lambda version: bool(version.branch))
    def adopt(self, request: HttpRequest, version: Version) -> SafeString:
        saved = versions.adopt_version(prompt_id=version.prompt.prompt_id, number=version.number)
        return format_html("{} says it on the line.", linked(saved.version))

    @move(label="Approve a move", permissions=["operate"], form=move_forms.ApproveForm, when=_could_need_approval)
    def approve(self, request: HttpRequest, version: Version, given: dict[str, Any]) -> str:
        gate.approve_move(prompt_id=version.prompt.prompt_id, version=version.number, **given)
        return f"Somebody else may now move {given['label']} to {version}, once."

    @move(label="Run the tests", many="Run the tests of", permissions=["operate"], form=move_forms.TestForm, bulk=True)
    def run_test(self, request: HttpRequest, version: Version, given: dict[str, Any]) -> HttpResponseRedirect:
        with shown.linked_cases(version.prompt):
            run = testing.test_prompt_version(prompt_id=version.prompt.prompt_id, number=version.number, **given)
        self.message_user(request, f"{version} is being tested.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:prompts_run_change", args=[run.pk]))

    @move(label="Add the next version", permissions=["operate"])
    def next_version(self, request: HttpRequest, version: Version) -> HttpResponseRedirect:
        return HttpResponseRedirect(f"{reverse('admin:prompts_version_add')}?prompt={version.prompt_id}")


def _others(version: Version) -> Iterator[int]:
    """The numbers nearest to it, the one before first."""
    siblings: QuerySet[Version] = version.prompt.versions.all()
    yield from (
        siblings.filter(number__lt=version.number).order_by("-number").values_list("number", flat=True)[:MOST_OTHERS]
    )
    yield from (
        siblings.filter(number__gt=version.number).order_by("number").values_list("number", flat=True)[:MOST_OTHERS]
    )


def _chosen(version: Version, others: list[int]) -> int:
    asked = str(getattr(version, "against", ""))
    is_there = asked.isdecimal() and len(asked) < 11 and version.prompt.versions.filter(number=int(asked)).exists()
    return int(asked) if is_there and int(asked) != version.number else others[0]
