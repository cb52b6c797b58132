"""People: users of this service who can be called, and whose bugs can be."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from audit.trail import record
from config.errors import Conflict, DomainError, FieldError, NotFound
from escalation import fields
from escalation.fields import require
from escalation.models import Channel, Person, Policy, Schedule, Team
from escalation.models.people import PersonQuerySet

MOST_CHANNELS = 20
LONGEST_USERNAME = 150


class InvalidPerson(DomainError):
    code = "invalid-person"


class PersonNotFound(NotFound):
    code = "person-not-found"


class PersonExists(Conflict):
    code = "person-exists"
    remedy = "change the person who is there"


class PersonNeeded(Conflict):
    code = "person-needed"
    remedy = "take the person out of the policies and schedules that `detail` names first"


def add_person(*, name: str, channels: Sequence[str]) -> Person:
    """Say how a user is reached; `name` is the user's. Raises InvalidPerson, PersonExists."""
    require(chain(_name_problems(name), _channel_problems(channels)), InvalidPerson)
    person = Person(user=User.objects.get(username=name), channels=list(channels))
    try:
        with transaction.atomic():
            person.save(force_insert=True)
            _tell(person, "person.added", before=None, now=person.state())
    except IntegrityError as error:
        raise PersonExists(f"{name} is there already. Change how {name} is reached instead.") from error
    return person


@transaction.atomic
def change_person(*, name: str, channels: Sequence[str] | None = None) -> Person:
    """Say anew how somebody is reached. Raises PersonNotFound, InvalidPerson."""
    person = find_person(name=name, lock=True)
    before = person.state()
    if channels is not None:
        require(_channel_problems(channels), InvalidPerson)
        person.channels = list(channels)
    person.save()
    _tell(person, "person.changed", before=before, now=person.state())
    return person


@transaction.atomic
def remove_person(*, name: str) -> None:
    """Nobody calls them any more; they leave their teams, and stay a user. Raises PersonNotFound, PersonNeeded."""
    person = find_person(name=name, lock=True)
    needed = {"Policies": Policy.objects.calling("person", name), "Schedules": _schedules_of(name)}
    for what, names in needed.items():
        if names:
            raise PersonNeeded(f"{what} name {name}: {', '.join(sorted(names))}. Take {name} out of them first.")
    _tell(person, "person.removed", before=person.state(), now=None)
    person.delete()


def list_people() -> PersonQuerySet:
    return Person.objects.select_related("user").prefetch_related("teams")


def find_person(*, name: str, lock: bool = False) -> Person:
    """Raises PersonNotFound."""
    rows = list_people().select_for_update(of=("self",)) if lock else list_people()
    found = rows.named(name).first()
    if found is None:
        raise PersonNotFound(f"There is no person {name[:80]}. GET /api/v1/escalation/people lists them.")
    return found


def check_assignee(field: str, name: str) -> fields.Problems:
    """Whose a bug can be. While nobody is entered here any name will do: names are all there is."""
    wrong = list(fields.check_name(field, name, blank=True))
    yield from wrong
    if wrong or not name or not (Person.objects.exists() or Team.objects.exists()):
        return
    is_known = User.objects.filter(username=name, is_active=True).exists() or Team.objects.filter(name=name).exists()
    if not is_known:
        detail = f"There is neither a user nor a team {name[:80]}. GET /api/v1/escalation/people and /teams list them."
        yield FieldError(field=field, code="unknown", detail=detail)


def check_names(field: str, names: Sequence[Any]) -> fields.Problems:
    """That each is a person."""
    known = set(Person.objects.values_list("user__username", flat=True))
    for index, name in enumerate(names):
        if name not in known:
            detail = f"There is no person {name[:80]}. GET /api/v1/escalation/people lists them."
            yield FieldError(field=f"{field}[{index}]", code="unknown", detail=detail)


def _name_problems(name: str) -> fields.Problems:
    wrong = list(fields.check_name("name", name, longest=LONGEST_USERNAME))
    yield from wrong
    if wrong:
        return
    if not User.objects.filter(username=name).exists():
        detail = "Must be the name of a user of this service; the admin adds one."
        yield FieldError(field="name", code="unknown", detail=detail)
    elif Team.objects.filter(name=name).exists():
        yield FieldError(field="name", code="taken", detail="A team is called so: it would not be sure whose a bug is.")


def _channel_problems(names: Sequence[Any]) -> fields.Problems:
    if not 1 <= len(names) <= MOST_CHANNELS:
        yield FieldError(field="channels", code="length", detail=f"Must name 1 to {MOST_CHANNELS} channels.")
        return
    known = set(Channel.objects.values_list("name", flat=True))
    for index, name in enumerate(names):
        if name not in known:
            yield FieldError(field=f"channels[{index}]", code="unknown", detail=f"There is no channel {name[:80]}.")


def _schedules_of(name: str) -> list[str]:
    turns = (
        (schedule.name, rotation["people"]) for schedule in Schedule.objects.all() for rotation in schedule.rotations
    )
    return sorted({schedule for schedule, people in turns if name in people})


def _tell(person: Person, event_type: str, *, before: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> None:
    record(event_type=event_type, entity_type="person", entity_id=person.name, old_value=before, new_value=now)
