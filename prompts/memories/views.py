"""REST: memories and patterns."""

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from config.rest.openapi import refusals
from config.rest.views import APIView, ReadViewSet
from prompts.memories import recalling, remembering
from prompts.memories.serializers import (
    CorrectSerializer,
    MemorySerializer,
    RecalledSerializer,
    RecallSerializer,
    RememberSerializer,
)
from prompts.models import Memory

REFUSED = refusals(remembering.MemoryInvalid)  # what nothing is left of without its secrets


class MemoryFilter(django_filters.FilterSet):
    live = django_filters.BooleanFilter(method="only_live", label="neither superseded nor past its time")

    class Meta:
        model = Memory
        fields = ["tier", "project", "agent", "session_id", "task_id", "success", "is_explicit"]

    def only_live(self, rows: Any, name: str, value: bool) -> Any:
        return rows.live() if value else rows


class MemoryViewSet(ReadViewSet):
    """What was learnt and is to be known later, newest first."""

    queryset = Memory.objects.select_related("superseded_by")
    serializer_class = MemorySerializer
    filterset_class = MemoryFilter
    lookup_field = "uid"
    large_fields = ("text",)

    @extend_schema(
        request=RememberSerializer, responses={200: MemorySerializer, 201: MemorySerializer}, extensions=REFUSED
    )
    def create(self, request: Request) -> Response:
        """Remember something; what is known already is answered with 200. Secrets are taken out."""
        done = remembering.remember(**self.validated(RememberSerializer))
        headers = {"Location": reverse("prompts-memory", args=[done.memory.uid])}
        status = 201 if done.created else 200
        return Response(MemorySerializer(done.memory).data, status=status, headers=headers)

    @extend_schema(request=CorrectSerializer(partial=True), responses=MemorySerializer, extensions=REFUSED)
    def partial_update(self, request: Request, uid: Any) -> Response:
        """Correct a memory: what it says, or where it holds."""
        serializer = CorrectSerializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        return Response(MemorySerializer(remembering.correct_memory(uid=uid, **serializer.validated_data)).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, uid: Any) -> Response:
        """Forget a memory for good; what is no longer true is better superseded."""
        remembering.forget(uid=uid)
        return Response(status=204)


class RecallView(APIView):
    scope = "read"

    @extend_schema(request=RecallSerializer, responses=RecalledSerializer)
    def post(self, request: Request) -> Response:
        """Recall the memories that fit a question: each with why, within a budget of tokens."""
        found = recalling.recall(**self.validated(RecallSerializer))
        return Response(RecalledSerializer(found).data)


class PatternViewSet(ReadViewSet):
    """Ways of working that succeeded again and again, newest first."""

    queryset = Memory.objects.filter(tier=Memory.Tier.PATTERN).select_related("superseded_by")
    serializer_class = MemorySerializer
    filterset_class = MemoryFilter
    noun = "pattern"

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List ways of working that succeeded again and again, newest first."""
        return super().list(request, *args, **kwargs)
