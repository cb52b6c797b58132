"""Sessions of agents: what each did, and what was decided of it."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from audit import telling
from audit.models import AgentSession, Event
from audit.sessions.steps import Step, beside, call_text, steps_of, touched
from config.admin import ReadOnlyAdmin
from config.pages import kit
from config.pages.admin_lists import MonthFilter
from config.pages.kit.marks import NOTHING, Tone
from config.pages.kit.tables import table

SHOWN = 160
"""Characters of a call."""
_OUTCOMES: dict[str, Tone] = {"ran": "good", "failed": "bad"}


@admin.register(AgentSession)
class AgentSessionAdmin(ReadOnlyAdmin):
    about = "What each run of an agent asked to do, what was decided, and what became of it. A minute behind the trail."
    empty_text = "No agent has said which session it is in. Connect one, and its next call begins a row here."
    empty_command = "agent install --agent claude"
    list_display = ("session", "agent_name", "person", "project", "last_at", "calls", "denied", "asked")
    list_display_links = ("session",)
    list_filter = ("agent", "person", ("last_at", MonthFilter))
    known_by = ("session_id",)
    sections: ClassVar = [
        ("Session", ["agent_name", "person", "project", "started_at", "last_at", "sums"]),
        ("Calls", ["story"]),
        ("Files it edited", ["files"]),
        ("Told and kept", ["others"]),
    ]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found: Any = super().get_object(request, object_id, from_field)
        if found is not None:
            found.steps, found.beside = steps_of(found), beside(found)  # several columns below tell of them
        return found

    def sections_of(self, obj: Any) -> Sequence[tuple[Any, ...]]:
        empty = {"files": not touched(obj.steps), "others": not obj.beside}
        return [section for section in self.sections if not empty.get(section[1][0])]

    @admin.display(description="Session", ordering="-last_at")
    def session(self, row: AgentSession) -> SafeString:
        return format_html('<span class="kit-line">{}</span>', row.session_id)

    @admin.display(description="Agent", ordering="agent")
    def agent_name(self, row: AgentSession) -> str:
        return row.agent or "unknown"

    @admin.display(description="Decisions")
    def sums(self, row: AgentSession) -> SafeString:
        return kit.facts((name, getattr(row, name)) for name in ("calls", "allowed", "denied", "asked", "run"))

    @admin.display(description="In order")
    def story(self, row: Any) -> SafeString:
        """Every call; its decision leads to its page, where a rule can be made of it."""
        rows = [_row(step) for step in row.steps]
        return table(["Time", "Call", "Decision", "Reason", "Outcome"], rows) if rows else NOTHING

    @admin.display(description="Files")
    def files(self, row: Any) -> SafeString:
        paths = touched(row.steps)
        return format_html_join("", "<div><code>{}</code></div>", ((path,) for path in paths)) if paths else NOTHING

    @admin.display(description="Beside its calls")
    def others(self, row: Any) -> SafeString:
        return table(["Time", "Event", "What"], [_other(event) for event in row.beside])


def _other(event: Event) -> list[object]:
    way = format_html('<a href="{}">{}</a>', reverse("admin:audit_event_change", args=[event.pk]), event.event_type)
    return [kit.moment(event.timestamp), way, format_html("<code>{}</code>", call_text(event.new_value)[:SHOWN])]


def _row(step: Step) -> list[object]:
    call = format_html('<span class="kit-quiet">{}</span> <code>{}</code>', step.tool, call_text(step.input)[:SHOWN])
    return [kit.moment(step.timestamp), call, _decision(step), step.reason or NOTHING, _outcome(step)]


def _decision(step: Step) -> SafeString:
    found = telling.OUTCOMES.get(step.decision or "")
    if found is None:
        return NOTHING
    return format_html(
        '<a href="{}">{}</a>', reverse("admin:audit_decision_change", args=[step.row]), kit.badge(*found)
    )


def _outcome(step: Step) -> SafeString:
    if step.outcome is None:
        return NOTHING
    took = f" {step.duration_ms:,.0f} ms" if step.duration_ms is not None else ""
    return format_html("{}{}", kit.badge(step.outcome, _OUTCOMES[step.outcome]), took)
