"""The Celery door of the trail."""

from typing import Any

from celery import shared_task

from audit import rollback, trail


@shared_task(name="audit.record")
def record(**event: Any) -> str:
    """Record an event from a job; returns its uid."""
    return str(trail.record(**event).uid)


@shared_task(name="audit.roll_back")
def roll_back(entity_type: str, entity_id: str, to: str | None = None, reason: str = "") -> str:
    """Roll an entity back; returns the uid of the recorded rollback."""
    return str(rollback.apply(entity_type=entity_type, entity_id=entity_id, to=to, reason=reason).uid)
