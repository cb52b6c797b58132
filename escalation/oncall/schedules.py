"""Schedules: who take turns, and who stands in for whom."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone as clock

from audit.trail import record
from config.errors import Conflict, DomainError, FieldError, NotFound
from config.identifiers import row_of
from escalation import fields
from escalation.calling import hours
from escalation.calling.rotations import problems
from escalation.fields import require
from escalation.models import Override, Policy, Schedule
from escalation.oncall.people import check_names, find_person

LONGEST_OVERRIDE = timedelta(days=366)


class InvalidSchedule(DomainError):
    code = "invalid-schedule"


class ScheduleNotFound(NotFound):
    code = "schedule-not-found"


class OverrideNotFound(NotFound):
    code = "override-not-found"


class ScheduleExists(Conflict):
    code = "schedule-exists"
    remedy = "choose another name, or change the schedule that has it"


class ScheduleNeeded(Conflict):
    code = "schedule-needed"
    remedy = "take the schedule out of the policies that `detail` names first"


def add_schedule(*, name: str, rotations: Sequence[Mapping[str, Any]], timezone: str = "UTC") -> Schedule:
    """Say who take turns. Raises InvalidSchedule, ScheduleExists."""
    schedule = Schedule(name=name, rotations=list(rotations), timezone=timezone)
    require(chain(fields.check_slug("name", name), _problems(schedule)), InvalidSchedule)
    try:
        with transaction.atomic():
            schedule.save(force_insert=True)
            _tell(schedule, "schedule.added", before=None, now=schedule.state())
    except IntegrityError as error:
        raise ScheduleExists(f"A schedule {name} exists. Choose another name, or change that one.") from error
    return schedule


@transaction.atomic
def change_schedule(*, name: str, **changes: Any) -> Schedule:
    """Change some fields; `rotations` replace all. Raises ScheduleNotFound, InvalidSchedule."""
    schedule = find_schedule(name=name, lock=True)
    before = schedule.state()
    for field, value in changes.items():
        setattr(schedule, field, value)
    require(_problems(schedule), InvalidSchedule)
    schedule.save()
    _tell(schedule, "schedule.changed", before=before, now=schedule.state())
    return schedule


@transaction.atomic
def remove_schedule(*, name: str) -> None:
    """Its overrides go with it. Raises ScheduleNotFound, ScheduleNeeded."""
    schedule = find_schedule(name=name, lock=True)
    if calling := Policy.objects.calling("schedule", name):
        raise ScheduleNeeded(f"Policies call {name}: {', '.join(sorted(calling))}. Take it out of them first.")
    _tell(schedule, "schedule.removed", before=schedule.state(), now=None)
    schedule.delete()


@transaction.atomic
def add_override(*, name: str, person: str, ends_at: datetime, starts_at: datetime | None = None) -> Override:
    """Let somebody stand in for whoever's turn it is, from now on or from a time on.

    Of several that overlap the newest goes before the others. Raises ScheduleNotFound, PersonNotFound, InvalidSchedule.
    """
    schedule, standing_in, now = find_schedule(name=name), find_person(name=person), clock.now()
    made = Override(schedule=schedule, person=standing_in, starts_at=starts_at or now, ends_at=ends_at, created_at=now)
    require(_override_problems(made, now), InvalidSchedule)
    made.save(force_insert=True)
    _tell(schedule, "schedule.override_added", before=None, now=made.state())
    return made


@transaction.atomic
def remove_override(*, name: str, override_id: UUID | str) -> None:
    """Nobody stands in any more. Raises ScheduleNotFound, OverrideNotFound."""
    schedule = find_schedule(name=name)
    missing = OverrideNotFound(f"{name} has no such override. GET /api/v1/escalation/schedules/{name} shows them.")
    found = row_of(schedule.overrides.select_related("person__user"), override_id, missing, column="pk")
    _tell(schedule, "schedule.override_removed", before=found.state(), now=None)
    found.delete()


def list_schedules() -> QuerySet[Schedule]:
    return Schedule.objects.prefetch_related("overrides__person__user")


def find_schedule(*, name: str, lock: bool = False) -> Schedule:
    """Raises ScheduleNotFound."""
    rows = Schedule.objects.select_for_update() if lock else list_schedules()
    found = rows.filter(name=name).first()
    if found is None:
        raise ScheduleNotFound(f"There is no schedule {name[:80]}. GET /api/v1/escalation/schedules lists them.")
    return found


def _problems(schedule: Schedule) -> fields.Problems:
    if not hours.is_timezone(schedule.timezone):
        yield FieldError(field="timezone", code="timezone", detail="Must be like Europe/Berlin.")
    wrong = list(problems("rotations", schedule.rotations))
    yield from wrong
    if not wrong:
        for index, rotation in enumerate(schedule.rotations):
            yield from check_names(f"rotations[{index}].people", rotation["people"])


def _override_problems(override: Override, now: datetime) -> fields.Problems:
    if not now < override.ends_at or not override.starts_at < override.ends_at:
        yield FieldError(field="ends_at", code="range", detail="Must be in the future, and after it starts.")
    elif override.ends_at - override.starts_at > LONGEST_OVERRIDE:
        yield FieldError(field="ends_at", code="range", detail="Must be within a year of its start.")


def _tell(
    schedule: Schedule, event_type: str, *, before: Mapping[str, Any] | None, now: Mapping[str, Any] | None
) -> None:
    record(event_type=event_type, entity_type="schedule", entity_id=schedule.name, old_value=before, new_value=now)
