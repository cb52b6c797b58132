"""The REST door of what agents wait for."""

from typing import ClassVar

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from audit.models import Approval, ApprovalQuerySet
from audit.permissions.approvals import answering
from audit.permissions.approvals.serializers import AnswerSerializer, ApprovalSerializer
from config.rest.views import ReadViewSet


class ApprovalFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=Approval.Status.choices, method="by_standing", label="how it stands")

    class Meta:
        model = Approval
        fields = ["agent", "session_id"]

    def by_standing(self, queryset: ApprovalQuerySet, name: str, value: str) -> QuerySet[Approval]:
        return queryset.standing(value)


class ApprovalViewSet(ReadViewSet):
    """Tool calls that a person has to confirm. Answering takes a key of scope admin, never the agent's own."""

    queryset = Approval.objects.all()
    serializer_class = ApprovalSerializer
    filterset_class = ApprovalFilter
    lookup_value_converter = "int"
    action_scopes: ClassVar = {"approve": "admin", "deny": "admin"}

    @extend_schema(request=AnswerSerializer, responses={200: ApprovalSerializer})
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: int) -> Response:
        """Approve a call: the agent that tries it again may run it, once."""
        return self._answered(pk, "approved")

    @extend_schema(request=AnswerSerializer, responses={200: ApprovalSerializer})
    @action(detail=True, methods=["post"])
    def deny(self, request: Request, pk: int) -> Response:
        """Deny a call: the agent that tries it again learns so, and why."""
        return self._answered(pk, "denied")

    def _answered(self, pk: int, verdict: answering.Verdict) -> Response:
        row = answering.answer(approval=int(pk), verdict=verdict, **self.validated(AnswerSerializer))
        return Response(ApprovalSerializer(row).data)
