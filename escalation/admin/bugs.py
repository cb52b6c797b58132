"""Bugs: what waits for whom, and all that can be done with one."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.functions import Left
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from config.admin import ToolAdmin
from config.pages import kit
from config.pages.admin_lists import MonthFilter
from config.pages.moves import move
from escalation import bugs, triage
from escalation.admin import appearances, forms, shown
from escalation.admin.channels import NEWEST, message_timeline
from escalation.admin.filters import EVERY, FIRST, AssigneeFilter, StandingFilter
from escalation.admin.grouping import why_grouped
from escalation.models import Bug
from escalation.reports import report_bug


def _can(verb: str) -> Any:
    return lambda bug: bug.status in bugs.TRANSITIONS[verb].sources or (verb == "acknowledge" and bug.awaits_a_person)


def _impact_and_tags(bug: Bug) -> dict[str, Any]:
    return {"user_impact": bug.user_impact, "tag_names": ", ".join(tag.name for tag in bug.tags.all())}


@admin.register(Bug)
class BugAdmin(ToolAdmin):
    about = "What goes wrong, however often: the most urgent first, with whom it waits for."
    empty_text = "No bug has been reported. Programs report theirs by REST or MCP; by hand:"
    empty_command = 'escalation report --error-type KeyError --error-message "no price" --user-impact low'
    trail_of = ("bug", "bug_id")
    list_display = ["urgency", "what", "standing", "assignee", "frequency", "users", "last_seen_at", "due"]
    list_display_links = ["what"]
    ordering = ["-score", "-id"]
    unlisted = ("error_message", "stack_trace", "metadata", "fingerprint_parts", "priority_factors", "resolution")
    list_filter = [
        StandingFilter,
        "priority",
        ("assignee", AssigneeFilter),
        "user_impact",
        "project",
        "error_type",
        "tags",
        ("last_seen_at", MonthFilter),
    ]
    search_fields = ["bug_id", "error_type", "error_message"]
    search_help_text = "Part of an id, a type or a message."
    moves = [
        *("acknowledge", "investigate", "resolve", "reopen", "take", "assign", "mute", "end_muting"),
        *("change", "set_deadline", "link_ticket"),
    ]
    sections = [
        ("What goes wrong", [("standing_why", "urgency"), ("owner", "due"), "message", "resolution_text"]),
        ("Stack trace", ["trace"]),
        ("Why this priority", ["why"]),
        ("How often", ["reports"]),
        ("Where it was seen", ["places"]),
        ("Who was called", ["calls"]),
        ("What happened", ["events"]),
        ("Tickets", ["tickets"]),
        ("Resolutions that did not hold", ["cycles"]),
        ("What the program sent", ["sent"]),
        ("At a glance", ["people"]),
        ("Why this group", ["grouping"], {"classes": ["collapse"]}),
    ]

    class Media:
        css = {"all": ["escalation/pages.css"]}

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Begins with what is open, as work is, and the filter says so; a search that begins there looks at all."""
        asked, standing = request.GET.copy(), StandingFilter.parameter_name
        if not asked and Bug.objects.exists():
            asked[standing] = FIRST
        elif asked.get(standing) == FIRST and asked.get("q", "").strip():
            asked[standing] = EVERY
        if request.method == "GET":
            request.GET = asked  # type: ignore[assignment]
        return super().changelist_view(request, extra_context)

    def has_change_permission(self, request: HttpRequest, obj: Bug | None = None) -> bool:
        """Moves change a bug; its page has no form of its own."""
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Bug | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Bug]":
        rows: QuerySet[Bug] = super().get_queryset(request)
        return rows.annotate(beginning=Left("error_message", shown.LONGEST_CELL))

    def get_form(self, request: HttpRequest, obj: Bug | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **kwargs | ({} if obj else {"form": forms.ReportForm}))

    def save_model(self, request: HttpRequest, obj: Bug, form: forms.ReportForm, change: bool) -> None:
        obj.pk = report_bug(**form.report()).pk

    def heading(self, obj: Bug) -> str:
        said = " ".join(obj.error_message.split())
        return Truncator(f"{obj.error_type}: {said}" if said else obj.error_type).chars(shown.LONGEST_CELL)

    def sections_of(self, obj: Bug) -> list[tuple[Any, ...]]:
        """Without what would only say that there is nothing."""
        is_there = {
            "resolution_text": not obj.is_open,
            "trace": bool(obj.stack_trace),
            "calls": obj.deliveries.exists(),
            "tickets": obj.tickets.exists(),
            "cycles": obj.cycles.exists(),
            "sent": bool(obj.metadata),
            "places": bool(obj.first_release) or obj.sightings.exists(),
        }
        shown = [
            (title, [name for name in names if is_there.get(name, True)], *options)
            for title, names, *options in self.sections
        ]
        return [said for said in shown if said[1]]

    @admin.display(description="priority", ordering="score")
    def urgency(self, bug: Bug) -> SafeString:
        return shown.priority(bug)

    @admin.display(description="bug", ordering="error_type")
    def what(self, bug: Bug) -> SafeString:
        return shown.error(bug)

    @admin.display(description="status", ordering="status")
    def standing(self, bug: Bug) -> SafeString:
        return shown.status(bug)

    @admin.display(description="status")
    def standing_why(self, bug: Bug) -> SafeString:
        return format_html("{} {}", shown.status(bug), shown.why_there(bug))

    @admin.display(description="deadline", ordering="deadline_at")
    def due(self, bug: Bug) -> SafeString:
        return shown.deadline(bug)

    @admin.display(description="assignee")
    def owner(self, bug: Bug) -> str:
        return bug.assignee or "nobody"

    @admin.display(description="error")
    def message(self, bug: Bug) -> SafeString:
        return format_html("<p><b>{}</b></p>{}", bug.error_type, kit.code(bug.error_message or "no message"))

    @admin.display(description="at a glance")
    def people(self, bug: Bug) -> SafeString:
        return kit.facts(
            [
                ("Project", bug.project.name),
                ("Reports", bug.frequency),
                ("Users", bug.users),
                ("Impact on users", shown.impact(bug.user_impact)),
                ("First seen", bug.first_seen_at),
                ("Last seen", bug.last_seen_at),
                ("First release", bug.first_release),
                ("Last release", bug.last_release),
                ("Waits for somebody since", bug.escalated_at),
                ("Noticed", bug.acknowledged_at),
                ("Acknowledged by", bug.acknowledged_by),
                ("Muted until", shown.muting(bug)),
                ("Tags", ", ".join(tag.name for tag in bug.tags.all())),
            ]
        )

    @admin.display(description="resolution")
    def resolution_text(self, bug: Bug) -> SafeString | str:
        when = " in the next release" if bug.holds_from_next_release else ""
        return format_html("{} ({}, {}{})", bug.resolution, bug.resolved_by, kit.moment(bug.resolved_at), when)

    @admin.display(description="stack trace")
    def trace(self, bug: Bug) -> SafeString:
        return shown.trace(bug.stack_trace)

    @admin.display(description="reports")
    def reports(self, bug: Bug) -> SafeString:
        return appearances.reports(bug)

    @admin.display(description="where it was seen")
    def places(self, bug: Bug) -> SafeString:
        return appearances.places(bug)

    @admin.display(description="score")
    def why(self, bug: Bug) -> SafeString:
        return shown.why(bug)

    @admin.display(description="history")
    def events(self, bug: Bug) -> SafeString:
        return shown.events(bug)

    @admin.display(description="calls")
    def calls(self, bug: Bug) -> SafeString:
        return message_timeline(bug.deliveries.select_related("channel")[:NEWEST])

    @admin.display(description="tickets")
    def tickets(self, bug: Bug) -> SafeString:
        return shown.tickets(bug)

    @admin.display(description="resolutions that did not hold")
    def cycles(self, bug: Bug) -> SafeString:
        return shown.cycles(bug)

    @admin.display(description="grouped by")
    def grouping(self, bug: Bug) -> SafeString:
        return why_grouped(bug)

    @admin.display(description="metadata")
    def sent(self, bug: Bug) -> SafeString:
        return kit.tree(bug.metadata)

    @move(when=_can("acknowledge"), bulk=True, weight="first")
    def acknowledge(self, request: HttpRequest, bug: Bug) -> None:
        bugs.acknowledge(bug_id=bug.bug_id)

    @move(when=_can("investigate"), bulk=True)
    def investigate(self, request: HttpRequest, bug: Bug) -> None:
        bugs.investigate(bug_id=bug.bug_id)

    @move(when=_can("resolve"), form=forms.ResolveForm, bulk=True)
    def resolve(self, request: HttpRequest, bug: Bug, given: dict[str, Any]) -> None:
        bugs.resolve(bug_id=bug.bug_id, **given)

    @move(when=_can("reopen"), form=forms.ReopenForm, bulk=True)
    def reopen(self, request: HttpRequest, bug: Bug, given: dict[str, Any]) -> None:
        bugs.reopen(bug_id=bug.bug_id, **given)

    @move(label="Take it", many="Take", bulk=True)
    def take(self, request: HttpRequest, bug: Bug) -> None:
        bugs.assign(bug_id=bug.bug_id, assignee=request.user.get_username())

    @move(form=forms.AssignForm, bulk=True, initial=lambda bug: {"assignee": bug.assignee})
    def assign(self, request: HttpRequest, bug: Bug, given: dict[str, Any]) -> None:
        bugs.assign(bug_id=bug.bug_id, **given)

    @move(when=lambda bug: bug.is_open, form=forms.MuteForm, bulk=True)
    def mute(self, request: HttpRequest, bug: Bug, given: dict[str, Any]) -> None:
        until = timezone.now() + timedelta(hours=given["hours"]) if given["hours"] else None
        conditions = {name: given[name] for name in ("reports", "users", "escalating")}
        bugs.mute(bug_id=bug.bug_id, until=until, **conditions)

    @move(when=lambda bug: bug.is_muted(at=timezone.now()), many="End the muting of", bulk=True)
    def end_muting(self, request: HttpRequest, bug: Bug) -> None:
        bugs.mute(bug_id=bug.bug_id, until=None)

    @move(label="Change impact and tags", form=forms.BugForm, initial=_impact_and_tags)
    def change(self, request: HttpRequest, bug: Bug, given: dict[str, Any]) -> None:
        triage.update_bug(bug_id=bug.bug_id, user_impact=given["user_impact"], tags=given["tag_names"])

    @move(when=lambda bug: bug.is_open, form=forms.DeadlineForm)
    def set_deadline(self, request: HttpRequest, bug: Bug, given: dict[str, Any]) -> None:
        triage.update_bug(bug_id=bug.bug_id, **given)

    @move(form=forms.TicketForm)
    def link_ticket(self, request: HttpRequest, bug: Bug, given: dict[str, Any]) -> None:
        triage.link_ticket(bug_id=bug.bug_id, **given)
