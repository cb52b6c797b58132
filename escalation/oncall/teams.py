"""Teams: people who are called together."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from audit.trail import record
from config.errors import Conflict, DomainError, FieldError, NotFound
from escalation import fields
from escalation.fields import require
from escalation.models import Person, Policy, Team
from escalation.oncall.people import check_names

MOST_MEMBERS = 100


class InvalidTeam(DomainError):
    code = "invalid-team"


class TeamNotFound(NotFound):
    code = "team-not-found"


class TeamExists(Conflict):
    code = "team-exists"
    remedy = "choose another name, or change the team that has it"


class TeamNeeded(Conflict):
    code = "team-needed"
    remedy = "take the team out of the policies that `detail` names first"


def add_team(*, name: str, members: Sequence[str]) -> Team:
    """Raises InvalidTeam, TeamExists."""
    team = Team(name=name)
    require(chain(fields.check_slug("name", name), _name_problems(name), _member_problems(members)), InvalidTeam)
    try:
        with transaction.atomic():
            team.save(force_insert=True)
            team.members.set(_people(members))
            _tell(team, "team.added", before=None, now=team.state())
    except IntegrityError as error:
        raise TeamExists(f"A team {name} exists. Choose another name, or change that one.") from error
    return team


@transaction.atomic
def change_team(*, name: str, members: Sequence[str] | None = None) -> Team:
    """Say anew who is in it. Raises TeamNotFound, InvalidTeam."""
    team = find_team(name=name, lock=True)
    before = team.state()
    if members is not None:
        require(_member_problems(members), InvalidTeam)
        team.members.set(_people(members))
    team = find_team(name=name)
    _tell(team, "team.changed", before=before, now=team.state())
    return team


@transaction.atomic
def remove_team(*, name: str) -> None:
    """Its people stay, and bugs that are its own keep its name. Raises TeamNotFound, TeamNeeded."""
    team = find_team(name=name, lock=True)
    if calling := Policy.objects.calling("team", name):
        raise TeamNeeded(f"Policies call {name}: {', '.join(sorted(calling))}. Take it out of them first.")
    _tell(team, "team.removed", before=team.state(), now=None)
    team.delete()


def list_teams() -> QuerySet[Team]:
    return Team.objects.prefetch_related("members__user")


def find_team(*, name: str, lock: bool = False) -> Team:
    """Raises TeamNotFound."""
    rows = list_teams().select_for_update() if lock else list_teams()
    found = rows.filter(name=name).first()
    if found is None:
        raise TeamNotFound(f"There is no team {name[:80]}. GET /api/v1/escalation/teams lists them.")
    return found


def _name_problems(name: str) -> fields.Problems:
    if name in set(Person.objects.values_list("user__username", flat=True)):
        yield FieldError(
            field="name", code="taken", detail="A person is called so: it would not be sure whose a bug is."
        )


def _member_problems(members: Sequence[Any]) -> fields.Problems:
    if not 1 <= len(members) <= MOST_MEMBERS:
        yield FieldError(field="members", code="length", detail=f"Must name 1 to {MOST_MEMBERS} people.")
        return
    yield from check_names("members", members)


def _people(names: Sequence[str]) -> list[Person]:
    return list(Person.objects.filter(user__username__in=names))


def _tell(team: Team, event_type: str, *, before: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> None:
    record(event_type=event_type, entity_type="team", entity_id=team.name, old_value=before, new_value=now)
