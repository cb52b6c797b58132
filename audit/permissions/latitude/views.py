"""The REST door of postures, exceptions and explanations."""

from typing import ClassVar

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from audit.models import PermissionException, PermissionOnce, PermissionPosture
from audit.permissions import once
from audit.permissions.calls import Call, canonical_tool
from audit.permissions.latitude import choosing, excepting, explaining
from audit.permissions.latitude.serializers import (
    AllowanceSerializer,
    ExceptionSerializer,
    ExplainedSerializer,
    ExplainSerializer,
    PostureSerializer,
)
from config.rest.openapi import refusals
from config.rest.views import APIView, ReadViewSet

_REFUSED = refusals(choosing.ScopeRefused)


class PostureFilter(django_filters.FilterSet):
    class Meta:
        model = PermissionPosture
        fields = ["agent", "project", "posture"]


class PostureViewSet(ReadViewSet):
    """Postures: how much agents are answered of what no rule speaks of. Changing them needs a key of scope admin."""

    queryset = PermissionPosture.objects.all()
    serializer_class = PostureSerializer
    filterset_class = PostureFilter
    lookup_field = "uid"
    lookup_value_converter = "uuid"
    action_scopes: ClassVar = {"create": "admin", "destroy": "admin"}

    @extend_schema(request=PostureSerializer, responses={201: PostureSerializer}, extensions=_REFUSED)
    def create(self, request: Request) -> Response:
        """Choose a posture for an agent, a project or everybody; it replaces the one there was."""
        row = choosing.choose_posture(**self.validated(PostureSerializer))
        return Response(PostureSerializer(row).data, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, uid: str) -> Response:
        """Forget a posture; what is chosen more widely holds then. That of everybody is only changed."""
        choosing.forget_posture(uid=str(uid))
        return Response(status=204)


class ExceptionFilter(django_filters.FilterSet):
    class Meta:
        model = PermissionException
        fields = ["rule_id", "agent", "project"]


class ExceptionViewSet(ReadViewSet):
    """Rules that do not hold for somebody, for a while. Changing them needs a key of scope admin."""

    queryset = PermissionException.objects.all()
    serializer_class = ExceptionSerializer
    filterset_class = ExceptionFilter
    lookup_field = "uid"
    lookup_value_converter = "uuid"
    action_scopes: ClassVar = {"create": "admin", "destroy": "admin"}

    @extend_schema(request=ExceptionSerializer, responses={201: ExceptionSerializer}, extensions=_REFUSED)
    def create(self, request: Request) -> Response:
        """Except an agent, a project or everybody from a rule or a pack."""
        row = excepting.except_rule(**self.validated(ExceptionSerializer))
        return Response(ExceptionSerializer(row).data, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, uid: str) -> Response:
        """End an exception: the rule holds again."""
        excepting.end_exception(uid=str(uid))
        return Response(status=204)


class AllowanceFilter(django_filters.FilterSet):
    class Meta:
        model = PermissionOnce
        fields = ["code", "agent"]


class AllowanceViewSet(ReadViewSet):
    """Calls that were refused and may run once. Allowing takes a key of scope admin, never the agent's own."""

    queryset = PermissionOnce.objects.all()
    serializer_class = AllowanceSerializer
    filterset_class = AllowanceFilter
    lookup_field = "uid"
    lookup_value_converter = "uuid"
    action_scopes: ClassVar = {"create": "admin", "destroy": "admin"}

    @extend_schema(request=AllowanceSerializer, responses={201: AllowanceSerializer})
    def create(self, request: Request) -> Response:
        """Allow a call that was refused once, by the code in its refusal."""
        row = once.allow_once(**self.validated(AllowanceSerializer))
        return Response(AllowanceSerializer(row).data, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, uid: str) -> Response:
        """Withdraw an allowance: the call is refused again."""
        once.withdraw(uid=str(uid))
        return Response(status=204)


class ExplainView(APIView):
    """Why a tool call is decided as it is."""

    scope = "read"

    @extend_schema(request=ExplainSerializer, responses=ExplainedSerializer)
    def post(self, request: Request) -> Response:
        """Explain a decision: every rule that has a say, and what an agent is told; nothing is recorded."""
        asked = self.validated(ExplainSerializer)
        call = Call(
            tool=canonical_tool(asked["tool_name"]),
            input=asked["tool_input"],
            agent=asked["agent"],
            cwd=asked["cwd"],
            root=asked["cwd"],
        )
        return Response(explaining.explain(call=call, mode=asked["mode"]).as_dict())
