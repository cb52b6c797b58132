"""The REST door of alerts."""

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from config.rest.openapi import refusals
from config.rest.times import TimeFilter
from config.rest.views import ReadViewSet
from escalation.alerts import alerts
from escalation.alerts.alerts import InvalidAlert
from escalation.alerts.serializers import AlertSerializer, AlertUpdateSerializer, NewAlertSerializer, TriedSerializer
from escalation.models import Alert
from escalation.serializers import NoBodySerializer


class AlertFilter(django_filters.FilterSet):
    fired_after = TimeFilter("last_fired_at", "gte", label="fired from this time on, and perhaps since")
    fired_before = TimeFilter("last_fired_at", "lt", label="fired last before this time")

    class Meta:
        model = Alert
        fields = ["is_active"]


class AlertViewSet(ReadViewSet):
    """Alerts, newest first."""

    queryset = Alert.objects.all()
    serializer_class = AlertSerializer
    filterset_class = AlertFilter
    lookup_field = "name"
    lookup_value_regex = "[a-z0-9-]+"
    ordering = ("-id",)

    @extend_schema(request=NewAlertSerializer, responses={201: AlertSerializer}, extensions=refusals(InvalidAlert))
    def create(self, request: Request) -> Response:
        """Add an alert: which events of the trail open a bug or send a message."""
        return Response(self._shown(alerts.add_alert(**self.validated(NewAlertSerializer))), status=201)

    def retrieve(self, request: Request, name: str) -> Response:
        """Show an alert."""
        self.query()
        return Response(self._shown(alerts.find_alert(name=name)))

    @extend_schema(request=AlertUpdateSerializer, responses=AlertSerializer, extensions=refusals(InvalidAlert))
    def partial_update(self, request: Request, name: str) -> Response:
        """Change an alert, or turn it off or on."""
        serializer = AlertUpdateSerializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        return Response(self._shown(alerts.change_alert(name=name, **serializer.validated_data)))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, name: str) -> Response:
        """Remove an alert that does not ship with the service; those can be turned off."""
        alerts.remove_alert(name=name)
        return Response(status=204)

    @extend_schema(request=NoBodySerializer, responses={202: TriedSerializer})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, name: str) -> Response:
        """Send a test of an alert: a message by each of its channels, and the bug it opens."""
        self.validated(NoBodySerializer)
        return Response(TriedSerializer(alerts.try_alert(name=name)).data, status=202)

    def _shown(self, alert: Alert) -> dict[str, Any]:
        return dict(AlertSerializer(alert).data)
