"""Runs: found, cancelled, and what the trail keeps of them."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from audit.trail import record
from config.errors import Conflict, NotFound
from config.identifiers import row_of
from prompts.models import Run


class RunNotFound(NotFound):
    code = "run-not-found"


class RunBusy(Conflict):
    """Another job holds the run's claim."""

    code = "run-busy"
    remedy = "nothing: another job works on the run"


class RunOver(Conflict):
    code = "run-over"
    remedy = "start another run"


def get_run(*, uid: str) -> Run:
    """Raises RunNotFound."""
    detail = f"There is no run {str(uid)[:100]}. A test's answer names its run."
    return row_of(Run.objects.select_related("version__prompt", "evaluation"), uid, RunNotFound(detail))


@transaction.atomic
def cancel_run(*, uid: str) -> Run:
    """End a run that is not over; answers that are under way are dropped. Raises RunNotFound, RunOver."""
    run = Run.objects.select_for_update(of=("self",)).get(pk=get_run(uid=uid).pk)
    if run.is_over:
        raise RunOver(f"The run is {run.status} already.")
    before = run.summary()
    run.status, run.finished_at, run.claim = Run.Status.CANCELLED, timezone.now(), None
    run.save(update_fields=["status", "finished_at", "claim"])
    record_run(run, "prompt.run_cancelled", before)
    return run


def record_run(run: Run, event_type: str, before: dict[str, Any] | None = None) -> None:
    record(
        event_type=event_type,
        entity_type="prompt_run",
        entity_id=str(run.uid),
        old_value=before,
        new_value=run.summary(),
        context={"prompt_id": run.version.prompt.prompt_id, "version": run.version.number},
    )
