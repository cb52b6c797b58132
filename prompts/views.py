"""The REST door of prompts."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.rest.openapi import refusals
from config.rest.views import APIView, ReadViewSet
from prompts import apart, cases, comparison, content, prompts, regression, runs, testing, versions
from prompts import compression as compressing
from prompts.assertions import AssertionsInvalid
from prompts.models import PROMPT_ID, Prompt, Run, TestCase, Version
from prompts.serializers import (
    ComparisonQuery,
    ComparisonSerializer,
    CompressedSerializer,
    CompressSerializer,
    CountedSerializer,
    CountSerializer,
    NewVersionSerializer,
    PromptSerializer,
    PromptUpdateSerializer,
    RenderedSerializer,
    RenderSerializer,
    ReportSerializer,
    RunDetailSerializer,
    RunSerializer,
    TestCaseSerializer,
    TestSerializer,
    VersionSerializer,
)
from prompts.templates import Message, TemplateInvalid, VariablesInvalid
from prompts.tokens import count, count_messages

VERSION_EXAMPLE = {
    "messages": [
        {"role": "system", "content": "Answer with the keywords of the text, separated by commas."},
        {"role": "user", "content": "{{ input }}"},
    ],
    "purpose": "Index pages by keyword.",
    "settings": {"temperature": 0, "seed": 42},
}
CASE_EXAMPLE = {
    "name": "sunset",
    "input": "The sunset was beautiful",
    "assertions": [{"type": "icontains", "value": "sunset"}, {"type": "word-count", "value": {"max": 5}}],
}


CASE_REFUSALS = refusals(cases.TestCaseInvalid, AssertionsInvalid)


class PromptFilter(django_filters.FilterSet):
    search = django_filters.CharFilter("prompt_id", "icontains", label="part of the prompt_id")

    class Meta:
        model = Prompt
        fields = ["prompt_id"]


class PromptViewSet(ReadViewSet):
    """Prompts, newest first."""

    queryset = Prompt.objects.with_active_version()
    serializer_class = PromptSerializer
    filterset_class = PromptFilter
    lookup_field = "prompt_id"

    def get_object(self) -> Prompt:
        prompts.get_prompt(prompt_id=self.kwargs["prompt_id"])
        return Prompt.objects.with_active_version().get(prompt_id=self.kwargs["prompt_id"])

    @extend_schema(examples=[OpenApiExample("A prompt", {"prompt_id": "extract-keywords"}, request_only=True)])
    def create(self, request: Request) -> Response:
        """Make a prompt; saving a version makes it too."""
        prompt = prompts.create_prompt(**self.validated(PromptSerializer))
        return self._answer(prompt.prompt_id, status=201)

    @extend_schema(request=PromptUpdateSerializer)
    def update(self, request: Request, prompt_id: str) -> Response:
        """Change the description."""
        prompts.update_prompt(prompt_id=prompt_id, **self.validated(PromptUpdateSerializer))
        return self._answer(prompt_id)

    @extend_schema(request=PromptUpdateSerializer(partial=True))
    def partial_update(self, request: Request, prompt_id: str) -> Response:
        """Change the description, if one is given."""
        serializer = PromptUpdateSerializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        prompts.update_prompt(prompt_id=prompt_id, **serializer.validated_data)
        return self._answer(prompt_id)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, prompt_id: str) -> Response:
        """Delete a prompt with its versions, cases and runs. The audit trail keeps what they were."""
        prompts.delete_prompt(prompt_id=prompt_id)
        return Response(status=204)

    def _answer(self, prompt_id: str, status: int = 200) -> Response:
        prompt = Prompt.objects.with_active_version().get(prompt_id=prompt_id)
        return Response(PromptSerializer(prompt).data, status=status)


class VersionFilter(django_filters.FilterSet):
    class Meta:
        model = Version
        fields = ["is_active", "content_hash"]


class VersionViewSet(ReadViewSet):
    """The versions of a prompt, newest first. A saved version never changes."""

    queryset = Version.objects.select_related("prompt")
    serializer_class = VersionSerializer
    filterset_class = VersionFilter
    large_fields = ("prompt_text", "messages", "settings", "notes", "test_results")
    ordering = "-number"

    def get_queryset(self) -> "QuerySet[Version]":
        if "prompt_id" not in self.kwargs:
            return self.queryset.none()
        return self.queryset.filter(prompt=prompts.get_prompt(prompt_id=self.kwargs["prompt_id"]))

    def get_object(self) -> Version:
        prompt = prompts.get_prompt(prompt_id=self.kwargs["prompt_id"])
        return versions.get_version(prompt=prompt, number=self.kwargs["number"])

    @extend_schema(
        parameters=[OpenApiParameter("prompt_id", {"type": "string", "pattern": f"^{PROMPT_ID}$"}, "path")],
        request=NewVersionSerializer,
        responses={201: VersionSerializer, 200: VersionSerializer},
        extensions=refusals(content.VersionInvalid, TemplateInvalid),
        examples=[OpenApiExample("Chat turns", VERSION_EXAMPLE, request_only=True)],
    )
    def create(self, request: Request, prompt_id: str) -> Response:
        """Save the next version. One that says exactly the same is answered with 200 and is not saved twice."""
        saved = versions.save_version(prompt_id=prompt_id, **self.validated(NewVersionSerializer))
        location = reverse("prompts-version", args=[prompt_id, saved.version.number])
        answer = VersionSerializer(saved.version).data
        return Response(answer, status=201 if saved.created else 200, headers={"Location": location})

    @extend_schema(request=None, responses=VersionSerializer)
    def activate(self, request: Request, prompt_id: str, number: int) -> Response:
        """Make this version the active one."""
        return Response(VersionSerializer(versions.activate_version(prompt_id=prompt_id, number=number)).data)

    @extend_schema(
        request=TestSerializer,
        responses={202: RunSerializer},
        extensions=refusals(testing.CasesInvalid, cases.TestCaseInvalid, AssertionsInvalid),
        examples=[OpenApiExample("One case of its own", {"test_cases": [CASE_EXAMPLE]}, request_only=True)],
    )
    def test(self, request: Request, prompt_id: str, number: int) -> Response:
        """Test this version with the model; follow Location for the results."""
        body = self.validated(TestSerializer)
        run = testing.test_prompt_version(
            prompt_id=prompt_id,
            number=number,
            cases=body.get("test_cases"),
            model=body["model"],
            concurrency=body["concurrency"],
        )
        location = reverse("prompts-run", args=[run.uid])
        run = runs.get_run(uid=str(run.uid))
        return Response(RunSerializer(run).data, status=202, headers={"Location": location})


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
        examples=[OpenApiExample("A case", CASE_EXAMPLE, request_only=True)],
    )
    def create(self, request: Request, prompt_id: str) -> Response:
        """Add a case."""
        case = cases.create_test_case(prompt_id=prompt_id, **self.validated(TestCaseSerializer))
        return Response(TestCaseSerializer(case).data, status=201)

    @extend_schema(extensions=CASE_REFUSALS)
    def update(self, request: Request, prompt_id: str, uid: str) -> Response:
        """Replace a case; runs that used it keep it as it was."""
        body = self.validated(TestCaseSerializer)
        case = cases.update_test_case(prompt_id=prompt_id, uid=uid, **{**cases.BLANK, **body})
        return Response(TestCaseSerializer(case).data)

    @extend_schema(extensions=CASE_REFUSALS)
    def partial_update(self, request: Request, prompt_id: str, uid: str) -> Response:
        """Change some of a case."""
        serializer = TestCaseSerializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        case = cases.update_test_case(prompt_id=prompt_id, uid=uid, **serializer.validated_data)
        return Response(TestCaseSerializer(case).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, prompt_id: str, uid: str) -> Response:
        """Delete a case; runs that used it keep it."""
        cases.delete_test_case(prompt_id=prompt_id, uid=uid)
        return Response(status=204)


class RunFilter(django_filters.FilterSet):
    prompt_id = django_filters.CharFilter("version__prompt__prompt_id")
    version = django_filters.NumberFilter("version__number")

    class Meta:
        model = Run
        fields = ["status", "model", "ad_hoc"]


class RunViewSet(ReadViewSet):
    """Tests of versions, newest first; a single one with its results."""

    queryset = Run.objects.select_related("version__prompt")
    serializer_class = RunSerializer
    filterset_class = RunFilter

    def get_object(self) -> Run:
        return runs.get_run(uid=self.kwargs["uid"])

    @extend_schema(responses=RunDetailSerializer)
    def retrieve(self, request: Request, uid: str) -> Response:
        """A run with the result of every case; ask again while its status is pending or running."""
        self.query()
        return Response(_detail(self.get_object()))

    @extend_schema(request=None, responses=RunDetailSerializer)
    def cancel(self, request: Request, uid: str) -> Response:
        """End a run that is not over."""
        return Response(_detail(runs.cancel_run(uid=uid)))


def _detail(run: Run) -> dict[str, Any]:
    found = Run.objects.select_related("version__prompt").prefetch_related("results__test_case").get(pk=run.pk)
    return RunDetailSerializer(found).data


class CompareView(APIView):
    """Two versions side by side."""

    @extend_schema(responses=ComparisonSerializer, parameters=[ComparisonQuery])
    def get(self, request: Request, prompt_id: str) -> Response:
        """Difference of texts, settings and results, and whether it can be chance."""
        asked = self.query(ComparisonQuery)
        found = comparison.compare_versions(prompt_id=prompt_id, before=asked["from"], after=asked["to"])
        return Response(ComparisonSerializer(found).data)


class RegressionView(APIView):
    @extend_schema(responses=ReportSerializer)
    def get(self, request: Request, prompt_id: str) -> Response:
        """How every version did, and whether the newest tested one is worse than the active one."""
        self.query()
        return Response(ReportSerializer(regression.regression_report(prompt_id=prompt_id)).data)


class RenderView(APIView):
    scope = "read"

    @extend_schema(
        request=RenderSerializer,
        responses=RenderedSerializer,
        extensions=refusals(VariablesInvalid, TemplateInvalid),
        examples=[OpenApiExample("A text", {"input": "The sunset was beautiful"}, request_only=True)],
    )
    def post(self, request: Request, prompt_id: str) -> Response:
        """The messages a model would be sent; a missing or unknown variable is an error."""
        body = self.validated(RenderSerializer)
        version = versions.get_version(prompt=prompts.get_prompt(prompt_id=prompt_id), number=body.get("version"))
        messages = apart.conversation(version.conversation, body["input"], plain=version.is_plain)
        counted = count_messages(messages, body["model"] or str(version.settings.get("model", "")))
        answer = {
            "prompt_id": prompt_id,
            "version": version.number,
            "messages": messages,
            "settings": version.settings,
            "tokens": counted.tokens,
            "exact": counted.exact,
        }
        return Response(RenderedSerializer(answer).data)


class CountView(APIView):
    scope = "read"

    @extend_schema(
        request=CountSerializer,
        responses=CountedSerializer,
        examples=[OpenApiExample("A text", {"text": "hello world", "model": "gpt-4o"}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        """Count the tokens of a text or of messages, 1 MiB at most, without a network."""
        body = self.validated(CountSerializer)
        if "messages" in body:
            body["messages"] = [Message(**message) for message in body["messages"]]
        return Response(CountedSerializer(count(**body)).data)


class CompressView(APIView):
    scope = "read"

    @extend_schema(
        request=CompressSerializer,
        responses=CompressedSerializer,
        examples=[
            OpenApiExample(
                "A file", {"text": "x = 1  # one\n", "max_tokens": 5, "language": "python"}, request_only=True
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """A text of at most 1 MiB cut to a token budget, never over it: whitespace, comments, summary, truncation."""
        return Response(CompressedSerializer(compressing.compress(**self.validated(CompressSerializer))).data)
