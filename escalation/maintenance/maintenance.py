"""Maintenance: planning, changing and ending it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit.trail import record
from config.errors import Conflict, DomainError, FieldError, NotFound
from escalation import fields
from escalation.calling import hours as week
from escalation.fields import require
from escalation.models import Channel, Maintenance, Project
from escalation.projects import find_project

LONGEST_REASON = 500
MOST_CHANNELS = 20


class InvalidMaintenance(DomainError):
    code = "invalid-maintenance"


class MaintenanceNotFound(NotFound):
    code = "maintenance-not-found"


class MaintenanceExists(Conflict):
    code = "maintenance-exists"
    remedy = "choose another name, or change the maintenance that has it"


class MaintenanceOver(Conflict):
    code = "maintenance-over"
    remedy = "remove the maintenance, if it is not to come"


def add_maintenance(
    *,
    name: str,
    reason: str,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    hours: Mapping[str, Any] | None = None,
    projects: Sequence[str] = (),
    channels: Sequence[str] = (),
) -> Maintenance:
    """Say when nobody is called: from a time (by default now) to another, or in some hours of each week.

    Without projects it is for all of them. Raises InvalidMaintenance, MaintenanceExists, ProjectNotFound.
    """
    now = timezone.now()
    made = Maintenance(name=name, reason=reason, starts_at=starts_at or now, ends_at=ends_at, hours=hours, due_at=now)
    made.channels = list(channels)
    require(chain(fields.check_slug("name", name), _problems(made)), InvalidMaintenance)
    found = _projects(projects)
    try:
        with transaction.atomic():
            made.save(force_insert=True)
            made.projects.set(found)
            _tell(made, "maintenance.added", before=None, now=made.state())
    except IntegrityError as error:
        raise MaintenanceExists(f"A maintenance {name} exists. Choose another name, or change that one.") from error
    return made


@transaction.atomic
def change_maintenance(*, name: str, projects: Sequence[str] | None = None, **changes: Any) -> Maintenance:
    """Change some fields; one whose `ends_at` is past ends at once. `projects` replace all.

    Raises MaintenanceNotFound, InvalidMaintenance, ProjectNotFound.
    """
    found = find_maintenance(name=name, lock=True)
    before = found.state()
    for field, value in changes.items():
        setattr(found, field, value)
    require(_problems(found), InvalidMaintenance)
    found.due_at = timezone.now()  # the job looks whether it is on, and tells
    found.save()
    if projects is not None:
        found.projects.set(_projects(projects))
    found = find_maintenance(name=name)
    _tell(found, "maintenance.changed", before=before, now=found.state())
    return found


def end_maintenance(*, name: str) -> Maintenance:
    """It is over now, and does not come again. Raises MaintenanceNotFound, MaintenanceOver."""
    found, now = find_maintenance(name=name), timezone.now()
    if not found.starts_at < now or (found.ends_at is not None and found.ends_at <= now):
        raise MaintenanceOver(f"{name} has not begun, or is over. Remove it if it is not to come.")
    return change_maintenance(name=name, ends_at=now)


@transaction.atomic
def remove_maintenance(*, name: str) -> None:
    """Whoever waits to be called for its sake is called at once. Raises MaintenanceNotFound."""
    found = find_maintenance(name=name, lock=True)
    _tell(found, "maintenance.removed", before=found.state(), now=None)
    found.held.running().update(due_at=timezone.now())
    found.delete()


def list_maintenance() -> QuerySet[Maintenance]:
    return Maintenance.objects.prefetch_related("projects")


def find_maintenance(*, name: str, lock: bool = False) -> Maintenance:
    """Raises MaintenanceNotFound."""
    rows = list_maintenance().select_for_update() if lock else list_maintenance()
    found = rows.filter(name=name).first()
    if found is None:
        raise MaintenanceNotFound(f"There is no maintenance {name[:80]}. GET /api/v1/escalation/maintenance lists it.")
    return found


def _problems(given: Maintenance) -> fields.Problems:
    yield from fields.check_name("reason", given.reason, longest=LONGEST_REASON)
    if given.ends_at is not None and given.ends_at <= given.starts_at:
        yield FieldError(field="ends_at", code="range", detail="Must be after it starts.")
    if given.ends_at is None and given.hours is None:
        detail = "Say when it ends, or (in `hours`) in which hours of the week it is on."
        yield FieldError(field="ends_at", code="required", detail=detail)
    if given.hours is not None:
        yield from week.problems("hours", given.hours)
    yield from _channel_problems(given.channels)


def _channel_problems(names: Sequence[Any]) -> fields.Problems:
    if len(names) > MOST_CHANNELS:
        yield FieldError(field="channels", code="length", detail=f"Must name at most {MOST_CHANNELS}.")
        return
    known = set(Channel.objects.values_list("name", flat=True))
    for index, name in enumerate(names):
        if name not in known:
            yield FieldError(field=f"channels[{index}]", code="unknown", detail=f"There is no channel {name[:80]}.")


def _projects(slugs: Sequence[str]) -> list[Project]:
    return [find_project(slug=slug) for slug in slugs]


def _tell(
    found: Maintenance, event_type: str, *, before: Mapping[str, Any] | None, now: Mapping[str, Any] | None
) -> None:
    record(event_type=event_type, entity_type="maintenance", entity_id=found.name, old_value=before, new_value=now)
