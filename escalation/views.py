"""The REST door of bugs."""

from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from config.rest.openapi import refusals
from config.rest.views import APIView, ReadViewSet
from escalation import bugs, projects, reports, triage
from escalation.checking import Report
from escalation.fields import InvalidBug
from escalation.filters import ORDERS, BugFilter
from escalation.models import Bug, Occurrence, Project
from escalation.priority import calculate_priority
from escalation.serializers import (
    BugAssignSerializer,
    BugBatchSerializer,
    BugCountsSerializer,
    BugMuteSerializer,
    BugReopenSerializer,
    BugReportSerializer,
    BugResolveSerializer,
    BugSerializer,
    BugSummarySerializer,
    BugUpdateSerializer,
    GroupingSerializer,
    NewProjectSerializer,
    NewTicketLinkSerializer,
    NoBodySerializer,
    OccurrenceSerializer,
    PriorityQuestionSerializer,
    PriorityScoreSerializer,
    ProjectKeySerializer,
    ProjectSerializer,
    ProjectUpdateSerializer,
    ReportedBugsSerializer,
    TicketLinkSerializer,
    WholeBugSerializer,
)
from escalation.summary import summarise
from escalation.why_grouped import explain_grouping


@extend_schema_view(
    list=extend_schema(responses=BugSummarySerializer(many=True)), retrieve=extend_schema(responses=WholeBugSerializer)
)
class BugViewSet(ReadViewSet):
    """Bugs, newest first, or by `order`: the most urgent, or those seen last."""

    queryset = Bug.objects.all()
    serializer_class = BugSummarySerializer
    filterset_class = BugFilter
    lookup_field = "bug_id"
    lookup_value_regex = "[^/]+"

    @property
    def ordering(self) -> tuple[str, ...]:
        asked = self.request.query_params.get("order", "") if self.request else ""
        return ORDERS.get(asked, ORDERS["newest"])

    def get_queryset(self) -> QuerySet[Bug]:
        return Bug.objects.brief().prefetch_related("tags")

    @extend_schema(
        request=PolymorphicProxySerializer(
            component_name="NewBugs",
            serializers=[BugReportSerializer, BugBatchSerializer],
            resource_type_field_name=None,
        ),
        responses={
            201: PolymorphicProxySerializer(
                component_name="ReportedBugs",
                serializers=[BugSerializer, ReportedBugsSerializer],
                resource_type_field_name=None,
            )
        },
        extensions=refusals(InvalidBug),
    )
    def create(self, request: Request) -> Response:
        """Report a bug, or several at once: up to 500 as `{"bugs": [...]}`, all or none.

        The same `bug_id` again, or without one the same error again, raises its frequency.
        """
        if isinstance(request.data, dict) and "bugs" in request.data:
            return self._report_all(self.validated(BugBatchSerializer)["bugs"])
        return self._answer(reports.report_bug(**self.validated(BugReportSerializer)), status=201)

    def _report_all(self, bodies: list[dict[str, Any]]) -> Response:
        found = reports.report_bugs(bugs=[Report(**body) for body in bodies])
        answer = {"bugs": list(dict.fromkeys(found)), "bug_ids": [bug.bug_id for bug in found]}
        return Response(ReportedBugsSerializer(answer).data, status=201)

    def retrieve(self, request: Request, bug_id: str) -> Response:
        """Show a bug with all that is known of it."""
        self.query()
        return Response(WholeBugSerializer(bugs.find_bug(bug_id=bug_id)).data)

    @extend_schema(responses=GroupingSerializer)
    @action(detail=True, methods=["get"])
    def grouping(self, request: Request, bug_id: str) -> Response:
        """Explain why the reports of a bug are one bug: what counted, frame by frame."""
        self.query()
        return Response(GroupingSerializer(explain_grouping(bug_id=bug_id)).data)

    @extend_schema(request=BugUpdateSerializer, responses=BugSerializer, extensions=refusals(InvalidBug))
    def partial_update(self, request: Request, bug_id: str) -> Response:
        """Change a bug in one go; a status is reached by its verb and keeps the verb's rules."""
        return self._answer(triage.update_bug(bug_id=bug_id, **self.validated(BugUpdateSerializer)))

    @extend_schema(request=NoBodySerializer, responses=BugSerializer)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, bug_id: str) -> Response:
        """Acknowledge a pending bug."""
        self.validated(NoBodySerializer)
        return self._answer(bugs.acknowledge(bug_id=bug_id))

    @extend_schema(request=NoBodySerializer, responses=BugSerializer)
    @action(detail=True, methods=["post"])
    def investigate(self, request: Request, bug_id: str) -> Response:
        """Begin to work on a bug."""
        self.validated(NoBodySerializer)
        return self._answer(bugs.investigate(bug_id=bug_id))

    @extend_schema(request=BugResolveSerializer, responses=BugSerializer)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, bug_id: str) -> Response:
        """Resolve a bug, saying how and by whom."""
        return self._answer(bugs.resolve(bug_id=bug_id, **self.validated(BugResolveSerializer)))

    @extend_schema(request=BugReopenSerializer, responses=BugSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, bug_id: str) -> Response:
        """Reopen a bug: take back its resolution."""
        return self._answer(bugs.reopen(bug_id=bug_id, **self.validated(BugReopenSerializer)))

    @extend_schema(request=BugMuteSerializer, responses=BugSerializer, extensions=refusals(InvalidBug))
    @action(detail=True, methods=["post"])
    def mute(self, request: Request, bug_id: str) -> Response:
        """Mute a bug until a time; it still counts, and calls for no attention."""
        return self._answer(bugs.mute(bug_id=bug_id, **self.validated(BugMuteSerializer)))

    @extend_schema(request=BugAssignSerializer, responses=BugSerializer, extensions=refusals(InvalidBug))
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, bug_id: str) -> Response:
        """Assign a bug: say whose it is."""
        return self._answer(bugs.assign(bug_id=bug_id, **self.validated(BugAssignSerializer)))

    @extend_schema(request=NewTicketLinkSerializer, responses={201: TicketLinkSerializer})
    @action(detail=True, methods=["post"])
    def tickets(self, request: Request, bug_id: str) -> Response:
        """Link a bug to a ticket elsewhere; the same ticket again updates its link."""
        link = triage.link_ticket(bug_id=bug_id, **self.validated(NewTicketLinkSerializer))
        return Response(TicketLinkSerializer(link).data, status=201)

    def _answer(self, bug: Bug, status: int = 200) -> Response:
        return Response(BugSerializer(bug).data, status=status)


class OccurrenceViewSet(ReadViewSet):
    """The reports of a bug that retention has left, newest first."""

    queryset = Occurrence.objects.all()
    serializer_class = OccurrenceSerializer
    large_fields = ("error_message", "stack_trace", "metadata")

    def get_queryset(self) -> QuerySet[Occurrence]:
        if "bug_id" not in self.kwargs:  # only while the schema is made
            return Occurrence.objects.none()
        return bugs.find_bug(bug_id=self.kwargs["bug_id"]).occurrences.all()


class SummaryView(APIView):
    """All bugs in one look."""

    @extend_schema(responses=BugCountsSerializer)
    def get(self, request: Request) -> Response:
        """Count bugs by status, priority and error type; with the times to acknowledge and resolve."""
        self.query()
        return Response(BugCountsSerializer(asdict(summarise())).data)


class PriorityView(APIView):
    """What priority a bug would have; nothing is stored."""

    scope = "read"

    @extend_schema(
        request=PriorityQuestionSerializer,
        responses=PriorityScoreSerializer,
    )
    def post(self, request: Request) -> Response:
        """Weigh a bug, and show what each factor adds."""
        score: Any = calculate_priority(**self.validated(PriorityQuestionSerializer))
        return Response(PriorityScoreSerializer(asdict(score)).data)


class ProjectViewSet(ReadViewSet):
    """Projects, newest first."""

    queryset = Project.objects.all()
    serializer_class = ProjectSerializer
    lookup_field = "slug"
    lookup_value_regex = "[a-z0-9-]+"
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[Project]:
        return projects.list_projects()

    @extend_schema(request=NewProjectSerializer, responses={201: ProjectSerializer}, extensions=refusals(InvalidBug))
    def create(self, request: Request) -> Response:
        """Make a project and the key it reports with."""
        return Response(self._shown(projects.create_project(**self.validated(NewProjectSerializer))), status=201)

    def retrieve(self, request: Request, slug: str) -> Response:
        """Show a project by its slug or its number."""
        self.query()
        return Response(self._shown(projects.find_project(slug=slug)))

    @extend_schema(request=ProjectUpdateSerializer, responses=ProjectSerializer, extensions=refusals(InvalidBug))
    def partial_update(self, request: Request, slug: str) -> Response:
        """Change a project: what it is called, or how many events it may send a minute."""
        return Response(self._shown(projects.update_project(slug=slug, **self.validated(ProjectUpdateSerializer))))

    @extend_schema(request=ProjectKeySerializer, responses=ProjectSerializer)
    @action(detail=True, methods=["post"], url_path="rotate-key")
    def rotate_key(self, request: Request, slug: str) -> Response:
        """Give a project a new key."""
        return Response(self._shown(projects.rotate_key(slug=slug, **self.validated(ProjectKeySerializer))))

    def _shown(self, project: Project) -> dict[str, Any]:
        return dict(ProjectSerializer(project).data)
