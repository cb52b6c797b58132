"""Everything that happened: who did what to which thing, and how to get back."""

from typing import Any, ClassVar, cast
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from audit import dashboard, history, limits, rollback, telling
from audit.admin.filters import AgentFilter, VerdictFilter, search_events
from audit.admin.proofs import proof
from audit.export import CONTENT_TYPES, export, file_name
from audit.models import Event, EventQuerySet
from audit.permissions import decisions
from config.admin import ReadOnlyAdmin
from config.pages import kit
from config.pages.admin_lists import MonthFilter
from config.pages.history import page_of
from config.pages.kit.marks import NOTHING
from config.pages.moves import move
from config.secrets import keyed

LONGEST_ID = 13
"""Characters of an entity's id in the list."""


def _is_a_state(event: Event) -> bool:
    """What was decided or run has no state to go back to."""
    return event.entity_type != decisions.ENTITY


def _silent(event: Event) -> set[str]:
    """Fields that would be blank on the page of this event."""
    said = {
        "outcome": telling.outcome(event.event_type, event.decision, event.changes),
        "session": event.agent or event.session_id,
        "request_of": event.correlation_id,
        "circumstances": event.context,
        "way_back": _is_a_state(event) and _newest(event) != event,
    }
    return {name for name, value in said.items() if not value}


def _newest(event: Event) -> Event | None:
    """The last thing that happened to its entity."""
    return Event.objects.of(event.entity_type, event.entity_id).order_by("-id").first()


class RollbackForm(forms.Form):
    reason = forms.CharField(
        required=False, max_length=limits.LONGEST_REASON, help_text="Why; it stands in the event of the rollback."
    )
    force = forms.BooleanField(
        required=False, help_text="Overwrite it also where it is not as the trail left it: something else wrote it."
    )


class TrailAdmin(ReadOnlyAdmin):
    """What lists of events have in common: what finds them, and where their links lead."""

    known_by = ("entity_id", "correlation_id", "actor", "user")
    search_help_text = "A session, an agent, an entity's id, a correlation id, an actor or a user, exactly."
    ordering = ("-id",)
    list_per_page = 50
    actions = ("export_csv", "export_json")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        found = search_events(cast("EventQuerySet", queryset), term) if term else None
        return (found, False) if found is not None else super().get_search_results(request, queryset, keyed(term))

    @admin.display(description="When", ordering="timestamp")
    def when(self, event: Event) -> SafeString:
        return kit.moment(event.timestamp)

    @admin.display(description="When")
    def at(self, event: Event) -> SafeString:
        return kit.moment(event.timestamp, exact=True)

    @admin.display(description="Entity")
    def entity(self, event: Event) -> SafeString:
        """What it happened to, with all that ever happened to it behind the link."""
        shown = event.entity_id if len(event.entity_id) <= LONGEST_ID else f"{event.entity_id[:LONGEST_ID]}..."
        address = history.address(event.entity_type, event.entity_id)
        return format_html('<a href="{}">{} {}</a>', address, telling.spoken(event.entity_type), shown)

    @admin.display(description="Agent and session")
    def session(self, event: Event) -> SafeString:
        return _linked(("agent", event.agent, "agent"), ("session", event.session_id, "q"))

    @admin.display(description="Request")
    def request_of(self, event: Event) -> SafeString:
        return _linked(("everything of", event.correlation_id, "q"))

    @admin.display(description="Proof")
    def proof(self, event: Event) -> SafeString:
        return proof(event)

    @admin.action(description="Export selected events as CSV")
    def export_csv(self, request: HttpRequest, queryset: EventQuerySet) -> StreamingHttpResponse:
        return self._export(queryset, "csv")

    @admin.action(description="Export selected events as JSON")
    def export_json(self, request: HttpRequest, queryset: EventQuerySet) -> StreamingHttpResponse:
        return self._export(queryset, "json")

    def _export(self, events: EventQuerySet, form: str) -> StreamingHttpResponse:
        response = StreamingHttpResponse(export(events=events, form=form), content_type=CONTENT_TYPES[form])
        response.headers["Content-Disposition"] = f'attachment; filename="{file_name(form)}"'
        return response


def _linked(*parts: tuple[str, str, str]) -> SafeString:
    """Names that lead to the list of what bears them."""
    listing = reverse("admin:audit_event_changelist")
    told = [(word, f"{listing}?{urlencode({by: name})}", name) for word, name, by in parts if name]
    return format_html_join(", ", '{} <a href="{}">{}</a>', told) if told else NOTHING


@admin.register(Event)
class EventAdmin(TrailAdmin):
    about = "Everything that happened, and to what. An event is written with the change and never altered."
    empty_text = "Nothing is recorded yet. Whatever is done here is an event; a program records its own by REST."
    empty_command = dashboard.FIRST_EVENT
    trail_of = ("event", "uid")

    list_display = ("when", "who", "what", "outcome", "told", "entity")
    list_display_links = ("what",)
    unlisted = ("old_value", "new_value", "context")
    list_filter = ("event_type", "entity_type", AgentFilter, VerdictFilter, ("timestamp", MonthFilter))
    moves = ("roll_back", "undo_request")
    sections: ClassVar = [
        ("What happened", ["what", "outcome", "whole_entity", "at", "who", "session", "request_of"]),
        ("What changed", ["difference"]),
        ("Going back", ["way_back"]),
        ("Circumstances", ["circumstances"]),
        ("Proof", ["proof"]),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without what there is nothing to say of."""
        silent = _silent(obj) if obj else set()
        shown = super().get_fieldsets(request, obj)
        kept = [
            (title, {**said, "fields": [name for name in said["fields"] if name not in silent]})
            for title, said in shown
        ]
        return [(title, said) for title, said in kept if said["fields"]]

    @admin.display(description="Who")
    def who(self, event: Event) -> str:
        return history.who(event)

    @admin.display(description="What happened")
    def what(self, event: Event) -> str:
        return telling.happened(event.event_type, event.decision)

    @admin.display(description="What changed")
    def told(self, event: Event) -> str | SafeString:
        return telling.in_a_line(event.event_type, event.changes) or NOTHING

    @admin.display(description="Outcome")
    def outcome(self, event: Event) -> SafeString:
        found = telling.outcome(event.event_type, event.decision, event.changes)
        return kit.badge(*found) if found else NOTHING

    @admin.display(description="Entity")
    def whole_entity(self, event: Event) -> SafeString:
        """All that happened to it, and its page where it has one."""
        name = f"{telling.spoken(event.entity_type)} {event.entity_id}"
        told = format_html('<a href="{}">{}</a>', history.address(event.entity_type, event.entity_id), name)
        page = page_of(event.entity_type, event.entity_id)
        return format_html('{}, <a href="{}">as it is now</a>', told, page) if page else told

    @admin.display(description="Old and new")
    def difference(self, event: Event) -> SafeString:
        if event.erased_at:
            return format_html("The values were erased {}.", kit.moment(event.erased_at))
        if event.old_value is None:
            return kit.tree(event.new_value)
        return kit.changes(event.old_value, event.new_value)

    @admin.display(description="What would differ")
    def way_back(self, event: Event) -> SafeString:
        """Against the last state the trail knows; the rollback itself looks at the thing as it is."""
        newest = _newest(event)
        return kit.changes(newest.new_value if newest else None, event.new_value)

    @admin.display(description="Context")
    def circumstances(self, event: Event) -> SafeString:
        return kit.tree(event.context) if event.context else NOTHING

    @move(
        label="Roll back to the state after this event",
        permissions=("roll_back",),
        form=RollbackForm,
        when=lambda event: not event.erased_at and _is_a_state(event),
    )
    def roll_back(self, request: HttpRequest, event: Event, given: dict[str, Any]) -> str:
        rollback.apply(entity_type=event.entity_type, entity_id=event.entity_id, to=str(event.uid), **given)
        return f"{event.entity_type} {event.entity_id} is rolled back."

    @move(
        label="Undo everything of its request",
        permissions=("roll_back",),
        form=RollbackForm,
        when=lambda event: bool(event.correlation_id) and _is_a_state(event),
        weight="danger",
    )
    def undo_request(self, request: HttpRequest, event: Event, given: dict[str, Any]) -> str:
        done = rollback.apply_group(correlation_id=event.correlation_id, **given)
        return f"Rolled back: {', '.join(f'{undone.entity_type} {undone.entity_id}' for undone in done)}."

    def has_roll_back_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)
