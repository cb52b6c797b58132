"""The REST door of prices."""

from typing import ClassVar

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from audit.models import ModelPrice
from audit.prices import keeping
from audit.prices.serializers import PriceSerializer
from config.rest.openapi import refusals
from config.rest.views import ReadViewSet


class PriceFilter(django_filters.FilterSet):
    class Meta:
        model = ModelPrice
        fields = ["model"]


class PriceViewSet(ReadViewSet):
    """What models cost, by which sessions and runs of prompts are charged. Changing it needs a key of scope admin."""

    queryset = ModelPrice.objects.all()
    serializer_class = PriceSerializer
    filterset_class = PriceFilter
    lookup_field = "uid"
    lookup_value_converter = "uuid"
    action_scopes: ClassVar = {"create": "admin", "destroy": "admin"}

    @extend_schema(request=PriceSerializer, responses={201: PriceSerializer}, extensions=refusals(keeping.PriceRefused))
    def create(self, request: Request) -> Response:
        """Set what a model costs from a time on; what was used since is charged anew."""
        row = keeping.set_price(**self.validated(PriceSerializer))
        return Response(PriceSerializer(row).data, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, uid: str) -> Response:
        """Remove a price: the one before it is valid again."""
        keeping.remove_price(uid=str(uid))
        return Response(status=204)
