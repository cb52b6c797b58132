"""The REST door of rules, decisions and hooks."""

import json
import logging
from dataclasses import asdict
from typing import Any, ClassVar

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from audit import limits
from audit.dialects import AGENTS, Malformed
from audit.dialects.dialect import BLOCK, NOT_JUDGED
from audit.models import PermissionRule
from audit.permissions import decisions, formats, held, hooks, offline, store
from audit.permissions.rules import Rule
from audit.permissions.serializers import (
    CallSerializer,
    DecisionSerializer,
    ExportedSerializer,
    ExportQuery,
    HookSerializer,
    ImportedSerializer,
    ReplayedSerializer,
    ReplaySerializer,
    RuleFileSerializer,
    RuleSerializer,
)
from config.errors import DomainError, FieldError, NotFound
from config.rest.openapi import refusals
from config.rest.problems import as_domain_error
from config.rest.views import APIView, ReadViewSet

logger = logging.getLogger(__name__)

REFUSED = refusals(store.RuleRefused)  # a specifier its tool has no use for, examples that do not fit


class UnreadableRules(DomainError):
    """The text is no file of rules in the format named."""

    code = "unreadable-rules"
    remedy = "send the file in the format you name; `detail` says where it is not"


class RuleFilter(django_filters.FilterSet):
    class Meta:
        model = PermissionRule
        fields = ["agent", "tool", "decision", "is_enabled", "source"]


class RuleViewSet(ReadViewSet):
    """Permission rules. Deny comes before confirm before allow, whatever their order.

    Changing rules needs a key of scope admin: a key that an agent holds must not loosen what binds it.
    """

    queryset = PermissionRule.objects.all()
    serializer_class = RuleSerializer
    filterset_class = RuleFilter
    lookup_field = "uid"
    lookup_value_converter = "uuid"
    action_scopes: ClassVar = {
        **dict.fromkeys(("create", "update", "partial_update", "destroy", "read_file", "defaults"), "admin"),
        "dry_run": "read",
    }

    @extend_schema(
        request=RuleSerializer,
        responses={201: RuleSerializer},
        extensions=REFUSED,
    )
    def create(self, request: Request) -> Response:
        """Add a rule; its examples are checked."""
        row = store.create_rule(**self.validated(RuleSerializer))
        return Response(RuleSerializer(row).data, status=201)

    @extend_schema(request=RuleSerializer, responses=RuleSerializer, extensions=REFUSED)
    def update(self, request: Request, uid: str) -> Response:
        """Replace a rule."""
        blank = {"agent": "", "specifier": "", "reason": "", "match": [], "not_match": [], "is_enabled": True}
        row = store.change_rule(uid=str(uid), **{**blank, **self.validated(RuleSerializer)})
        return Response(RuleSerializer(row).data)

    @extend_schema(request=RuleSerializer(partial=True), responses=RuleSerializer, extensions=REFUSED)
    def partial_update(self, request: Request, uid: str) -> Response:
        """Change fields of a rule."""
        serializer = RuleSerializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        return Response(RuleSerializer(store.change_rule(uid=str(uid), **serializer.validated_data)).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, uid: str) -> Response:
        """Remove a rule."""
        store.delete_rule(uid=str(uid))
        return Response(status=204)

    @extend_schema(
        request=RuleFileSerializer,
        responses={200: ImportedSerializer, 201: ImportedSerializer},
        extensions=refusals(UnreadableRules, store.RuleRefused),
    )
    @action(detail=False, methods=["post"], url_path="import")
    def read_file(self, request: Request) -> Response:
        """Import rules from the file of an agent, by its format, or from YAML lists."""
        body = self.validated(RuleFileSerializer)
        found = _read(body["text"], body["format"], body["agent"])
        if body["dry_run"]:
            sound = [store.checked(rule, f"rules[{index}].") for index, rule in enumerate(found.rules)]
            created = [f"{rule.decision} {rule.text}" for rule in sound]
            return Response({"created": created, "known": 0, "removed": 0, "notes": found.notes})
        done = store.import_rules(rules=found.rules, source=body["format"], replace_source=body["replace"])
        return Response(_imported(done, found.notes), status=201)

    @extend_schema(parameters=[ExportQuery], responses=ExportedSerializer, filters=False)
    @action(detail=False, methods=["get"], url_path="export", pagination_class=None)
    def write_file(self, request: Request) -> Response:
        """Export the rules as a file of another program."""
        asked = self.query(ExportQuery)
        done = formats.write(held.load_rules(), asked["format"], asked["agent"])
        return Response({"format": asked["format"], "text": done.text, "notes": done.notes})

    @extend_schema(request=None, responses={201: ImportedSerializer})
    @action(detail=False, methods=["post"])
    def defaults(self, request: Request) -> Response:
        """Add the shipped rules that are not there yet."""
        done = store.load_defaults()
        return Response(_imported(done, []), status=201)

    @extend_schema(request=ReplaySerializer, responses=ReplayedSerializer, extensions=REFUSED)
    @action(detail=False, methods=["post"], url_path="dry-run")
    def dry_run(self, request: Request) -> Response:
        """Judge recorded decisions again by other rules: what would have changed of the newest."""
        body = self.validated(ReplaySerializer)
        rules, add = (
            [_rule(item, f"{name}[{index}].") for index, item in enumerate(body[name])] if name in body else None
            for name in ("rules", "add")
        )
        return Response(asdict(decisions.replay(rules=rules, add=add or [], limit=body["limit"])))


class DecisionView(APIView):
    """May an agent make this tool call?"""

    scope = "read"

    @extend_schema(
        request=CallSerializer,
        responses=DecisionSerializer,
    )
    def post(self, request: Request) -> Response:
        """Decide whether an agent may make a tool call, and record it. Where no rule matches, it is to confirm."""
        decided = decisions.decide(**self.validated(CallSerializer))
        return Response(decisions.present(decided))


class HookView(APIView):
    """An agent's hook over HTTP, answered in its own dialect."""

    @extend_schema(
        request=HookSerializer,
        responses={200: dict[str, Any]},
    )
    def post(self, request: Request, agent: str) -> Response:
        """Answer an agent's hook: decide before a tool call, record after it.

        What cannot be understood is denied, in the agent's words. The headers `Handrail-Exit` and
        `Handrail-Sentence` (JSON) say how a hook's process has to end and what it has to write to stderr; a client
        sends `Handrail-Root` and `Handrail-Home` (JSON), the project and the home that rules with / and ~ are about.
        Asked with the header `Handrail-Offline`, and answered with it, the body is `{answer, offline}`: what a client
        may leave to its agent while it cannot reach the service.
        """
        if agent not in AGENTS:
            raise NotFound(f"There is no hook for {agent[:32]}; known are {', '.join(AGENTS)}.")
        payload: Any = None
        try:
            payload = request.data
            root, home = (_place(request, name) for name in ("Handrail-Root", "Handrail-Home"))
            reply = decisions.answer_hook(agent=agent, payload=payload, root=root, home=home)
            return _replied(reply, offline.told(agent) if "Handrail-Offline" in request.headers else None)
        except Malformed as error:
            reason = str(error)
        except Exception as error:
            # Agents run a tool whose hook answers with an error, so every failure must be a refusal.
            if known := as_domain_error(error):
                reason = known.detail
            else:
                logger.exception("The hook of %s could not be answered", agent)
                reason = type(error).__name__
        refused = hooks.refusal(agent, payload, reason)
        return _replied(hooks.Reply(refused, f"{NOT_JUDGED}: {reason}", BLOCK))


def _place(request: Request, name: str) -> str:
    """A folder of the client's machine, which rules with ~ and / need. Raises Malformed."""
    try:
        place = json.loads(request.headers.get(name) or '""')
    except ValueError as error:
        raise Malformed(f"{name} is not JSON") from error
    if not isinstance(place, str) or len(place) > limits.LONGEST_FOLDER:
        raise Malformed(f"{name} is no folder")
    return place


def _replied(reply: hooks.Reply, alone: dict[str, Any] | None = None) -> Response:
    """What a client has to say on stderr, and how it has to end, stand beside the answer and not in it; what it may do
    without us, where it has asked for that, goes with the answer, since headers of this length pass no proxy."""
    told = json.dumps(reply.sentence[: hooks.MAX_REASON])
    headers = {"Handrail-Exit": str(reply.exit_code), "Handrail-Sentence": told}
    if alone is None:
        return Response(reply.answer, headers=headers)
    return Response({"answer": reply.answer, "offline": alone}, headers={**headers, "Handrail-Offline": "1"})


def _read(text: str, form: formats.Format, agent: str) -> formats.Read:
    try:
        return formats.read(text, form, agent)
    except formats.Unreadable as error:
        raise UnreadableRules(
            str(error), errors=[FieldError(field="text", code="unreadable", detail=str(error))]
        ) from error


def _imported(done: store.Imported, notes: list[str]) -> dict[str, Any]:
    created = [str(row) for row in done.created]
    return {"created": created, "known": done.known, "removed": done.removed, "notes": notes}


def _rule(fields: dict[str, Any], where: str) -> Rule:
    known = {name: value for name, value in fields.items() if name != "is_enabled"}
    examples = {name: tuple(known.get(name, ())) for name in ("match", "not_match")}
    return store.checked(Rule(**{**known, **examples}), where)
