"""Sessions of agents: what each did, what was decided of it, and what it took."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from audit import telling
from audit.admin.filters import ModelFilter, ProjectFilter
from audit.admin.rules import begun_from
from audit.models import AgentSession, Event
from audit.sessions.steps import Step, beside, call_text, prompts_of, steps_of, touched
from audit.sessions.usage import Part, parts_of
from config.admin import ReadOnlyAdmin
from config.commandline import amounts
from config.pages import kit
from config.pages.admin_lists import MonthFilter
from config.pages.kit.marks import NOTHING, Tone
from config.pages.kit.tables import table

SHOWN = 160
"""Characters of a call."""
_OUTCOMES: dict[str, Tone] = {"ran": "good", "failed": "bad"}


@admin.register(AgentSession)
class AgentSessionAdmin(ReadOnlyAdmin):
    about = "What each run of an agent asked to do, what was decided, what became of it, and what it cost."
    empty_text = "No agent has said which session it is in. Connect one, and its next call begins a row here."
    empty_command = "agent install --agent claude"
    list_display = (
        *("session", "agent_name", "person", "project", "model_name"),
        *("last_at", "calls", "denied", "all_tokens", "cost"),
    )
    list_display_links = ("session",)
    list_filter = ("agent", "person", ProjectFilter, ModelFilter, ("last_at", MonthFilter))
    known_by = ("session_id",)
    sections: ClassVar = [
        ("Session", ["agent_name", "person", "project", "model_name", "started_at", "last_at", "sums", "cost"]),
        ("Tokens and cost", ["usage"]),
        ("Prompts", ["prompts"]),
        ("Calls", ["story"]),
        ("Files it edited", ["files"]),
        ("Told and kept", ["others"]),
    ]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found: Any = super().get_object(request, object_id, from_field)
        if found is not None:  # several columns below tell of these
            found.steps, found.told, found.parts = steps_of(found), prompts_of(found), parts_of(found)
            found.beside = beside(found)
            found.makes_rules = request.user.has_perm("audit.add_permissionrule")
        return found

    def sections_of(self, obj: Any) -> Sequence[tuple[Any, ...]]:
        has = {"usage": obj.parts, "prompts": obj.told, "files": touched(obj.steps), "others": obj.beside}
        return [said for said in self.sections if has.get(said[1][0], True)]

    @admin.display(description="Session", ordering="-last_at")
    def session(self, row: AgentSession) -> SafeString:
        return format_html('<span class="kit-line">{}</span>', row.session_id)

    @admin.display(description="Agent", ordering="agent")
    def agent_name(self, row: AgentSession) -> str:
        return row.agent or "unknown"

    @admin.display(description="Model", ordering="model")
    def model_name(self, row: AgentSession) -> str | SafeString:
        return row.model or NOTHING

    @admin.display(description="Tokens")
    def all_tokens(self, row: AgentSession) -> str | SafeString:
        return NOTHING if row.tokens is None else f"{row.tokens:,}"

    @admin.display(description="Cost")
    def cost(self, row: AgentSession) -> str | SafeString:
        """What is known of it: a sum with a price missing is not the whole."""
        return row.cost_told or NOTHING

    @admin.display(description="Decisions")
    def sums(self, row: AgentSession) -> SafeString:
        return kit.facts((name, getattr(row, name)) for name in ("calls", "allowed", "denied", "asked", "run"))

    @admin.display(description="By model and sub-agent")
    def usage(self, row: Any) -> SafeString:
        headers = ["Model", "Sub-agent", "Responses", "Read", "From cache", "To cache", "Written", "Cost"]
        return table(headers, map(_part, row.parts))

    @admin.display(description="In order")
    def prompts(self, row: Any) -> SafeString:
        return table(["Time", "Prompt"], ([kit.moment(each.timestamp), each.text] for each in row.told))

    @admin.display(description="In order")
    def story(self, row: Any) -> SafeString:
        """Every call; its decision leads to its page, and a rule can be made of it at once."""
        if not row.steps:
            return NOTHING
        columns = {"Time": _time, "Call": _call, "Decision": _decision, "Reason": _reason, "Outcome": _outcome}
        if any(step.agent_id or step.agent_type for step in row.steps):
            columns["Sub-agent"] = _sub_agent
        if row.makes_rules:
            columns["Rule"] = lambda step: _make_rule(step, row.agent)
        return table(list(columns), ([cell(step) for cell in columns.values()] for step in row.steps))

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


def _part(part: Part) -> list[object]:
    written = part.cache_write_tokens + part.cache_write_hour_tokens
    counts = (part.responses, part.input_tokens, part.cache_read_tokens, written, part.output_tokens)
    cost = "unknown" if part.cost_micros is None else amounts.dollars(part.cost_micros)
    return [part.model or "unknown", part.agent_id or NOTHING, *(f"{count:,}" for count in counts), cost]


def _time(step: Step) -> object:
    return kit.moment(step.timestamp)


def _call(step: Step) -> object:
    return format_html('<span class="kit-quiet">{}</span> <code>{}</code>', step.tool, call_text(step.input)[:SHOWN])


def _reason(step: Step) -> object:
    return step.reason or NOTHING


def _decision(step: Step) -> object:
    found = telling.OUTCOMES.get(step.decision or "")
    if found is None:
        return NOTHING
    return format_html(
        '<a href="{}">{}</a>', reverse("admin:audit_decision_change", args=[step.row]), kit.badge(*found)
    )


def _outcome(step: Step) -> object:
    if step.outcome is None:
        return NOTHING
    took = f" {step.duration_ms:,.0f} ms" if step.duration_ms is not None else ""
    return format_html("{}{}", kit.badge(step.outcome, _OUTCOMES[step.outcome]), took)


def _sub_agent(step: Step) -> object:
    return " ".join(filter(None, (step.agent_type, step.agent_id))) or NOTHING


def _make_rule(step: Step, agent: str) -> object:
    if step.decision is None:
        return NOTHING
    part = step.part or call_text(step.input)
    return format_html('<a href="{}">Make a rule</a>', begun_from(tool=step.tool, part=part, agent=agent))
