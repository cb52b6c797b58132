"""The Celery door of checks."""

from datetime import timedelta

from celery import shared_task

from schemacheck import checks

SCHEDULE = {"schemacheck.cleanup": {"task": "schemacheck.cleanup", "schedule": timedelta(hours=6)}}


@shared_task(name="schemacheck.run_check")
def run_check(check_id: int) -> None:
    """Do a check somebody asked for."""
    checks.run_check(check_id=check_id)


@shared_task(name="schemacheck.cleanup")
def cleanup() -> int:
    """Delete checks past their retention."""
    return checks.prune()
