"""The Celery door of checks."""

from datetime import timedelta

from config.celery import shared_task
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


@shared_task(name="schemacheck.check_migrations")
def check_migrations(database: str | None = None) -> bool:
    """Check the migrations not applied yet; whether all are valid."""
    from schemacheck.django_migrations import reviewing

    return reviewing.check_migrations(database=database).valid


@shared_task(name="schemacheck.audit_live_schema")
def audit_live_schema(database: str | None = None) -> str:
    """Audit the tables there are; the id of the check that holds the findings."""
    from schemacheck import live

    return str(live.audit_live_schema(database=database).uid)
