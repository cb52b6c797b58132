"""The REST door of sessions."""

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from audit.models import AgentSession
from audit.sessions import usage as usages
from audit.sessions.serializers import SessionPageSerializer, SessionSerializer, TakenSerializer, UsageSerializer
from audit.sessions.steps import find_session
from config.rest.openapi import refusals
from config.rest.times import TimeFilter
from config.rest.views import ReadViewSet


class SessionFilter(django_filters.FilterSet):
    start = TimeFilter("last_at", "gte", label="with a call from this time on")
    end = TimeFilter("last_at", "lt", label="whose last call was before this time")

    class Meta:
        model = AgentSession
        fields = ["agent", "person", "project", "model"]


class SessionViewSet(ReadViewSet):
    """Sessions of agents: what each was asked to do, what was decided, and what became of it."""

    queryset = AgentSession.objects.all()
    serializer_class = SessionSerializer
    filterset_class = SessionFilter
    ordering = ("-last_at", "-id")
    lookup_field = "session_id"
    lookup_value_converter = "str"

    @extend_schema(responses=SessionPageSerializer)
    def retrieve(self, request: Request, session_id: str) -> Response:
        """Get a session with its calls."""
        self.query()
        return Response(SessionPageSerializer(find_session(session_id=session_id)).data)

    @extend_schema(request=UsageSerializer, responses=TakenSerializer, extensions=refusals(usages.NotYourSession))
    @action(detail=True, methods=["post"])
    def usage(self, request: Request, session_id: str) -> Response:
        """Tell what responses of a session took, in numbers alone; each counts once, however often it is told."""
        taken = usages.tell_usage(session_id=session_id, **self.validated(UsageSerializer))
        return Response(TakenSerializer(taken).data)
