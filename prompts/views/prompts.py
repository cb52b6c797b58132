"""REST: prompts, their versions, and a render of one."""

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.http import parse_etags
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.rest.openapi import refusals
from config.rest.views import APIView, ReadViewSet
from prompts import apart, cases, composition, content, lookup, prompts, runs, testing, versions
from prompts.assertions import AssertionsInvalid
from prompts.models import PRODUCTION, PROMPT_ID, Prompt, PromptQuerySet, Version, VersionQuerySet
from prompts.serializers.prompts import (
    FetchQuery,
    NewVersionSerializer,
    PromptSerializer,
    PromptUpdateSerializer,
    RenderedSerializer,
    RenderSerializer,
    VersionSerializer,
)
from prompts.serializers.runs import RunSerializer, TestSerializer
from prompts.templates import TemplateInvalid, VariablesInvalid
from prompts.tokens import count_messages


class PromptFilter(django_filters.FilterSet):
    search = django_filters.CharFilter("prompt_id", "icontains", label="part of the prompt_id")

    folder = django_filters.CharFilter(method="in_folder", label="a folder, with those below it")
    tag = django_filters.CharFilter("tagged__name", label="one of its tags")

    class Meta:
        model = Prompt
        fields = ["prompt_id"]

    def in_folder(self, found: PromptQuerySet, name: str, value: str) -> "QuerySet[Prompt]":
        return found.within(value)


class PromptViewSet(ReadViewSet):
    """Prompts, newest first."""

    queryset = Prompt.objects.with_active_version().prefetch_related("tagged")
    serializer_class = PromptSerializer
    filterset_class = PromptFilter
    lookup_field = "prompt_id"

    def get_object(self) -> Prompt:
        prompts.get_prompt(prompt_id=self.kwargs["prompt_id"])
        return Prompt.objects.with_active_version().get(prompt_id=self.kwargs["prompt_id"])

    @extend_schema(
        parameters=[FetchQuery],
        responses={
            200: PolymorphicProxySerializer(
                component_name="PromptOrVersion",
                serializers=[PromptSerializer, VersionSerializer],
                resource_type_field_name=None,
            ),
            304: None,
        },
    )
    def retrieve(self, request: Request, prompt_id: str) -> Response:
        """Show a prompt; with `label`, the version that holds it, with an ETag that a later request can ask by."""
        label = self.query(FetchQuery).get("label")
        if label is None:
            return Response(PromptSerializer(self.get_object()).data)
        version = lookup.fetch_version(prompt_id=prompt_id, label=label)
        headers = {"ETag": version.etag, "Cache-Control": "private, no-cache"}
        if version.etag in parse_etags(request.headers.get("If-None-Match", "")):
            return Response(status=304, headers=headers)
        return Response(VersionSerializer(version).data, headers=headers)

    def create(self, request: Request) -> Response:
        """Make a prompt; saving a version makes it too."""
        prompt = prompts.create_prompt(**self.validated(PromptSerializer))
        return self._answer(prompt.prompt_id, status=201)

    @extend_schema(request=PromptUpdateSerializer)
    def update(self, request: Request, prompt_id: str) -> Response:
        """Replace the description of a prompt; folder and tags where they are given."""
        prompts.update_prompt(prompt_id=prompt_id, **self.validated(PromptUpdateSerializer))
        return self._answer(prompt_id)

    @extend_schema(request=PromptUpdateSerializer(partial=True))
    def partial_update(self, request: Request, prompt_id: str) -> Response:
        """Change the description, the folder or the tags of a prompt."""
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
    is_active = django_filters.BooleanFilter(method="holding_production", label="whether it holds production")
    label = django_filters.CharFilter("labels__name", label="a label it holds")

    class Meta:
        model = Version
        fields = ["content_hash", "branch"]

    def holding_production(self, versions: VersionQuerySet, name: str, value: bool) -> "QuerySet[Version]":
        return versions.active() if value else versions.exclude(labels__name=PRODUCTION)


class VersionViewSet(ReadViewSet):
    """The versions of a prompt, newest first. A saved version never changes."""

    queryset = Version.objects.select_related("prompt").labelled().prefetch_related("parts__part__prompt")
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
        return lookup.get_version(prompt=prompt, number=self.kwargs["number"])

    @extend_schema(
        parameters=[OpenApiParameter("prompt_id", {"type": "string", "pattern": f"^{PROMPT_ID}$"}, "path")],
        request=NewVersionSerializer,
        responses={201: VersionSerializer, 200: VersionSerializer},
        extensions=refusals(content.VersionInvalid, TemplateInvalid, composition.ReferenceInvalid),
    )
    def create(self, request: Request, prompt_id: str) -> Response:
        """Save the next version of a prompt. One that says exactly the same is answered with 200, not saved again."""
        return self._saved(versions.save_version(prompt_id=prompt_id, **self.validated(NewVersionSerializer)))

    def _saved(self, saved: versions.Saved) -> Response:
        version = saved.version
        location = reverse("prompts-version", args=[version.prompt.prompt_id, version.number])
        answer = VersionSerializer(version).data
        return Response(answer, status=201 if saved.created else 200, headers={"Location": location})

    @extend_schema(request=None, responses=VersionSerializer)
    def activate(self, request: Request, prompt_id: str, number: int) -> Response:
        """Make a version the active one: the label production moves to it."""
        return Response(VersionSerializer(versions.activate_version(prompt_id=prompt_id, number=number)).data)

    @extend_schema(request=None, responses={201: VersionSerializer, 200: VersionSerializer})
    def adopt(self, request: Request, prompt_id: str, number: int) -> Response:
        """Adopt a version of a branch: what it says becomes the next version of the line."""
        saved = versions.adopt_version(prompt_id=prompt_id, number=number)
        return self._saved(saved)

    @extend_schema(
        request=TestSerializer,
        responses={202: RunSerializer},
        extensions=refusals(testing.CasesInvalid, cases.TestCaseInvalid, AssertionsInvalid),
    )
    def test(self, request: Request, prompt_id: str, number: int) -> Response:
        """Test a version with the model; follow Location for the results."""
        body = self.validated(TestSerializer)
        run = testing.test_prompt_version(
            prompt_id=prompt_id,
            number=number,
            cases=body.get("test_cases"),
            model=body["model"],
            **{name: body[name] for name in ("concurrency", "repeats", "threshold", "reuse")},
        )
        location = reverse("prompts-run", args=[run.uid])
        run = runs.get_run(uid=str(run.uid))
        return Response(RunSerializer(run).data, status=202, headers={"Location": location})


class RenderView(APIView):
    scope = "read"

    @extend_schema(
        request=RenderSerializer,
        responses=RenderedSerializer,
        extensions=refusals(VariablesInvalid, TemplateInvalid),
    )
    def post(self, request: Request, prompt_id: str) -> Response:
        """Render the messages a model would be sent; a missing or unknown variable is an error."""
        body = self.validated(RenderSerializer)
        prompt = prompts.get_prompt(prompt_id=prompt_id)
        version = lookup.get_version(prompt=prompt, number=body.get("version"), label=body["label"])
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
