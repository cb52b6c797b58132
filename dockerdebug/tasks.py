"""The Celery door of diagnoses."""

from datetime import timedelta

from config.celery import shared_task
from dockerdebug import diagnoses

SCHEDULE = {
    "dockerdebug.prune": {"task": "dockerdebug.prune", "schedule": timedelta(hours=6)},
    "dockerdebug.fail_abandoned": {"task": "dockerdebug.fail_abandoned", "schedule": timedelta(minutes=5)},
}


@shared_task(name="dockerdebug.diagnose")
def diagnose(diagnosis_id: str) -> None:
    """Carry out a requested diagnosis; safe to receive twice."""
    diagnoses.run_diagnosis(diagnosis_id=diagnosis_id)


@shared_task(name="dockerdebug.prune")
def prune() -> int:
    """Delete old diagnoses; returns how many."""
    return diagnoses.prune_diagnoses()


@shared_task(name="dockerdebug.fail_abandoned")
def fail_abandoned() -> int:
    """Close diagnoses whose process died; returns how many."""
    return diagnoses.fail_abandoned()
