"""The Celery door: tests of prompts, and their upkeep."""

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.conf import settings

from prompts import testing

SCHEDULE = {
    "prompts.resume_runs": {"task": "prompts.resume_runs", "schedule": timedelta(minutes=1)},
    "prompts.prune_runs": {"task": "prompts.prune_runs", "schedule": timedelta(days=1)},
}


@shared_task(name="prompts.run_test", bind=True, max_retries=None)
def run_test(self: Any, run_id: int) -> None:
    """Work a run off. A second delivery while the first still works comes back later, in case that one dies."""
    try:
        testing.execute_run(run_id=run_id)
    except testing.RunBusy as busy:
        raise self.retry(exc=busy, countdown=testing.CLAIM_SECONDS) from busy
    except testing.RunNotFound:
        return


@shared_task(name="prompts.resume_runs")
def resume_runs() -> int:
    """Take up runs whose worker died."""
    return testing.resume_stale_runs()


@shared_task(name="prompts.prune_runs")
def prune_runs() -> int:
    """Delete runs past their time."""
    return testing.prune_runs(days=settings.PROMPT_RUN_DAYS)
