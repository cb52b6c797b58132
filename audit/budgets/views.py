"""The REST door of budgets."""

from typing import ClassVar

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from audit.budgets import keeping
from audit.budgets.serializers import BudgetSerializer
from audit.models import Budget
from audit.permissions.latitude.choosing import ScopeRefused
from config.rest.openapi import refusals
from config.rest.views import ReadViewSet


class BudgetFilter(django_filters.FilterSet):
    class Meta:
        model = Budget
        fields = ["period", "agent", "project", "person"]


class BudgetViewSet(ReadViewSet):
    """Budgets: what sessions of agents may take. Changing them needs a key of scope admin."""

    queryset = Budget.objects.all()
    serializer_class = BudgetSerializer
    filterset_class = BudgetFilter
    lookup_field = "uid"
    lookup_value_converter = "uuid"
    action_scopes: ClassVar = {"create": "admin", "destroy": "admin"}

    @extend_schema(request=BudgetSerializer, responses={201: BudgetSerializer}, extensions=refusals(ScopeRefused))
    def create(self, request: Request) -> Response:
        """Set what sessions may take in a day or each; it replaces the budget for the same."""
        row = keeping.set_budget(**self.validated(BudgetSerializer))
        return Response(BudgetSerializer(row).data, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, uid: str) -> Response:
        """Remove a budget; what was denied by it is judged by the rules alone."""
        keeping.remove_budget(uid=str(uid))
        return Response(status=204)
