"""When a maintenance is on, as computing. Imports no ORM, request or settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from escalation.calling import hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A time, or some hours of each week in it; without an end it comes again and again."""

    starts_at: datetime
    ends_at: datetime | None
    hours: Mapping[str, Any] | None

    def until(self, moment: datetime, *, priority: str = "") -> datetime | None:
        """When it is over, if it is on; None while it is not, or for a priority that it does not hold up."""
        if moment < self.starts_at or (self.ends_at is not None and moment >= self.ends_at):
            return None
        if self.hours is None:
            return self.ends_at
        over = hours.ends_at(self.hours, moment, priority=priority)
        return min(over, self.ends_at) if over and self.ends_at else over

    def next_change(self, moment: datetime) -> datetime | None:
        """When it next begins or ends; None where it is over for good."""
        return self.until(moment) or self._next_begin(moment)

    def _next_begin(self, moment: datetime) -> datetime | None:
        start = max(moment, self.starts_at)
        if self.until(start) is not None:
            return start
        begins = hours.begins_at(self.hours, start) if self.hours else None
        return begins if begins and (self.ends_at is None or begins < self.ends_at) else None
