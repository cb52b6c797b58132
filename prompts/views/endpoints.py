"""REST: the models that can be asked beside the one of the settings."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.outbound import OutboundRefused
from config.rest.openapi import refusals
from config.rest.views import ReadViewSet
from prompts import endpoints
from prompts.models import Endpoint
from prompts.serializers.endpoints import (
    EndpointSerializer,
    EndpointUpdateSerializer,
    NewEndpointSerializer,
    TriedSerializer,
    TryEndpointSerializer,
)

REFUSALS = refusals(endpoints.EndpointInvalid, OutboundRefused)


class EndpointViewSet(ReadViewSet):
    """Models that can be asked as `name/model`, newest first; none shows its key."""

    queryset = Endpoint.objects.all()
    serializer_class = EndpointSerializer
    lookup_field = "name"
    action_scopes: ClassVar = {
        "create": "admin",
        "partial_update": "admin",
        "destroy": "admin",
        "try_it": "write",
    }

    def get_object(self) -> Endpoint:
        return endpoints.find_endpoint(name=self.kwargs["name"])

    @extend_schema(request=NewEndpointSerializer, responses={201: EndpointSerializer}, extensions=REFUSALS)
    def create(self, request: Request) -> Response:
        """Add a model that can be asked."""
        made = endpoints.add_endpoint(**self.validated(NewEndpointSerializer))
        return Response(EndpointSerializer(made).data, status=201)

    @extend_schema(request=EndpointUpdateSerializer, responses=EndpointSerializer, extensions=REFUSALS)
    def partial_update(self, request: Request, name: str) -> Response:
        """Change an endpoint; what is left out stays."""
        changed = endpoints.change_endpoint(name=name, **self.validated(EndpointUpdateSerializer))
        return Response(EndpointSerializer(changed).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, name: str) -> Response:
        """Remove an endpoint with its key; runs that asked it stay."""
        endpoints.remove_endpoint(name=name)
        return Response(status=204)

    @extend_schema(request=TryEndpointSerializer, responses=TriedSerializer, extensions=REFUSALS)
    def try_it(self, request: Request, name: str) -> Response:
        """Try an endpoint with one short question."""
        answer = endpoints.try_endpoint(name=name, **self.validated(TryEndpointSerializer))
        return Response(TriedSerializer(answer).data)
