"""The REST door of the trail."""

from typing import Any

import django_filters
from django.http import StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from audit import reports, rollback, streaming, trail
from audit.backups import making
from audit.export import CONTENT_TYPES, FORMATS, export, file_name
from audit.ledger import sealing, signing, verification
from audit.models import BackupRun, Checkpoint, Event, EventQuerySet
from audit.serializers import (
    BackupSerializer,
    BatchSerializer,
    CheckpointSerializer,
    CheckpointsSerializer,
    EventSerializer,
    GroupRollbackSerializer,
    GroupRolledBackSerializer,
    HistoryQuery,
    HistorySerializer,
    NewBackupSerializer,
    NewEventSerializer,
    PlanSerializer,
    ProofQuery,
    ProofSerializer,
    RecordedSerializer,
    RollbackSerializer,
    RolledBackSerializer,
    SendSerializer,
    StandingSerializer,
    StateQuery,
    StateSerializer,
    VerdictSerializer,
    VerifySerializer,
)
from audit.verdicts import OUTCOMES
from config.database.prepared import ByColumn
from config.rest.filtering import FilterBackend
from config.rest.times import TimeFilter
from config.rest.views import APIView, ReadViewSet, ViewSet


class EventFilter(django_filters.FilterSet):
    start = TimeFilter("timestamp", "gte", label="from this time on")
    end = TimeFilter("timestamp", "lt", label="before this time")

    event_type = django_filters.CharFilter(method="where", label="exactly")
    entity_type = django_filters.CharFilter(method="where", label="exactly")
    entity_id = django_filters.CharFilter(method="where", label="exactly")
    correlation_id = django_filters.CharFilter(method="where", label="exactly")
    user = django_filters.CharFilter(method="by_user", label="exactly")
    agent = django_filters.CharFilter(method="joined_by")
    session_id = django_filters.CharFilter(method="joined_by")
    tool_use_id = django_filters.CharFilter(method="joined_by")
    decision = django_filters.ChoiceFilter(choices=[(outcome, outcome) for outcome in OUTCOMES], method="decided")
    rule = django_filters.CharFilter(method="decided_by", label="a decision by this rule")

    class Meta:
        model = Event
        fields = ["actor"]

    def where(self, events: EventQuerySet, name: str, value: str) -> EventQuerySet:
        return events.where(**{name: value})

    def by_user(self, events: EventQuerySet, name: str, value: str) -> EventQuerySet:
        return events.by_user(value)

    def decided(self, events: EventQuerySet, name: str, value: str) -> EventQuerySet:
        return events.decided(value)

    def joined_by(self, events: EventQuerySet, name: Any, value: str) -> EventQuerySet:
        return events.joined_by(name, value)

    def decided_by(self, events: EventQuerySet, name: str, value: str) -> EventQuerySet:
        return events.decided().filter(new_value__rule=value)


class EventViewSet(ReadViewSet):
    """Events, newest first. Each is recorded once and never altered."""

    queryset = Event.objects.all()
    serializer_class = EventSerializer
    filterset_class = EventFilter
    large_fields = ("old_value", "new_value", "changes", "context")
    lookup_field = "uid"
    lookup_value_converter = "uuid"
    found_by = ByColumn(Event.objects.all(), "uid")

    @property
    def ordering(self) -> tuple[str, ...]:
        """By time within a window of time: by id, everything recorded after it would be read first."""
        asked = self.request.query_params if self.request else {}
        return ("-timestamp", "-id") if "start" in asked or "end" in asked else ("-id",)

    @extend_schema(
        request=PolymorphicProxySerializer(
            component_name="NewEvents", serializers=[NewEventSerializer, BatchSerializer], resource_type_field_name=None
        ),
        responses={
            201: PolymorphicProxySerializer(
                component_name="RecordedEvents",
                serializers=[EventSerializer, RecordedSerializer],
                resource_type_field_name=None,
            )
        },
    )
    def create(self, request: Request) -> Response:
        """Record an event, or several at once: up to 500 as `{"events": [...]}`, all or none."""
        many = isinstance(request.data, dict) and "events" in request.data
        bodies = self.validated(BatchSerializer)["events"] if many else [self.validated(NewEventSerializer)]
        rows = reports.report(events=[trail.NewEvent(**body) for body in bodies])
        answer = EventSerializer(rows, many=True).data
        return Response({"events": answer} if many else answer[0], status=201)

    @extend_schema(responses={200: ProofSerializer, 409: None}, parameters=[ProofQuery])
    @action(detail=True)
    def proof(self, request: Request, uid: str) -> Response:
        """Prove that a signed checkpoint holds an event; `audit/ledger/verify_proof.py` checks it anywhere."""
        size = self.query(ProofQuery).get("size")
        return Response(sealing.prove(uid=uid, checkpoint_size=size))


class CheckpointViewSet(mixins.ListModelMixin, ViewSet):
    """Signed checkpoints, newest first."""

    queryset = Checkpoint.objects.all()
    serializer_class = CheckpointSerializer
    ordering = "-size"

    @extend_schema(responses=CheckpointsSerializer, filters=False)
    @action(detail=False, url_path="status", pagination_class=None)
    def status(self, request: Request) -> Response:
        """Show what no checkpoint holds yet: how many events; and the public key to check notes with."""
        self.query()
        count = sealing.unsealed().count()
        return Response(
            {"public_key": signing.public_key(), "unsealed": count, "seconds_unsealed": sealing.seconds_unsealed()}
        )


class BackupFilter(django_filters.FilterSet):
    class Meta:
        model = BackupRun
        fields = ["kind", "status", "verification"]


class BackupViewSet(ReadViewSet):
    """The log of backups, newest first."""

    queryset = BackupRun.objects.all()
    serializer_class = BackupSerializer
    filterset_class = BackupFilter
    lookup_field = "uid"
    lookup_value_converter = "uuid"
    found_by = ByColumn(BackupRun.objects.all(), "uid")

    @extend_schema(
        request=NewBackupSerializer,
        responses={202: BackupSerializer},
    )
    def create(self, request: Request) -> Response:
        """Start a backup; follow Location until its status is completed or failed."""
        run = making.start(**self.validated(NewBackupSerializer))
        location = reverse("audit-backup-detail", args=[run.uid])
        return Response(BackupSerializer(run).data, status=202, headers={"Location": location})


class VerifyView(APIView):
    """Check events, tree and checkpoints against each other; names the first fault."""

    scope = "read"

    @extend_schema(request=VerifySerializer, responses=VerdictSerializer)
    def post(self, request: Request) -> Response:
        return Response(VerdictSerializer(verification.verify(**self.validated(VerifySerializer))).data)


class StreamView(APIView):
    """The stream of events to a SIEM. To send it all again takes an admin: it floods the receiver."""

    @extend_schema(responses=StandingSerializer)
    def get(self, request: Request) -> Response:
        """Show how far the stream to the SIEM has come."""
        self.query()
        return Response(StandingSerializer(streaming.standing()).data)

    @extend_schema(request=SendSerializer, responses=StandingSerializer)
    def post(self, request: Request) -> Response:
        """Send what waits for the SIEM now; the worker does so each minute."""
        if self.validated(SendSerializer)["restart"]:
            streaming.restart()
        streaming.send()
        return Response(StandingSerializer(streaming.standing()).data)


class HistoryView(APIView):
    """Show what happened to an entity, newest first."""

    @extend_schema(responses=HistorySerializer(many=True), parameters=[HistoryQuery])
    def get(self, request: Request, entity_type: str, entity_id: str) -> Response:
        events = trail.history(entity_type=entity_type, entity_id=entity_id, **self.query(HistoryQuery))
        return Response(HistorySerializer(events, many=True).data)


class StateView(APIView):
    """Show what an entity was at a time."""

    @extend_schema(responses=StateSerializer, parameters=[StateQuery])
    def get(self, request: Request, entity_type: str, entity_id: str) -> Response:
        at = self.query(StateQuery).get("at", timezone.now())
        event = trail.state_at(entity_type=entity_type, entity_id=entity_id, at=at)
        return Response(StateSerializer({"at": at, "state": event.new_value, "event": event.uid}).data)


class RollbackView(APIView):
    """Go back to an earlier state of an entity; the rollback is an event itself and can be rolled back."""

    @extend_schema(request=RollbackSerializer, responses={200: RolledBackSerializer, 201: RolledBackSerializer})
    def post(self, request: Request, entity_type: str, entity_id: str) -> Response:
        body = self.validated(RollbackSerializer)
        to, based_on = (str(body[name]) if name in body else None for name in ("to", "based_on"))
        plan = PlanSerializer(rollback.plan(entity_type=entity_type, entity_id=entity_id, to=to)).data
        if body["dry_run"]:
            return Response({"plan": plan, "event": None})
        event = rollback.apply(
            entity_type=entity_type,
            entity_id=entity_id,
            to=to,
            based_on=based_on,
            reason=body["reason"],
            force=body["force"],
        )
        return Response({"plan": plan, "event": EventSerializer(event).data}, status=201)


class GroupRollbackView(APIView):
    """Undo everything of one request, command or job: all of its entities, or none."""

    @extend_schema(
        request=GroupRollbackSerializer, responses={200: GroupRolledBackSerializer, 201: GroupRolledBackSerializer}
    )
    def post(self, request: Request) -> Response:
        body = self.validated(GroupRollbackSerializer)
        dry_run = body.pop("dry_run")
        plans = PlanSerializer(rollback.plan_group(correlation_id=body["correlation_id"]), many=True).data
        if dry_run:
            return Response({"plans": plans, "events": []})
        events = rollback.apply_group(**body)
        return Response({"plans": plans, "events": EventSerializer(events, many=True).data}, status=201)


class ExportView(APIView):
    """Export all events that match the filters, oldest first, as a file."""

    queryset = Event.objects.all()
    filterset_class = EventFilter
    FORMAT = OpenApiParameter("format", str, enum=FORMATS, description="By default json.")

    FILES = {
        (200, kind): OpenApiTypes.ANY if kind.endswith("/json") else OpenApiTypes.STR for kind in CONTENT_TYPES.values()
    }

    @extend_schema(parameters=[FORMAT], responses=FILES)
    def get(self, request: Request) -> StreamingHttpResponse:
        form = request.query_params.get("format", "json")
        events = FilterBackend().filter_queryset(request, Event.objects.all(), self)
        chunks = export(events=events, form=form)
        response = StreamingHttpResponse(chunks, content_type=CONTENT_TYPES[form])
        response.headers["Content-Disposition"] = f'attachment; filename="{file_name(form)}"'
        return response
