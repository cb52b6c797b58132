"""The Celery door of the vision cache. Nothing waits for a job's answer, so looking up is no job."""

from datetime import timedelta
from typing import Any

from config.celery import shared_task
from visioncache import entries, removal

SCHEDULE = {
    "visioncache.cleanup": {"task": "visioncache.cleanup", "schedule": timedelta(minutes=10)},
}


@shared_task(name="visioncache.cleanup")
def cleanup() -> int:
    """Remove expired entries; returns how many."""
    return removal.cleanup_expired()


@shared_task(name="visioncache.store")
def store(**entry: Any) -> str:
    """Store a model's answer; returns the entry's id."""
    return str(entries.store_entry(**entry).entry.uid)


@shared_task(name="visioncache.invalidate")
def invalidate(**conditions: Any) -> int:
    """Remove the entries that meet all conditions; returns how many."""
    return removal.invalidate(**conditions).removed
