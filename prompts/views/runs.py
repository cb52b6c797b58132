"""REST: tests of versions, and what they say of them."""

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.rest.times import TimeFilter
from config.rest.views import APIView, ReadViewSet
from prompts import comparison, regression, runs
from prompts.models import Run
from prompts.serializers.comparison import ComparisonQuery, ComparisonSerializer, ReportSerializer
from prompts.serializers.runs import RunDetailSerializer, RunSerializer


class RunFilter(django_filters.FilterSet):
    prompt_id = django_filters.CharFilter("version__prompt__prompt_id")
    version = django_filters.NumberFilter("version__number")
    start = TimeFilter("created_at", "gte", label="from this time on")
    end = TimeFilter("created_at", "lt", label="before this time")
    call = django_filters.CharFilter("verdict__call", label="what the verdict calls it, such as regression")

    class Meta:
        model = Run
        fields = ["status", "model", "ad_hoc"]


class RunViewSet(ReadViewSet):
    """Tests of versions, newest first; a single one with its results."""

    queryset = Run.objects.select_related("version__prompt", "evaluation")
    serializer_class = RunSerializer
    filterset_class = RunFilter

    def get_object(self) -> Run:
        return runs.get_run(uid=self.kwargs["uid"])

    @extend_schema(responses=RunDetailSerializer)
    def retrieve(self, request: Request, uid: str) -> Response:
        """Show a run with the result of every case; ask again while its status is pending or running."""
        self.query()
        return Response(_detail(self.get_object()))

    @extend_schema(request=None, responses=RunDetailSerializer)
    def cancel(self, request: Request, uid: str) -> Response:
        """Cancel a run that is not over."""
        return Response(_detail(runs.cancel_run(uid=uid)))


def _detail(run: Run) -> dict[str, Any]:
    found = (
        Run.objects.select_related("version__prompt", "evaluation")
        .prefetch_related("results__test_case")
        .get(pk=run.pk)
    )
    return RunDetailSerializer(found).data


class CompareView(APIView):
    """Two versions side by side."""

    @extend_schema(responses=ComparisonSerializer, parameters=[ComparisonQuery])
    def get(self, request: Request, prompt_id: str) -> Response:
        """Compare two versions: texts, settings and results, and whether the difference can be chance."""
        asked = self.query(ComparisonQuery)
        found = comparison.compare_versions(prompt_id=prompt_id, before=asked["from"], after=asked["to"])
        return Response(ComparisonSerializer(found).data)


class RegressionView(APIView):
    @extend_schema(responses=ReportSerializer)
    def get(self, request: Request, prompt_id: str) -> Response:
        """Report how every version did: whether the newest tested one is worse than the active one."""
        self.query()
        return Response(ReportSerializer(regression.regression_report(prompt_id=prompt_id)).data)
