"""REST: evaluations, which ask several versions on several models at once."""

import django_filters
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.rest.openapi import refusals
from config.rest.views import ReadViewSet
from prompts import cases, evaluations, reports, testing
from prompts.assertions import AssertionsInvalid
from prompts.models import Evaluation
from prompts.serializers.evaluations import (
    EvaluationDetailSerializer,
    EvaluationSerializer,
    NewEvaluationSerializer,
    ReportFileSerializer,
    ReportQuery,
    detail,
)


class EvaluationFilter(django_filters.FilterSet):
    prompt_id = django_filters.CharFilter("prompt__prompt_id")

    class Meta:
        model = Evaluation
        fields: list[str] = []


class EvaluationViewSet(ReadViewSet):
    """Evaluations, newest first; a single one with each case in each of its runs."""

    queryset = Evaluation.objects.select_related("prompt").prefetch_related("runs__version")
    serializer_class = EvaluationSerializer
    filterset_class = EvaluationFilter

    def get_object(self) -> Evaluation:
        return evaluations.get_evaluation(uid=self.kwargs["uid"])

    @extend_schema(
        request=NewEvaluationSerializer,
        responses={202: EvaluationSerializer},
        extensions=refusals(testing.CasesInvalid, cases.TestCaseInvalid, AssertionsInvalid),
    )
    def create(self, request: Request) -> Response:
        """Evaluate versions of a prompt on models; follow Location for the matrix."""
        body = self.validated(NewEvaluationSerializer)
        budget = testing.Budget(max_tokens=body["max_tokens"], max_cost_micros=body["max_cost_micros"])
        made = testing.start_evaluation(
            prompt_id=body["prompt_id"],
            numbers=body.get("versions", ()),
            models=body.get("models", ()),
            cases=body.get("test_cases"),
            budget=budget,
            **{name: body[name] for name in ("concurrency", "repeats", "threshold", "reuse")},
        )
        location = reverse("prompts-evaluation", args=[made.uid])
        told = EvaluationSerializer(evaluations.get_evaluation(uid=str(made.uid))).data
        return Response(told, status=202, headers={"Location": location})

    @extend_schema(responses=EvaluationDetailSerializer)
    def retrieve(self, request: Request, uid: str) -> Response:
        """Show an evaluation with each case in each run; ask again while its status is pending or running."""
        self.query()
        return Response(detail(self.get_object()))

    @extend_schema(request=None, responses=EvaluationDetailSerializer)
    def cancel(self, request: Request, uid: str) -> Response:
        """Cancel the runs of an evaluation that are not over."""
        return Response(detail(evaluations.cancel_evaluation(uid=uid)))

    @extend_schema(parameters=[ReportQuery], responses=ReportFileSerializer)
    def report(self, request: Request, uid: str) -> Response:
        """Write an evaluation as JUnit's XML, a page of HTML or a summary in Markdown."""
        form = self.query(ReportQuery)["format"]
        return Response({"format": form, "text": reports.write_report(uid=uid, form=form)})
