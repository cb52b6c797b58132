"""The REST door of policies."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.rest.openapi import refusals
from config.rest.views import ReadViewSet
from escalation.models import Policy
from escalation.policies import policies
from escalation.policies.policies import InvalidPolicy
from escalation.policies.serializers import NewPolicySerializer, PolicySerializer, PolicyUpdateSerializer


class PolicyViewSet(ReadViewSet):
    """Policies, newest first."""

    queryset = Policy.objects.all()
    serializer_class = PolicySerializer
    lookup_field = "name"
    lookup_value_regex = "[a-z0-9-]+"
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[Policy]:
        return policies.list_policies()

    @extend_schema(request=NewPolicySerializer, responses={201: PolicySerializer}, extensions=refusals(InvalidPolicy))
    def create(self, request: Request) -> Response:
        """Add a policy: whom bugs call, and when."""
        return Response(self._shown(policies.add_policy(**self.validated(NewPolicySerializer))), status=201)

    def retrieve(self, request: Request, name: str) -> Response:
        """Show a policy."""
        self.query()
        return Response(self._shown(policies.find_policy(name=name)))

    @extend_schema(request=PolicyUpdateSerializer, responses=PolicySerializer, extensions=refusals(InvalidPolicy))
    def partial_update(self, request: Request, name: str) -> Response:
        """Change a policy; what runs already goes on as it began."""
        serializer = PolicyUpdateSerializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        return Response(self._shown(policies.change_policy(name=name, **serializer.validated_data)))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, name: str) -> Response:
        """Remove a policy; what runs already goes on to its end."""
        policies.remove_policy(name=name)
        return Response(status=204)

    def _shown(self, policy: Policy) -> dict[str, Any]:
        return dict(PolicySerializer(policy).data)
