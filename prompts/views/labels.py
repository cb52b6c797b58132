"""REST: the labels of a prompt."""

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.rest.openapi import refusals
from config.rest.views import ReadViewSet
from prompts import content, gate, labels, lookup, prompts
from prompts.models import LABEL, PROMPT_ID, Label
from prompts.serializers.labels import (
    ApprovalSerializer,
    ApproveSerializer,
    GateQuery,
    LabelSerializer,
    MoveLabelSerializer,
    RulingSerializer,
)

_PATH = [
    OpenApiParameter("prompt_id", {"type": "string", "pattern": f"^{PROMPT_ID}$"}, "path"),
    OpenApiParameter("label", {"type": "string", "pattern": f"^{LABEL}$"}, "path"),
]


class LabelViewSet(ReadViewSet):
    """The labels of a prompt: each is held by one version."""

    queryset = Label.objects.select_related("version")
    serializer_class = LabelSerializer

    def get_queryset(self) -> "QuerySet[Label]":
        if "prompt_id" not in self.kwargs:
            return self.queryset.none()
        return self.queryset.filter(prompt=prompts.get_prompt(prompt_id=self.kwargs["prompt_id"]))

    def get_object(self) -> Label:
        prompt = prompts.get_prompt(prompt_id=self.kwargs["prompt_id"])
        return lookup.get_label(prompt=prompt, name=self.kwargs["label"])

    @extend_schema(
        parameters=_PATH,
        request=MoveLabelSerializer,
        responses=LabelSerializer,
        extensions=refusals(content.VersionInvalid),
    )
    def update(self, request: Request, prompt_id: str, label: str) -> Response:
        """Move a label to a version; it is made when it is new."""
        moved = labels.move_label(prompt_id=prompt_id, label=label, **self.validated(MoveLabelSerializer))
        return Response(LabelSerializer(moved).data)

    @extend_schema(parameters=[*_PATH, GateQuery], responses=RulingSerializer)
    def gate(self, request: Request, prompt_id: str, label: str) -> Response:
        """Tell whether a label would move to a version by evidence alone, and the verdict."""
        asked = self.query(GateQuery)
        ruling = gate.ruling_of(prompt_id=prompt_id, label=label, version=asked["version"])
        return Response(RulingSerializer(ruling).data)

    @extend_schema(
        parameters=_PATH,
        request=ApproveSerializer,
        responses={201: ApprovalSerializer},
        extensions=refusals(content.VersionInvalid),
    )
    def approve(self, request: Request, prompt_id: str, label: str) -> Response:
        """Approve a move of a protected label by somebody else, once."""
        given = gate.approve_move(prompt_id=prompt_id, label=label, **self.validated(ApproveSerializer))
        return Response(ApprovalSerializer(given).data, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, prompt_id: str, label: str) -> Response:
        """Take a label away; the version that held it stays."""
        labels.remove_label(prompt_id=prompt_id, label=label)
        return Response(status=204)
