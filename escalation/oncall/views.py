"""The REST doors of people, teams and schedules."""

from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from config.limits import BLANK, CONTROL
from config.rest.openapi import refusals
from config.rest.views import APIView, ReadViewSet
from escalation.models import Person, Schedule, Team
from escalation.oncall import duty, people, schedules, teams
from escalation.oncall.people import InvalidPerson
from escalation.oncall.schedules import InvalidSchedule
from escalation.oncall.serializers import (
    NewOverrideSerializer,
    NewPersonSerializer,
    NewScheduleSerializer,
    NewTeamSerializer,
    OnCallQuerySerializer,
    OnCallSerializer,
    OverrideSerializer,
    PersonSerializer,
    PersonUpdateSerializer,
    ScheduleSerializer,
    ScheduleUpdateSerializer,
    ShiftsQuerySerializer,
    ShiftsSerializer,
    TeamSerializer,
    TeamUpdateSerializer,
)
from escalation.oncall.teams import InvalidTeam


class PersonViewSet(ReadViewSet):
    """People who can be called, newest first."""

    queryset = Person.objects.all()
    serializer_class = PersonSerializer
    lookup_field = "user__username"
    lookup_url_kwarg = "name"
    lookup_value_regex = rf"[^/{BLANK}{CONTROL}]+"
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[Person]:
        return people.list_people()

    @extend_schema(request=NewPersonSerializer, responses={201: PersonSerializer}, extensions=refusals(InvalidPerson))
    def create(self, request: Request) -> Response:
        """Add a person: how a user of this service is called."""
        return Response(PersonSerializer(people.add_person(**self.validated(NewPersonSerializer))).data, status=201)

    def retrieve(self, request: Request, name: str) -> Response:
        """Show a person, and how they are reached."""
        self.query()
        return Response(PersonSerializer(people.find_person(name=name)).data)

    @extend_schema(request=PersonUpdateSerializer, responses=PersonSerializer, extensions=refusals(InvalidPerson))
    def partial_update(self, request: Request, name: str) -> Response:
        """Change how a person is reached."""
        changed = people.change_person(name=name, **self.validated(PersonUpdateSerializer))
        return Response(PersonSerializer(changed).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, name: str) -> Response:
        """Remove a person, who stays a user and is called no more."""
        people.remove_person(name=name)
        return Response(status=204)


class TeamViewSet(ReadViewSet):
    """Teams, newest first."""

    queryset = Team.objects.all()
    serializer_class = TeamSerializer
    lookup_field = "name"
    lookup_value_regex = "[a-z0-9-]+"
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[Team]:
        return teams.list_teams()

    @extend_schema(request=NewTeamSerializer, responses={201: TeamSerializer}, extensions=refusals(InvalidTeam))
    def create(self, request: Request) -> Response:
        """Add a team: people who are called together."""
        return Response(TeamSerializer(teams.add_team(**self.validated(NewTeamSerializer))).data, status=201)

    def retrieve(self, request: Request, name: str) -> Response:
        """Show a team."""
        self.query()
        return Response(TeamSerializer(teams.find_team(name=name)).data)

    @extend_schema(request=TeamUpdateSerializer, responses=TeamSerializer, extensions=refusals(InvalidTeam))
    def partial_update(self, request: Request, name: str) -> Response:
        """Change who is in a team."""
        return Response(TeamSerializer(teams.change_team(name=name, **self.validated(TeamUpdateSerializer))).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, name: str) -> Response:
        """Remove a team; its people stay."""
        teams.remove_team(name=name)
        return Response(status=204)


class ScheduleViewSet(ReadViewSet):
    """Schedules, newest first."""

    queryset = Schedule.objects.all()
    serializer_class = ScheduleSerializer
    lookup_field = "name"
    lookup_value_regex = "[a-z0-9-]+"
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[Schedule]:
        return schedules.list_schedules()

    @extend_schema(
        request=NewScheduleSerializer, responses={201: ScheduleSerializer}, extensions=refusals(InvalidSchedule)
    )
    def create(self, request: Request) -> Response:
        """Add a schedule: who take turns in being on call."""
        return Response(self._shown(schedules.add_schedule(**self.validated(NewScheduleSerializer))), status=201)

    def retrieve(self, request: Request, name: str) -> Response:
        """Show a schedule with who stands in."""
        self.query()
        return Response(self._shown(schedules.find_schedule(name=name)))

    @extend_schema(request=ScheduleUpdateSerializer, responses=ScheduleSerializer, extensions=refusals(InvalidSchedule))
    def partial_update(self, request: Request, name: str) -> Response:
        """Change a schedule."""
        serializer = ScheduleUpdateSerializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        return Response(self._shown(schedules.change_schedule(name=name, **serializer.validated_data)))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, name: str) -> Response:
        """Remove a schedule."""
        schedules.remove_schedule(name=name)
        return Response(status=204)

    @extend_schema(parameters=[ShiftsQuerySerializer], responses=ShiftsSerializer, extensions=refusals(InvalidSchedule))
    @action(detail=True, methods=["get"])
    def shifts(self, request: Request, name: str) -> Response:
        """Show who is on call when."""
        found = duty.list_shifts(name=name, **self.query(ShiftsQuerySerializer))
        return Response(ShiftsSerializer({"shifts": [asdict(shift) for shift in found]}).data)

    @extend_schema(
        request=NewOverrideSerializer, responses={201: OverrideSerializer}, extensions=refusals(InvalidSchedule)
    )
    @action(detail=True, methods=["post"])
    def overrides(self, request: Request, name: str) -> Response:
        """Let somebody stand in for whoever's turn it is."""
        made = schedules.add_override(name=name, **self.validated(NewOverrideSerializer))
        return Response(OverrideSerializer(made).data, status=201)

    @extend_schema(
        parameters=[OpenApiParameter("override_id", {"type": "string", "format": "uuid"}, "path")],
        responses={204: None},
    )
    @action(detail=True, methods=["delete"], url_path="overrides/(?P<override_id>[^/]+)", url_name="override")
    def end_override(self, request: Request, name: str, override_id: str) -> Response:
        """Remove an override: nobody stands in any more."""
        schedules.remove_override(name=name, override_id=override_id)
        return Response(status=204)

    def _shown(self, schedule: Schedule) -> dict[str, Any]:
        return dict(ScheduleSerializer(schedule).data)


class OnCallView(APIView):
    """Who is on call."""

    @extend_schema(parameters=[OnCallQuerySerializer], responses=OnCallSerializer)
    def get(self, request: Request) -> Response:
        """Show who is on call by each schedule, until when, and who follows."""
        found = duty.on_call(**self.query(OnCallQuerySerializer))
        return Response(OnCallSerializer({"on_call": [asdict(each) for each in found]}).data)
