"""Heartbeats: what reports, what is late, what is missed."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from config.admin import ToolAdmin
from config.pages import kit
from config.pages.kit.marks import Tone
from config.pages.moves import move
from escalation.heartbeats import heartbeats
from escalation.heartbeats.heartbeats import LONGEST_PERIOD
from escalation.models import Heartbeat
from escalation.models.heartbeats import HeartbeatQuerySet

TONES: Mapping[str, Tone] = {"new": "info", "up": "good", "late": "wait", "down": "bad", "paused": "quiet"}


class HeartbeatForm(forms.ModelForm):
    """What reports how often."""

    period_minutes = forms.IntegerField(min_value=1, max_value=LONGEST_PERIOD, help_text="How often it reports.")
    grace_minutes = forms.IntegerField(
        min_value=1, max_value=LONGEST_PERIOD, initial=5, help_text="How much later it may be."
    )

    class Meta:
        model = Heartbeat
        fields = ["name", "period_minutes", "grace_minutes", "bug_impact", "is_paused"]


class DownFilter(admin.SimpleListFilter):
    title = "whether it reports"
    parameter_name = "down"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("true", "Stopped reporting")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return cast("HeartbeatQuerySet", queryset).down() if self.value() else queryset


@admin.register(Heartbeat)
class HeartbeatAdmin(ToolAdmin):
    about = "What reports every so often by asking for an address: a bug opens when it stops, and closes as it returns."
    empty_text = "Nothing reports yet. A job that runs every night, and may take an hour:"
    empty_command = "heartbeats add nightly-import --period-minutes 1440 --grace-minutes 60"
    trail_of = ("heartbeat", "name")
    form = HeartbeatForm
    list_display = ["name", "stands", "period_minutes", "last_ping_at", "due_at"]
    list_filter = [DownFilter, "is_paused", "bug_impact"]
    search_fields = ["name"]
    moves = ["pause", "resume"]
    readonly_fields: ClassVar = ["stands", "address", "last_ping_at", "due_at", "down_since"]

    def get_fields(self, request: HttpRequest, obj: Heartbeat | None = None) -> Any:
        asked = ["name", "period_minutes", "grace_minutes", "bug_impact", "is_paused"]
        return [*asked, *self.readonly_fields] if obj else asked

    def get_readonly_fields(self, request: HttpRequest, obj: Heartbeat | None = None) -> Any:
        return [*self.readonly_fields, *(["name"] if obj else [])]

    def save_model(self, request: HttpRequest, obj: Heartbeat, form: HeartbeatForm, change: bool) -> None:
        said = {name: value for name, value in form.cleaned_data.items() if name != "name"}
        if change:
            heartbeats.change_heartbeat(name=obj.name, **said)
        else:
            obj.pk = heartbeats.add_heartbeat(name=form.cleaned_data["name"], **said).pk

    def delete_model(self, request: HttpRequest, obj: Heartbeat) -> None:
        heartbeats.remove_heartbeat(name=obj.name)

    @move(label="Pause", when=lambda heartbeat: not heartbeat.is_paused)
    def pause(self, request: HttpRequest, heartbeat: Heartbeat) -> str:
        heartbeats.change_heartbeat(name=heartbeat.name, is_paused=True)
        return "It is not missed until it is resumed."

    @move(label="Resume", when=lambda heartbeat: heartbeat.is_paused)
    def resume(self, request: HttpRequest, heartbeat: Heartbeat) -> str:
        heartbeats.change_heartbeat(name=heartbeat.name, is_paused=False)
        return "It has its whole time again."

    @admin.display(description="standing")
    def stands(self, heartbeat: Heartbeat) -> SafeString:
        return kit.badge(heartbeat.standing, TONES[heartbeat.standing])

    @admin.display(description="what it asks for")
    def address(self, heartbeat: Heartbeat) -> SafeString:
        return kit.code(f"curl -fsS --retry 3 {heartbeats.ping_url(heartbeat)}")
