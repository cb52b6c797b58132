"""Who is on call, and who that is in the days to come."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from config.errors import FieldError
from escalation.calling.rotations import Duty, Stretch
from escalation.fields import require
from escalation.models import Schedule
from escalation.oncall.schedules import InvalidSchedule, find_schedule, list_schedules

LONGEST_LOOK = timedelta(days=92)
USUAL_LOOK = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCall:
    """Who is on call by a schedule; `person` is blank where nobody is, `until` None where that stays so for weeks."""

    schedule: str
    person: str
    until: datetime | None
    next_person: str


def on_call(*, at: datetime | None = None) -> list[OnCall]:
    """Who is on call by each schedule, now or at another time."""
    moment = at or timezone.now()
    return [_on_call(schedule, moment) for schedule in list_schedules()]


def find_on_call(*, name: str) -> OnCall:
    """Who is on call by one schedule now. Raises ScheduleNotFound."""
    return _on_call(find_schedule(name=name), timezone.now())


def list_shifts(*, name: str, since: datetime | None = None, until: datetime | None = None) -> list[Stretch]:
    """Who is on call when, by default in the next two weeks. Raises ScheduleNotFound, InvalidSchedule."""
    schedule, start = find_schedule(name=name), since or timezone.now()
    end = until or start + USUAL_LOOK
    require(_look_problems(start, end), InvalidSchedule)
    return list(duty_of(schedule, start, end).stretches(start, end))


def duty_of(schedule: Schedule, since: datetime, until: datetime) -> Duty:
    """A schedule with those who stand in during a time."""
    rows = schedule.overrides.select_related("person__user").within(since, until)
    overrides = [Stretch(person=row.person.name, starts_at=row.starts_at, ends_at=row.ends_at) for row in rows]
    return Duty(rotations=schedule.rotations, timezone=schedule.timezone, overrides=overrides)


def name_on_call(schedule: Schedule, *, at: datetime) -> str:
    """Blank where nobody is."""
    return duty_of(schedule, at, at + timedelta(microseconds=1)).at(at)


def _on_call(schedule: Schedule, moment: datetime) -> OnCall:
    shifts: Sequence[Stretch] = list(
        duty_of(schedule, moment, moment + USUAL_LOOK).stretches(moment, moment + USUAL_LOOK)
    )
    follows = shifts[1] if len(shifts) > 1 else None
    return OnCall(
        schedule=schedule.name,
        person=shifts[0].person,
        until=shifts[0].ends_at if follows else None,
        next_person=follows.person if follows else "",
    )


def _look_problems(since: datetime, until: datetime) -> Iterator[FieldError]:
    if not timedelta(0) < until - since <= LONGEST_LOOK:
        detail = f"Must be after `since`, at most {LONGEST_LOOK.days} days."
        yield FieldError(field="until", code="range", detail=detail)
