"""REST: the test cases of a prompt."""

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.rest.openapi import refusals
from config.rest.views import ReadViewSet
from prompts import cases, prompts
from prompts.assertions import AssertionsInvalid
from prompts.models import TestCase
from prompts.serializers.runs import TestCaseSerializer

CASE_REFUSALS = refusals(cases.TestCaseInvalid, AssertionsInvalid)


class TestCaseFilter(django_filters.FilterSet):
    __test__ = False

    class Meta:
        model = TestCase
        fields = ["name", "type"]


class TestCaseViewSet(ReadViewSet):
    """The test cases of a prompt."""

    __test__ = False
    queryset = TestCase.objects.all()
    serializer_class = TestCaseSerializer
    filterset_class = TestCaseFilter
    large_fields = ("input", "expected_output", "assertions")

    def get_queryset(self) -> "QuerySet[TestCase]":
        if "prompt_id" not in self.kwargs:
            return self.queryset.none()
        return self.queryset.filter(prompt=prompts.get_prompt(prompt_id=self.kwargs["prompt_id"]))

    def get_object(self) -> TestCase:
        return cases.get_test_case(prompt_id=self.kwargs["prompt_id"], uid=self.kwargs["uid"])

    @extend_schema(
        responses={201: TestCaseSerializer},
        extensions=CASE_REFUSALS,
    )
    def create(self, request: Request, prompt_id: str) -> Response:
        """Add a test case."""
        case = cases.create_test_case(prompt_id=prompt_id, **self.validated(TestCaseSerializer))
        return Response(TestCaseSerializer(case).data, status=201)

    @extend_schema(extensions=CASE_REFUSALS)
    def update(self, request: Request, prompt_id: str, uid: str) -> Response:
        """Replace a test case; runs that used it keep it as it was."""
        body = self.validated(TestCaseSerializer)
        case = cases.update_test_case(prompt_id=prompt_id, uid=uid, **{**cases.UNSAID, **body})
        return Response(TestCaseSerializer(case).data)

    @extend_schema(extensions=CASE_REFUSALS)
    def partial_update(self, request: Request, prompt_id: str, uid: str) -> Response:
        """Change fields of a test case."""
        serializer = TestCaseSerializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        case = cases.update_test_case(prompt_id=prompt_id, uid=uid, **serializer.validated_data)
        return Response(TestCaseSerializer(case).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, prompt_id: str, uid: str) -> Response:
        """Delete a test case; runs that used it keep it."""
        cases.delete_test_case(prompt_id=prompt_id, uid=uid)
        return Response(status=204)
