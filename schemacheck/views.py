from typing import Any

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from config.rest.openapi import refusals
from config.rest.times import TimeFilter
from config.rest.views import APIView, ReadViewSet
from schemacheck import checks
from schemacheck.models import Check
from schemacheck.refusals import AmbiguousName
from schemacheck.serializers import (
    AnswerSerializer,
    CheckSerializer,
    CheckSummarySerializer,
    LiveSerializer,
    MigrationsAnswerSerializer,
    MigrationsCheckSerializer,
    MigrationsSerializer,
    RuleSerializer,
    TrialSerializer,
    ValidateSerializer,
)


class ValidateView(APIView):
    scope = "read"  # it computes; nothing but the history is written

    @extend_schema(
        request=ValidateSerializer,
        responses={200: AnswerSerializer, 202: CheckSerializer},
    )
    def post(self, request: Request) -> Response:
        """Say what the database would say to a script, without running it."""
        asked = self.validated(ValidateSerializer)
        if asked.pop("background"):
            check = checks.request_check(**asked)
            location = reverse("schemacheck-check-detail", args=[check.uid])
            return Response(CheckSerializer(check).data, status=202, headers={"Location": location})
        check = checks.check_schema(**asked)
        return Response({"id": str(check.uid), **(check.report or {})})


class CheckFilter(django_filters.FilterSet):
    start = TimeFilter("created_at", "gte", label="from this time on")
    end = TimeFilter("created_at", "lt", label="before this time")
    rule = django_filters.CharFilter(method="with_finding", label="has a finding of this rule")

    def with_finding(self, checks: QuerySet[Check], name: str, value: str) -> QuerySet[Check]:
        # Rules are fixed words, so their quoted form finds them in the stored JSON on either database.
        return checks.filter(report__icontains=f'"rule": "{value}"')

    class Meta:
        model = Check
        fields = ["valid", "status", "dialect", "database", "requested_by", "sql_hash", "table_name"]


class CheckViewSet(ReadViewSet):
    """Checks made so far, newest first."""

    queryset = Check.objects.all()
    filterset_class = CheckFilter
    lookup_field = "uid"
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[Check]:
        return Check.objects.without_texts() if self.action == "list" else Check.objects.all()

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return CheckSummarySerializer if self.action == "list" else CheckSerializer


class RulesView(APIView):
    @extend_schema(responses=RuleSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List every kind of finding, with its stable code."""
        from schemacheck.checker.rules import RULES  # brings the grammar along

        self.query()
        return Response([rule.as_dict() for rule in sorted(RULES.values(), key=lambda rule: (rule.family, rule.code))])


class MigrationsView(APIView):
    scope = "read"  # as ValidateView

    @extend_schema(
        request=MigrationsCheckSerializer, responses=MigrationsAnswerSerializer, extensions=refusals(AmbiguousName)
    )
    def post(self, request: Request) -> Response:
        """Check Django's migrations: those not applied, an app's, or one; with their SQL in both directions."""
        from schemacheck.django_migrations import reviewing

        return Response(reviewing.check_migrations(**self.validated(MigrationsCheckSerializer)).as_dict())


class TrialView(APIView):
    scope = "admin"  # it runs the project's own code, though on a copy

    @extend_schema(request=MigrationsSerializer, responses=TrialSerializer, extensions=refusals(AmbiguousName))
    def post(self, request: Request) -> Response:
        """Run migrations forwards and back on a copy of the database."""
        from schemacheck.django_migrations import trying

        return Response(trying.try_migrations(**self.validated(MigrationsSerializer)).as_dict())


class LiveView(APIView):
    scope = "read"

    @extend_schema(request=LiveSerializer, responses=AnswerSerializer)
    def post(self, request: Request) -> Response:
        """Audit the tables a database has: missing indexes and keys, needless indexes, what is about to run out."""
        from schemacheck import live

        check = live.audit_live_schema(**self.validated(LiveSerializer))
        return Response({"id": str(check.uid), **(check.report or {})})
