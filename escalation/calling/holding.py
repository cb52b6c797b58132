"""What holds a step back: the policy's quiet hours, and maintenance."""

from dataclasses import dataclass
from datetime import datetime

from escalation.calling.hours import ends_at
from escalation.calling.windows import Window
from escalation.models import Escalation, Maintenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Until when a step waits, and for which maintenance, if for any."""

    until: datetime
    maintenance: Maintenance | None = None


def hold_of(run: Escalation, *, at: datetime) -> Hold | None:
    """What holds a run back longest; None when it may call."""
    holds = [Hold(until=until, maintenance=found) for found, until in _maintenance(run, at)]
    if quiet := ends_at(run.rules["quiet"], at, priority=run.bug.priority):
        holds.append(Hold(until=quiet))
    return max(holds, key=lambda hold: hold.until, default=None)


def window_of(row: Maintenance) -> Window:
    return Window(starts_at=row.starts_at, ends_at=row.ends_at, hours=row.hours)


def _maintenance(run: Escalation, at: datetime) -> list[tuple[Maintenance, datetime]]:
    found = []
    for row in Maintenance.objects.within(at=at).prefetch_related("projects"):
        projects = {project.pk for project in row.projects.all()}
        until = window_of(row).until(at, priority=run.bug.priority)
        if until is not None and (not projects or run.bug.project_id in projects):
            found.append((row, until))
    return found
