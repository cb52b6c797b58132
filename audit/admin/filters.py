"""What lists of events are narrowed by, each led to its rows by an index."""

from typing import Any, cast

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from audit.models import AgentSession, Approval, ApprovalQuerySet, Event, EventQuerySet
from audit.telling import OUTCOMES
from config.pages.admin_lists import values_of

AMONG, MOST_SESSIONS = 500, 20
"""The newest decisions whose sessions are offered, and how many of these."""
SHOWN = 12
"""Characters of a session's id."""


class VerdictFilter(SimpleListFilter):
    title = "decision"
    parameter_name = "decision"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(verdict, word.capitalize()) for verdict, (word, _) in OUTCOMES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return cast("EventQuerySet", queryset).decided(self.value() or "") if self.value() else queryset


class StandingFilter(SimpleListFilter):
    """How approvals stand now, whether or not it is written yet."""

    title = "state"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return Approval.Status.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return cast("ApprovalQuerySet", queryset).standing(self.value() or "") if self.value() else queryset


class AgentFilter(SimpleListFilter):
    title = "agent"
    parameter_name = "agent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in values_of(Event, "agent", among="NOT (agent = '')")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return cast("EventQuerySet", queryset).joined_by("agent", self.value() or "") if self.value() else queryset


class SessionFilter(SimpleListFilter):
    """The sessions that asked last; older ones are found by their id."""

    title = "session"
    parameter_name = "session"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        newest = Event.objects.decided().order_by("-id").values_list("session_id", "agent")[:AMONG]
        sessions = [(session, agent) for session, agent in dict.fromkeys(newest) if session]
        return [(session, f"{session[:SHOWN]} {agent}".rstrip()) for session, agent in sessions[:MOST_SESSIONS]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return cast("EventQuerySet", queryset).joined_by("session_id", self.value() or "") if self.value() else queryset


class ProjectFilter(SimpleListFilter):
    """The projects that agents worked in last."""

    title = parameter_name = "project"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        newest = AgentSession.objects.newest_first().values_list("project", flat=True)[:AMONG]
        return [(project, project) for project in sorted(set(newest) - {""})][:MOST_SESSIONS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(project=self.value()) if self.value() else queryset


class ModelFilter(SimpleListFilter):
    title = parameter_name = "model"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in values_of(AgentSession, "model") if name]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(model=self.value()) if self.value() else queryset


def search_events(queryset: EventQuerySet, term: str) -> EventQuerySet | None:
    """The events of a session, a tool call or an agent of that name; None where there is none of them."""
    for column in ("session_id", "tool_use_id", "agent"):
        if Event.objects.joined_by(column, term).exists():
            return queryset.joined_by(column, term)
    return None
