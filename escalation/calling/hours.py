"""Hours of the week in which a policy waits, as computing. Imports no ORM, request or settings.

`{"days": ["mon", ...], "from": "22:00", "until": "07:00", "timezone": "Europe/Berlin", "except": ["critical"]}`: hours
that begin on one of the days, by the clock of the place; `until` at or before `from` is on the next day.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from config.errors import FieldError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PRIORITIES = ("low", "medium", "high", "critical")
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_SHAPE = {"from", "until", "timezone", "days", "except"}
_TRIES = 16
"""Stretches that lie one behind the other: more than the days of two weeks have no end."""


def ends_at(hours: Mapping[str, Any] | None, moment: datetime, *, priority: str) -> datetime | None:
    """When the hours that a moment is in are over; None outside of them, or for a priority that they do not hold up."""
    if hours is None or priority in hours.get("except", []):
        return None
    end = None
    for _ in range(_TRIES):  # stretches that touch are one
        found = _end(hours, end or moment)
        if found is None:
            return end
        end = found
    return end


def begins_at(hours: Mapping[str, Any], moment: datetime) -> datetime | None:
    """When the hours next begin, from a moment on; None where they never do."""
    zone = ZoneInfo(hours.get("timezone", "UTC"))
    today = moment.astimezone(zone).date()
    for number in range(len(DAYS) + 1):
        day = today + timedelta(days=number)
        begins = at_clock(day, hours["from"], zone)
        if begins >= moment and DAYS[day.weekday()] in (hours.get("days") or DAYS):
            return begins
    return None


def problems(field: str, hours: Any) -> Iterator[FieldError]:
    """What is wrong with hours as they were sent."""
    if not isinstance(hours, Mapping) or not {"from", "until"} <= set(hours) <= _SHAPE:
        detail = (
            'Must be like {"from": "22:00", "until": "07:00", "timezone": "Europe/Berlin", "except": ["critical"]}.'
        )
        yield FieldError(field=field, code="shape", detail=detail)
        return
    for name in ("from", "until"):
        if not is_clock(hours[name]):
            yield FieldError(field=f"{field}.{name}", code="time", detail="Must be like 07:30.")
    yield from _among(f"{field}.days", hours.get("days", []), DAYS)
    yield from _among(f"{field}.except", hours.get("except", []), PRIORITIES)
    if not is_timezone(hours.get("timezone", "UTC")):
        yield FieldError(field=f"{field}.timezone", code="timezone", detail="Must be like Europe/Berlin.")


def is_clock(value: Any) -> bool:
    return isinstance(value, str) and _TIME.fullmatch(value) is not None


def is_timezone(name: Any) -> bool:
    try:
        return isinstance(name, str) and bool(name) and ZoneInfo(name) is not None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def at_clock(day: date, clock: str, zone: ZoneInfo) -> datetime:
    """The moment at which clocks of a place show a time; one that a change of clocks leaves out comes an hour later."""
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)


def _end(hours: Mapping[str, Any], moment: datetime) -> datetime | None:
    zone = ZoneInfo(hours.get("timezone", "UTC"))
    today = moment.astimezone(zone).date()
    overnight = hours["until"] <= hours["from"]
    for day in (today - timedelta(days=1), today):
        if DAYS[day.weekday()] not in (hours.get("days") or DAYS):
            continue
        start = at_clock(day, hours["from"], zone)
        end = at_clock(day + timedelta(days=1) if overnight else day, hours["until"], zone)
        if start <= moment < end:
            return end
    return None


def _among(field: str, values: Any, known: tuple[str, ...]) -> Iterator[FieldError]:
    if not isinstance(values, list) or not all(isinstance(value, str) and value in known for value in values):
        yield FieldError(field=field, code="choice", detail=f"Must be a list of {', '.join(known)}.")
