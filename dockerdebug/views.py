import re
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.rest.openapi import refusals
from config.rest.times import TimeFilter
from config.rest.views import APIView, ReadViewSet
from dockerdebug import diagnoses, infrastructure, insights
from dockerdebug.checks import CHECKS
from dockerdebug.comparison import compare
from dockerdebug.containers import list_containers
from dockerdebug.findings import RULES
from dockerdebug.models import Diagnosis, Infrastructure, Insight, Tag
from dockerdebug.serializers import (
    BriefDiagnosisSerializer,
    ComparisonSerializer,
    ContainerSerializer,
    DiagnosisSerializer,
    InfrastructureSerializer,
    InsightSerializer,
    KnownCheckSerializer,
    KnownFindingSerializer,
    NewComparisonSerializer,
    NewDiagnosisSerializer,
    TagSerializer,
    WaitQuery,
)

LONGEST_SECONDS = 10
WAIT = OpenApiParameter("wait", OpenApiTypes.BOOL, description="true: answer when it is done, within 10 s.")
INSIGHT_REFUSALS = refusals(insights.InsightEmpty)  # what is invisible is taken out before the text is looked at
PREFER = OpenApiParameter("Prefer", str, OpenApiParameter.HEADER, description="wait=10 is the same (RFC 7240).")


class DiagnosisFilter(django_filters.FilterSet):
    start = TimeFilter("created_at", "gte", label="from this time on")
    end = TimeFilter("created_at", "lt", label="before this time")
    finding = django_filters.CharFilter(method="with_finding", label="has this finding")

    class Meta:
        model = Diagnosis
        fields = ["container", "status", "worst", "created_by"]

    def with_finding(self, queryset: QuerySet[Diagnosis], name: str, value: str) -> QuerySet[Diagnosis]:
        # The keys are fixed words, so their quoted form finds them in the stored JSON on either database.
        return queryset.filter(findings__icontains=f'"{value}"')


class DiagnosisViewSet(ReadViewSet):
    """Diagnoses of containers and of this machine, newest first."""

    queryset = Diagnosis.objects.all()
    serializer_class = DiagnosisSerializer
    filterset_class = DiagnosisFilter
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[Diagnosis]:
        return super().get_queryset().defer("checks") if self.action == "list" else super().get_queryset()

    def get_serializer_class(self) -> Any:
        return BriefDiagnosisSerializer if self.action == "list" else DiagnosisSerializer

    @extend_schema(
        parameters=[WAIT, PREFER],
        request=NewDiagnosisSerializer,
        responses={201: DiagnosisSerializer, 202: DiagnosisSerializer},
    )
    def create(self, request: Request) -> Response:
        """Diagnose a container, or this machine: 202 and a Location to follow, or 201 when waited for."""
        body: dict[str, Any] = {name: value or "" for name, value in self.validated(NewDiagnosisSerializer).items()}
        asked = self.query(WaitQuery)
        preferred = _prefers_waiting(request)
        if preferred or asked["wait"] == "true":
            diagnosis, status = diagnoses.diagnose(**body), 201
        else:
            diagnosis, status = diagnoses.request_diagnosis(**body), 202
        headers = {"Location": reverse("dockerdebug-diagnosis-detail", args=[diagnosis.pk])}
        if preferred:
            headers["Preference-Applied"] = "wait"
        return Response(DiagnosisSerializer(diagnosis).data, status=status, headers=headers)


def _prefers_waiting(request: Request) -> bool:
    """Whether the client waits long enough; a shorter wait is a preference that is not applied."""
    preferred = re.search(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})", request.headers.get("Prefer", ""))
    return preferred is not None and int(preferred[1]) >= LONGEST_SECONDS


class ContainersView(APIView):
    """List the engine's containers."""

    @extend_schema(responses=ContainerSerializer(many=True))
    def get(self, request: Request) -> Response:
        self.query()
        return Response(list_containers())


class ChecksView(APIView):
    """List the checks of a diagnosis."""

    @extend_schema(responses=KnownCheckSerializer(many=True))
    def get(self, request: Request) -> Response:
        self.query()
        return Response(
            [
                {
                    "name": name,
                    "description": check.title,
                    "findings": [rule.key for rule in RULES.values() if rule.check == name],
                }
                for name, check in CHECKS.items()
            ]
        )


class FindingsView(APIView):
    """List the findings a diagnosis may have; that an engine or container cannot be reached is not among them."""

    @extend_schema(responses=KnownFindingSerializer(many=True))
    def get(self, request: Request) -> Response:
        self.query()
        return Response(
            [
                {"key": rule.key, "severity": rule.severity, "check": rule.check, "description": rule.title}
                for rule in sorted(RULES.values(), key=lambda rule: rule.rank)
            ]
        )


class CompareView(APIView):
    """What differs between two environments."""

    @extend_schema(
        request=NewComparisonSerializer,
        responses=ComparisonSerializer,
    )
    def post(self, request: Request) -> Response:
        """Compare two environments: stored diagnoses, or containers, which are diagnosed now; `{}` is this machine."""
        body = self.validated(NewComparisonSerializer)
        left, right = (_side(body[name]) for name in ("left", "right"))
        return Response(ComparisonSerializer(compare(left=left, right=right)).data)


def _side(side: dict[str, Any]) -> Diagnosis:
    if "diagnosis" in side:
        return diagnoses.find_diagnosis(diagnosis_id=side["diagnosis"])
    return diagnoses.diagnose(container=side.get("container", ""))


class InsightFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(method="with_words", label="every word occurs")
    priority_min = django_filters.NumberFilter("priority", "gte", label="at least this important")

    class Meta:
        model = Insight
        fields = ["category", "confidence", "about", "finding_key"]

    def with_words(self, queryset: Any, name: str, value: str) -> QuerySet[Insight]:
        return queryset.matching(value.split()[:20])  # type: ignore[no-any-return]


class InsightViewSet(ReadViewSet):
    """What was learnt about environments, newest first."""

    queryset = Insight.objects.all()
    serializer_class = InsightSerializer
    filterset_class = InsightFilter
    lookup_value_converter = "uuid"

    @extend_schema(extensions=INSIGHT_REFUSALS)
    def create(self, request: Request) -> Response:
        """Keep an insight."""
        insight = insights.add_insight(**self.validated(InsightSerializer))
        headers = {"Location": reverse("dockerdebug-insight-detail", args=[insight.pk])}
        return Response(InsightSerializer(insight).data, status=201, headers=headers)

    @extend_schema(extensions=INSIGHT_REFUSALS)
    def update(self, request: Request, pk: Any) -> Response:
        """Replace an insight."""
        return self._change(pk, self.validated(InsightSerializer))

    @extend_schema(extensions=INSIGHT_REFUSALS)
    def partial_update(self, request: Request, pk: Any) -> Response:
        """Change fields of an insight."""
        serializer = InsightSerializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        return self._change(pk, serializer.validated_data)

    def _change(self, pk: Any, fields: dict[str, Any]) -> Response:
        return Response(InsightSerializer(insights.change_insight(insight_id=pk, **fields)).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: Any) -> Response:
        """Forget an insight."""
        insights.remove_insight(insight_id=pk)
        return Response(status=204)


class InfrastructureFilter(django_filters.FilterSet):
    tag = django_filters.CharFilter("tags__name", label="has this tag")

    class Meta:
        model = Infrastructure
        fields = ["kind", "name"]


class InfrastructureViewSet(ReadViewSet):
    """Containers, hosts, services and clients with their tags, newest first."""

    queryset = Infrastructure.objects.prefetch_related("tags")
    noun = "piece of infrastructure"
    serializer_class = InfrastructureSerializer
    filterset_class = InfrastructureFilter
    lookup_value_converter = "uuid"

    def create(self, request: Request) -> Response:
        """Add a piece of infrastructure."""
        made = infrastructure.add_infrastructure(**self.validated(InfrastructureSerializer))
        headers = {"Location": reverse("dockerdebug-infrastructure-detail", args=[made.pk])}
        return Response(InfrastructureSerializer(made).data, status=201, headers=headers)

    def update(self, request: Request, pk: Any) -> Response:
        """Replace a piece of infrastructure; without `tags` they stay."""
        return self._change(pk, self.validated(InfrastructureSerializer))

    def partial_update(self, request: Request, pk: Any) -> Response:
        """Change fields of a piece of infrastructure; `tags` replaces all of them."""
        serializer = InfrastructureSerializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        return self._change(pk, serializer.validated_data)

    def _change(self, pk: Any, fields: dict[str, Any]) -> Response:
        changed = infrastructure.change_infrastructure(infrastructure_id=pk, **fields)
        return Response(InfrastructureSerializer(changed).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: Any) -> Response:
        """Remove a piece of infrastructure; its tags come off with it."""
        infrastructure.remove_infrastructure(infrastructure_id=pk)
        return Response(status=204)


class TagViewSet(ReadViewSet):
    """The tags in use, by name."""

    queryset = Tag.objects.all()
    serializer_class = TagSerializer
    ordering = "name"
    lookup_field = "name"
    lookup_value_regex = "[^/]+"

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, name: str) -> Response:
        """Take a tag off everything and forget it."""
        infrastructure.remove_tag(name=name)
        return Response(status=204)
