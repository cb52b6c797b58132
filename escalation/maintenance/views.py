"""The REST door of maintenance."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from config.rest.openapi import refusals
from config.rest.views import ReadViewSet
from escalation.maintenance import maintenance
from escalation.maintenance.maintenance import InvalidMaintenance
from escalation.maintenance.serializers import (
    MaintenanceSerializer,
    MaintenanceUpdateSerializer,
    NewMaintenanceSerializer,
)
from escalation.models import Maintenance
from escalation.serializers import NoBodySerializer


class MaintenanceViewSet(ReadViewSet):
    """Maintenance, the newest first."""

    queryset = Maintenance.objects.all()
    serializer_class = MaintenanceSerializer
    lookup_field = "name"
    lookup_value_regex = "[a-z0-9-]+"
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[Maintenance]:
        return maintenance.list_maintenance()

    @extend_schema(
        request=NewMaintenanceSerializer,
        responses={201: MaintenanceSerializer},
        extensions=refusals(InvalidMaintenance),
    )
    def create(self, request: Request) -> Response:
        """Plan a maintenance: when nobody is called, and who is told of it."""
        made = maintenance.add_maintenance(**self.validated(NewMaintenanceSerializer))
        return Response(self._shown(made), status=201)

    def retrieve(self, request: Request, name: str) -> Response:
        """Show a maintenance, since when it is on, and when it next begins or ends."""
        self.query()
        return Response(self._shown(maintenance.find_maintenance(name=name)))

    @extend_schema(
        request=MaintenanceUpdateSerializer, responses=MaintenanceSerializer, extensions=refusals(InvalidMaintenance)
    )
    def partial_update(self, request: Request, name: str) -> Response:
        """Change a maintenance; one whose end is past ends at once."""
        serializer = MaintenanceUpdateSerializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        return Response(self._shown(maintenance.change_maintenance(name=name, **serializer.validated_data)))

    @extend_schema(request=NoBodySerializer, responses=MaintenanceSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, name: str) -> Response:
        """End a maintenance now; whoever waited to be called is called."""
        self.validated(NoBodySerializer)
        return Response(self._shown(maintenance.end_maintenance(name=name)))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, name: str) -> Response:
        """Remove a maintenance; whoever waited to be called is called at once."""
        maintenance.remove_maintenance(name=name)
        return Response(status=204)

    def _shown(self, found: Maintenance) -> dict[str, Any]:
        return dict(MaintenanceSerializer(found).data)
