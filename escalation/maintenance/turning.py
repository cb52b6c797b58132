"""Maintenance begins and ends: the job that finds it, the notice, and who is called afterwards."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from audit.trail import record
from config.pages.leads import admin_page
from escalation.calling.holding import window_of
from escalation.delivery.queueing import queue_notice
from escalation.models import Channel, Maintenance, Purpose

MOST_AT_ONCE = 200


def turn_due(*, limit: int = MOST_AT_ONCE) -> int:
    """Begin and end what is due; returns how many were looked at."""
    due = Maintenance.objects.due(at=timezone.now()).order_by("due_at")
    found = list(due.values_list("pk", flat=True)[:limit])
    for pk in found:
        _turn(pk)
    return len(found)


@transaction.atomic
def _turn(pk: int) -> None:
    now = timezone.now()
    found = Maintenance.objects.due(at=now).select_for_update().filter(pk=pk).first()
    if found is None:
        return  # somebody else was here
    window = window_of(found)
    until = window.until(now)
    if until is not None and found.began_at is None:
        found.began_at = now
        _tell(found, "began", f"Nobody is called until {until:%Y-%m-%d %H:%M} UTC.", {"until": until.isoformat()})
    elif until is None and found.began_at is not None:
        found.began_at = None
        waited = found.held.running().update(due_at=now)
        _tell(found, "ended", f"Bugs that waited to call somebody: {waited}.", {"waited": waited})
    elif until is not None:
        found.held.running().exclude(due_at=until).update(due_at=now)  # it was made shorter or longer
    found.due_at = window.next_change(now)
    found.save(update_fields=["began_at", "due_at"])


def _tell(found: Maintenance, what: str, said: str, context: dict[str, Any]) -> None:
    record(event_type=f"maintenance.{what}", entity_type="maintenance", entity_id=found.name, context=context)
    projects = ", ".join(project.name for project in found.projects.all()) or "all projects"
    notice = {
        "type": f"maintenance.{what}",
        "title": f"Maintenance {found.name} {what}: {projects}"[:200],
        "text": f"{found.reason}\n{said}",
        "data": {"maintenance": found.name, **context},
        "url": settings.PUBLIC_URL + admin_page("escalation", "maintenance", found.pk),
    }
    queue_notice(Channel.objects.filter(name__in=found.channels).order_by("name"), notice, purpose=Purpose.NOTICE)
