"""Muting a bug until a time, until it was reported or met so often more, or until there is more of it than usual."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from config.errors import FieldError
from escalation import fields
from escalation.forecast import HOURS, is_unusual
from escalation.models import Bug

FARTHEST = timedelta(days=3650)


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """What ends a muting, whichever comes first; nothing of it is no muting."""

    at: datetime | None = None
    reports: int | None = None
    """How many more."""
    users: int | None = None
    """How many more who were not counted before."""
    unusual: bool = False
    """An hour with more reports than the week before let expect."""

    def __bool__(self) -> bool:
        return bool(self.at or self.reports or self.users or self.unusual)

    def problems(self, *, now: datetime) -> fields.Problems:
        if self.at is not None and not now < self.at <= now + FARTHEST:
            yield FieldError(field="until", code="range", detail="Must be in the future, at most ten years ahead.")
        for name in ("reports", "users"):
            if (value := getattr(self, name)) is not None:
                yield from fields.check_count(name, value, most=fields.MOST_REPORTS)


def put_on(bug: Bug, until: Until, *, now: datetime) -> None:
    """Mute it, or let it call again."""
    if not until:
        bug.unmute()
        return
    bug.muted_until = until.at or now + FARTHEST
    bug.muted_past_reports = bug.frequency + until.reports if until.reports else None
    bug.muted_past_users = bug.users + until.users if until.users else None
    bug.muted_until_unusual = until.unusual


def reason_to_end(bug: Bug, *, came: int, now: datetime) -> str:
    """Why a muted bug calls again, with the reports that `came` just now and are counted; blank while it does not."""
    if bug.muted_past_reports is not None and bug.frequency >= bug.muted_past_reports:
        return f"it was reported {bug.frequency} times"
    if bug.muted_past_users is not None and bug.users >= bug.muted_past_users:
        return f"{bug.users} users met it"
    if bug.muted_until_unusual and _is_unusual(bug, came, now):
        return "it is reported more often than usual"
    return ""


def _is_unusual(bug: Bug, came: int, now: datetime) -> bool:
    hour = now.replace(minute=0, second=0, microsecond=0)
    counts = dict(bug.hours.since(now - timedelta(hours=HOURS)).values_list("hour", "count")) if bug.pk else {}
    counts[hour] = counts.get(hour, 0) + came
    return is_unusual(counts, at=now, first_seen_at=bug.first_seen_at)
