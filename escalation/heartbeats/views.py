"""The REST door of heartbeats."""

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.rest.openapi import refusals
from config.rest.views import ReadViewSet
from escalation.heartbeats import heartbeats
from escalation.heartbeats.heartbeats import InvalidHeartbeat
from escalation.heartbeats.serializers import (
    HeartbeatSerializer,
    HeartbeatUpdateSerializer,
    NewHeartbeatSerializer,
)
from escalation.models import Heartbeat
from escalation.models.heartbeats import HeartbeatQuerySet


class HeartbeatFilter(django_filters.FilterSet):
    down = django_filters.BooleanFilter(method="only_down", label="true: missed, or failed, and not back yet")

    class Meta:
        model = Heartbeat
        fields: list[str] = []

    def only_down(self, rows: HeartbeatQuerySet, name: str, value: bool) -> HeartbeatQuerySet:
        return rows.down() if value else rows.exclude(pk__in=rows.down().values("pk"))


class HeartbeatViewSet(ReadViewSet):
    """Heartbeats, newest first."""

    queryset = Heartbeat.objects.all()
    serializer_class = HeartbeatSerializer
    filterset_class = HeartbeatFilter
    lookup_field = "name"
    lookup_value_regex = "[a-z0-9-]+"
    ordering = ("-id",)

    @extend_schema(
        request=NewHeartbeatSerializer, responses={201: HeartbeatSerializer}, extensions=refusals(InvalidHeartbeat)
    )
    def create(self, request: Request) -> Response:
        """Add a heartbeat: something that reports every so often, and is missed when it does not."""
        made = heartbeats.add_heartbeat(**self.validated(NewHeartbeatSerializer))
        return Response(self._shown(made), status=201)

    def retrieve(self, request: Request, name: str) -> Response:
        """Show a heartbeat, with the address by which it reports."""
        self.query()
        return Response(self._shown(heartbeats.find_heartbeat(name=name)))

    @extend_schema(
        request=HeartbeatUpdateSerializer, responses=HeartbeatSerializer, extensions=refusals(InvalidHeartbeat)
    )
    def partial_update(self, request: Request, name: str) -> Response:
        """Change a heartbeat, pause or resume it."""
        serializer = HeartbeatUpdateSerializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        return Response(self._shown(heartbeats.change_heartbeat(name=name, **serializer.validated_data)))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, name: str) -> Response:
        """Remove a heartbeat; a bug that is open because of it stays."""
        heartbeats.remove_heartbeat(name=name)
        return Response(status=204)

    def _shown(self, heartbeat: Heartbeat) -> dict[str, Any]:
        return dict(HeartbeatSerializer(heartbeat).data)
