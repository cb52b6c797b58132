"""The REST door of channels and deliveries."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from config.rest.openapi import refusals
from config.rest.times import TimeFilter
from config.rest.views import ReadViewSet
from escalation.delivery import channels, deliveries
from escalation.delivery.channels import InvalidChannel
from escalation.delivery.serializers import (
    ChannelSerializer,
    ChannelUpdateSerializer,
    DeliverySerializer,
    DeliverySummarySerializer,
    NewChannelSerializer,
)
from escalation.models import Channel, Delivery
from escalation.serializers import NoBodySerializer


class ChannelViewSet(ReadViewSet):
    """Channels, newest first."""

    queryset = Channel.objects.all()
    serializer_class = ChannelSerializer
    lookup_field = "name"
    lookup_value_regex = "[a-z0-9-]+"

    @extend_schema(
        request=NewChannelSerializer, responses={201: ChannelSerializer}, extensions=refusals(InvalidChannel)
    )
    def create(self, request: Request) -> Response:
        """Add a channel: a way to reach people or programs."""
        return Response(self._shown(channels.add_channel(**self.validated(NewChannelSerializer))), status=201)

    def retrieve(self, request: Request, name: str) -> Response:
        """Show a channel without its secrets."""
        self.query()
        return Response(self._shown(channels.find_channel(name=name)))

    @extend_schema(request=ChannelUpdateSerializer, responses=ChannelSerializer, extensions=refusals(InvalidChannel))
    def partial_update(self, request: Request, name: str) -> Response:
        """Change a channel's details, or turn it off or on."""
        return Response(self._shown(channels.change_channel(name=name, **self.validated(ChannelUpdateSerializer))))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, name: str) -> Response:
        """Remove a channel that no policy uses, with the log of what it sent."""
        channels.remove_channel(name=name)
        return Response(status=204)

    @extend_schema(request=NoBodySerializer, responses={202: DeliverySummarySerializer})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, name: str) -> Response:
        """Send a test through a channel; the delivery tells what became of it."""
        self.validated(NoBodySerializer)
        return Response(DeliverySummarySerializer(channels.try_channel(name=name)).data, status=202)

    def _shown(self, channel: Channel) -> dict[str, Any]:
        return dict(ChannelSerializer(channel).data)


class DeliveryFilter(django_filters.FilterSet):
    channel = django_filters.CharFilter("channel__name", label="sent through this channel")
    bug = django_filters.CharFilter("bug__bug_id", label="about this bug")
    created_after = TimeFilter("created_at", "gte", label="from this time on")
    created_before = TimeFilter("created_at", "lt", label="before this time")

    class Meta:
        model = Delivery
        fields = ["state", "purpose"]


@extend_schema_view(list=extend_schema(responses=DeliverySummarySerializer(many=True)))
class DeliveryViewSet(ReadViewSet):
    """What was sent, or waits to be, newest first."""

    queryset = Delivery.objects.all()
    serializer_class = DeliverySummarySerializer
    filterset_class = DeliveryFilter
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[Delivery]:
        return deliveries.list_deliveries()

    @extend_schema(responses=DeliverySerializer)
    def retrieve(self, request: Request, pk: Any) -> Response:
        """Show a message with each try: its request and its answer, without secrets."""
        self.query()
        return Response(DeliverySerializer(deliveries.find_delivery(delivery_id=pk)).data)

    @extend_schema(request=NoBodySerializer, responses={202: DeliverySummarySerializer})
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, pk: Any) -> Response:
        """Replay a message that is over: send it again under the same id."""
        self.validated(NoBodySerializer)
        return Response(DeliverySummarySerializer(deliveries.replay(delivery_id=pk)).data, status=202)
