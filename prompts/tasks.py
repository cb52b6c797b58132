"""The Celery door: tests of prompts, and their upkeep."""

from datetime import timedelta
from typing import Any

from django.conf import settings

from config.celery import shared_task
from prompts import (
    cases,
    claims,
    compressions,
    execution,
    labels,
    retention,
    runs,
    testing,
    versions,
    watching,
)
from prompts.memories import patterns, remembering

RETRY_SECONDS = 5
"""How often a second delivery looks whether the first still works."""
SCHEDULE = {
    "prompts.resume_runs": {"task": "prompts.resume_runs", "schedule": timedelta(minutes=1)},
    "prompts.prune_runs": {"task": "prompts.prune_runs", "schedule": timedelta(days=1)},
    "prompts.forget_compressions": {"task": "prompts.forget_compressions", "schedule": timedelta(hours=1)},
    "prompts.watch_models": {"task": "prompts.watch_models", "schedule": timedelta(days=1)},
    "prompts.prune_memories": {"task": "prompts.prune_memories", "schedule": timedelta(minutes=30)},
    "prompts.propose_patterns": {"task": "prompts.propose_patterns", "schedule": timedelta(days=1)},
}


@shared_task(name="prompts.run_test", bind=True, max_retries=None, time_limit=settings.LONG_JOB_SECONDS)
def run_test(self: Any, run_id: int) -> None:
    """Work a run off. A second delivery while the first still works comes back later, in case that one dies."""
    try:
        execution.execute_run(run_id=run_id)
    except runs.RunBusy as busy:
        raise self.retry(exc=busy, countdown=RETRY_SECONDS) from busy
    except runs.RunNotFound:
        return


@shared_task(name="prompts.resume_runs")
def resume_runs() -> int:
    """Take up runs whose worker died."""
    return claims.resume_stale_runs()


@shared_task(name="prompts.prune_runs")
def prune_runs() -> int:
    """Delete runs past their time."""
    return retention.prune_runs()


@shared_task(name="prompts.watch_models")
def watch_models() -> int:
    """Test again what holds a protected label; nothing while PROMPT_WATCH is off."""
    return watching.watch_models() if settings.PROMPT_WATCH == "daily" else 0


@shared_task(name="prompts.forget_compressions")
def forget_compressions() -> int:
    """Delete the texts of compressions past their day."""
    return compressions.forget_compressions()


@shared_task(name="prompts.remember")
def remember(**memory: Any) -> str:
    """Keep a memory from a job; its id."""
    return str(remembering.remember(**memory).memory.uid)


@shared_task(name="prompts.prune_memories")
def prune_memories() -> int:
    """Delete memories past their time."""
    return remembering.prune_memories()


@shared_task(name="prompts.propose_patterns")
def propose_patterns() -> int:
    """Keep as patterns what succeeded again and again."""
    return patterns.propose_patterns()


@shared_task(name="prompts.save_version")
def save_version(**version: Any) -> int:
    """Save a version from a job; its number."""
    return versions.save_version(**version).version.number


@shared_task(name="prompts.activate_version")
def activate_version(prompt_id: str, number: int) -> None:
    """Make a version the active one."""
    versions.activate_version(prompt_id=prompt_id, number=number)


@shared_task(name="prompts.move_label")
def move_label(**what: Any) -> None:
    """Let a version hold a label."""
    labels.move_label(**what)


@shared_task(name="prompts.remove_label")
def remove_label(prompt_id: str, label: str) -> None:
    """Take a label away."""
    labels.remove_label(prompt_id=prompt_id, label=label)


@shared_task(name="prompts.create_test_case")
def create_test_case(**case: Any) -> str:
    """Add a test case; its id."""
    return str(cases.create_test_case(**case).uid)


@shared_task(name="prompts.test_version")
def start_test(**what: Any) -> str:
    """Test a version, for instance every night from CELERY_BEAT_SCHEDULE; the run's id."""
    return str(testing.test_prompt_version(**what).uid)
