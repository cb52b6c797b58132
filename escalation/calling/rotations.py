"""Who is on call, as computing. Imports no ORM, request or settings.

A rotation: `{"people": ["kim", "dana"], "starts_on": "2026-11-30", "at": "09:00", "days": 7, "hours": {"from": "08:00",
"until": "20:00", "days": ["mon"]}}`: people take turns of so many days, handed over at a time of day, from a day on;
with `hours`, in these alone. Of several rotations the last that has somebody goes before those above it, and whoever
stands in goes before all.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from config.errors import FieldError
from escalation.calling import hours

MOST_ROTATIONS = 10
MOST_PEOPLE = 50
MOST_DAYS = 366
USUAL_AT, USUAL_DAYS = "09:00", 7
_NEEDED, _KNOWN = {"people", "starts_on"}, {"people", "starts_on", "at", "days", "hours"}
_DAY = timedelta(days=1)

Rotation = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time in which one person is on call, or nobody (blank)."""

    person: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Rotations by a place's clocks, and who stands in; of those the last goes before the ones above it."""

    rotations: Sequence[Rotation]
    timezone: str
    overrides: Sequence[Stretch] = ()

    def at(self, moment: datetime) -> str:
        """Who is on call; blank where nobody is."""
        for override in reversed(self.overrides):
            if override.starts_at <= moment < override.ends_at:
                return override.person
        zone = ZoneInfo(self.timezone)
        found = (_whose(rotation, zone, moment) for rotation in reversed(self.rotations))
        return next(filter(None, found), "")

    def stretches(self, since: datetime, until: datetime) -> Iterator[Stretch]:
        """The time from one moment to another, cut where another person takes over."""
        current = Stretch(person=self.at(since), starts_at=since, ends_at=until)
        for moment in sorted(self._edges(since, until)):
            if (person := self.at(moment)) != current.person:
                yield replace(current, ends_at=moment)
                current = Stretch(person=person, starts_at=moment, ends_at=until)
        yield current

    def _edges(self, since: datetime, until: datetime) -> set[datetime]:
        """Every moment at which another person may take over."""
        zone, clocks = ZoneInfo(self.timezone), self._clocks()
        first, last = since.astimezone(zone).date(), until.astimezone(zone).date()
        days = [first + _DAY * number for number in range((last - first).days + 1)]
        found = {hours.at_clock(day, clock, zone) for day in days for clock in clocks}
        found |= {moment for override in self.overrides for moment in (override.starts_at, override.ends_at)}
        return {moment for moment in found if since < moment < until}

    def _clocks(self) -> set[str]:
        said = [(rotation.get("at", USUAL_AT), *_span(rotation)) for rotation in self.rotations]
        return {clock for clocks in said for clock in clocks}


def problems(field: str, rotations: Any) -> Iterator[FieldError]:
    """What is wrong with rotations as they were sent; whether its people are there is asked elsewhere."""
    if not isinstance(rotations, list) or not 1 <= len(rotations) <= MOST_ROTATIONS:
        yield FieldError(field=field, code="length", detail=f"Must have 1 to {MOST_ROTATIONS} rotations.")
        return
    for index, rotation in enumerate(rotations):
        yield from _rotation_problems(f"{field}[{index}]", rotation)


def _whose(rotation: Rotation, zone: ZoneInfo, moment: datetime) -> str:
    span = rotation.get("hours")
    if span and hours.ends_at({**span, "timezone": zone.key}, moment, priority="") is None:
        return ""
    started, at = date.fromisoformat(rotation["starts_on"]), rotation.get("at", USUAL_AT)
    today = moment.astimezone(zone).date()
    passed = (today - started).days - (moment < hours.at_clock(today, at, zone))
    if passed < 0:
        return ""
    people: Sequence[str] = rotation["people"]
    turn: int = passed // rotation.get("days", USUAL_DAYS)
    return people[turn % len(people)]


def _span(rotation: Rotation) -> tuple[str, ...]:
    said = rotation.get("hours")
    return (said["from"], said["until"]) if said else ()


def _rotation_problems(path: str, rotation: Any) -> Iterator[FieldError]:
    if not isinstance(rotation, Mapping) or not _NEEDED <= set(rotation) <= _KNOWN:
        detail = 'Must be like {"people": ["kim", "dana"], "starts_on": "2026-11-30", "at": "09:00", "days": 7}.'
        yield FieldError(field=path, code="shape", detail=detail)
        return
    people, days = rotation["people"], rotation.get("days", USUAL_DAYS)
    if not isinstance(people, list) or not 1 <= len(people) <= MOST_PEOPLE:
        yield FieldError(field=f"{path}.people", code="length", detail=f"Must be a list of 1 to {MOST_PEOPLE} names.")
    elif not all(isinstance(name, str) and name for name in people):
        yield FieldError(field=f"{path}.people", code="name", detail="Must be a list of names.")
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MOST_DAYS:
        yield FieldError(field=f"{path}.days", code="range", detail=f"Must be whole days from 1 to {MOST_DAYS}.")
    if not _is_day(rotation["starts_on"]):
        yield FieldError(field=f"{path}.starts_on", code="day", detail="Must be a day such as 2026-11-30.")
    if not hours.is_clock(rotation.get("at", USUAL_AT)):
        yield FieldError(field=f"{path}.at", code="time", detail="Must be like 07:30.")
    yield from _hours_problems(f"{path}.hours", rotation.get("hours"))


def _hours_problems(path: str, span: Any) -> Iterator[FieldError]:
    if span is None:
        return
    if isinstance(span, Mapping) and not set(span) <= {"from", "until", "days"}:
        yield FieldError(field=path, code="shape", detail="Has from, until and days; the schedule has the time zone.")
        return
    yield from hours.problems(path, span)


def _is_day(value: Any) -> bool:
    try:
        return isinstance(value, str) and len(value) == len("2026-11-30") and date.fromisoformat(value).year > 1
    except ValueError:
        return False
