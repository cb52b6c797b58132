"""The ground floor's own jobs."""

from datetime import timedelta

from config.celery import shared_task
from config.rest import idempotency

SCHEDULE = {
    "config.forget_answers": {"task": "config.forget_answers", "schedule": timedelta(hours=1)},
}


@shared_task(name="config.forget_answers")
def forget_answers() -> None:
    """Delete idempotent answers older than 24 h."""
    idempotency.forget_old()
