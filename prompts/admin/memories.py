"""What was learnt and is to be known later."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from config.admin import ToolAdmin
from config.pages import kit
from config.pages.admin_lists import MonthFilter
from config.pages.lines import Lines
from prompts.memories import limits, remembering
from prompts.models import Memory


class MemoryForm(forms.ModelForm):
    class Meta:
        model = Memory
        fields = ["text", "project", "agent", "session_id", "task_id", "tags", "tier", "is_explicit", "success"]

    text = forms.CharField(
        max_length=limits.LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What is to be known, as a fact. Secrets in it are taken out.",
    )
    tags = Lines(required=False, help_text="One a line.")


class CorrectForm(MemoryForm):
    class Meta(MemoryForm.Meta):
        fields = list(remembering.CHANGEABLE)


@admin.register(Memory)
class MemoryAdmin(ToolAdmin):
    about = "What agents and people learnt, told to the sessions it fits."
    empty_text = "Nothing is remembered yet: agents do by the tool remember, people here."
    empty_command = "memory remember 'Deploys need the VPN.' --project shop"
    form = MemoryForm
    list_display = ["__str__", "kind", "project", "agent", "outcome", "holds", "created_at"]
    list_filter = ["tier", "success", "is_explicit", ("created_at", MonthFilter)]
    search_fields = ["text", "project", "agent", "task_id"]
    ordering = ["-id"]
    trail_of = ("memory", "uid")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        return super().get_form(request, obj, change, form=CorrectForm if obj else MemoryForm, **options)

    @admin.display(description="Tier", ordering="tier")
    def kind(self, memory: Memory) -> SafeString:
        return kit.badge(memory.tier, "quiet")

    @admin.display(description="Outcome", ordering="success")
    def outcome(self, memory: Memory) -> SafeString:
        if memory.success is None:
            return kit.badge("none told", "quiet")
        return kit.badge("succeeded", "good") if memory.success else kit.badge("failed", "bad")

    @admin.display(description="Holds")
    def holds(self, memory: Memory) -> SafeString:
        return kit.badge("superseded", "quiet") if memory.is_superseded else kit.badge("holds", "good")

    def save_model(self, request: HttpRequest, obj: Memory, form: Any, change: bool) -> None:
        if change:
            remembering.correct_memory(uid=obj.uid, **form.cleaned_data)
        else:
            kept = remembering.remember(**form.cleaned_data).memory
            obj.pk, obj.uid = kept.pk, kept.uid

    def delete_model(self, request: HttpRequest, obj: Memory) -> None:
        remembering.forget(uid=obj.uid)
