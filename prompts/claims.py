"""Whose run it is: taken by one job, kept while that writes, given up, sent again when its job fell silent.

A run is worked off by whoever holds its claim, so a job that is delivered twice does the cases that are left, and none
twice.
"""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from audit.trail import record
from config.jobs.sending import send
from prompts.comparison import verdict_of
from prompts.models import Run, RunResult, Version
from prompts.runs import RunBusy, RunNotFound, record_run

BATCH = 25
CLAIM_SECONDS = 20
"""A claim whose holder has not written for so long is free; a living holder writes every FLUSH_SECONDS."""
LOST_SECONDS = 600
"""A run that waits so long is sent again: a broker beside the database can lose a message."""


def take(run_id: int) -> tuple[Run, uuid.UUID | None]:
    """The run with a claim of our own; without one when there is nothing left to do. Raises RunBusy, RunNotFound."""
    now = timezone.now()
    with transaction.atomic():
        run = _locked().filter(pk=run_id).first()
        if run is None:
            raise RunNotFound("The run is gone; its prompt was deleted.")
        if run.is_over:
            return run, None
        begins = run.status == Run.Status.PENDING
        fresh = run.claimed_at is not None and run.claimed_at > now - timedelta(seconds=CLAIM_SECONDS)
        if fresh and not begins:
            raise RunBusy("Another job works on this run.")
        run.status, run.claim, run.claimed_at = Run.Status.RUNNING, uuid.uuid4(), now
        run.started_at = run.started_at or now
        run.save(update_fields=["status", "claim", "claimed_at", "started_at"])
        if begins:
            record_run(run, "prompt.run_started")
    return run, run.claim


_ANSWERED = [
    "outcome",
    "output",
    "score",
    "checks",
    "error",
    "latency_ms",
    "input_tokens",
    "output_tokens",
    "cost_micros",
    "finish_reason",
    "reused",
]


def write(run: Run, claim: uuid.UUID, ready: Sequence[RunResult]) -> bool:
    """Keep what came and say we are alive; False when the run is no longer ours."""
    with transaction.atomic():
        held = Run.objects.filter(pk=run.pk, claim=claim, status=Run.Status.RUNNING)
        if not held.update(claimed_at=timezone.now()):
            return False
        if ready:
            RunResult.objects.bulk_update(ready, _ANSWERED, batch_size=BATCH)
            held.update(**_totals(run.pk))
    return True


def finish(run_id: int, claim: uuid.UUID, problem: str) -> Run:
    with transaction.atomic():
        run = _locked().get(pk=run_id)
        if run.status != Run.Status.RUNNING or run.claim != claim:
            return run
        before = run.summary()
        run.status = Run.Status.FAILED if problem else Run.Status.FINISHED
        run.error, run.finished_at, run.claim = problem, timezone.now(), None
        for name, value in _totals(run_id).items():
            setattr(run, name, value)
        run.save()
        if not problem:
            run.verdict = verdict_of(run)
            run.save(update_fields=["verdict"])
            _keep_results(run)
        record_run(run, "prompt.run_failed" if problem else "prompt.run_finished", before)
        if run.verdict and run.verdict["call"] == "regression":
            _record_regression(run)
    return run


@transaction.atomic
def fail_run(*, run_id: int, problem: str) -> None:
    """End a run that cannot be worked off, with the reason; one that is over is left alone."""
    run = Run.objects.select_for_update(of=("self",)).filter(pk=run_id).first()
    if run is None or run.is_over:
        return
    run.status, run.claim = Run.Status.RUNNING, uuid.uuid4()
    run.save(update_fields=["status", "claim"])
    finish(run_id, run.claim, problem)


@transaction.atomic
def resume_stale_runs() -> int:
    """Send a job for every run whose worker fell silent or whose message was lost; how many."""
    now = timezone.now()
    silent = now - timedelta(seconds=2 * CLAIM_SECONDS)
    lost = now - timedelta(seconds=LOST_SECONDS)
    stale = Run.objects.filter(
        Q(Q(claimed_at__lt=silent) | Q(claimed_at=None), status=Run.Status.RUNNING)
        | Q(Q(claimed_at__lt=lost) | Q(claimed_at=None), status=Run.Status.PENDING, created_at__lt=lost)
    )
    ids = list(stale.values_list("pk", flat=True)[:100])
    # A pending run notes when it was last sent, so that a long queue does not fill with its messages.
    Run.objects.filter(pk__in=ids, status=Run.Status.PENDING).update(claimed_at=now)
    for run_id in ids:
        send("prompts.run_test", run_id)
    return len(ids)


def _locked() -> "QuerySet[Run]":
    return Run.objects.select_for_update(of=("self",)).select_related("version__prompt", "evaluation")


def _totals(run_id: int) -> dict[str, Any]:
    results = RunResult.objects.filter(run=run_id)
    sums = results.aggregate(
        passed=Count("pk", Q(outcome=RunResult.Outcome.PASSED)),
        failed=Count("pk", Q(outcome__in=[RunResult.Outcome.FAILED, RunResult.Outcome.ERROR])),
        errors=Count("pk", Q(outcome=RunResult.Outcome.ERROR)),
        input_tokens=Sum("input_tokens", filter=Q(reused=False), default=0),
        output_tokens=Sum("output_tokens", filter=Q(reused=False), default=0),
        cost_micros=Sum("cost_micros", filter=Q(reused=False)),
    )
    return dict(sums)


def _keep_results(run: Run) -> None:
    """An ad-hoc run is a version's result only while the stored cases were never asked."""
    if run.ad_hoc and run.version.runs.finished().of_suite().exists():
        return
    Version.objects.filter(pk=run.version_id).update(test_results=run.summary())


def _record_regression(run: Run) -> None:
    verdict = run.verdict or {}
    record(
        event_type="prompt.regression_found",
        entity_type="prompt_version",
        entity_id=run.version.entity_id,
        new_value=run.summary(),
        context={
            "prompt_id": run.version.prompt.prompt_id,
            "version": run.version.number,
            "against_version": verdict["against_version"],
            "lost": verdict["lost"],
            "won": verdict["won"],
            "p_value": verdict["p_value"],
            "note": verdict["note"],
        },
    )
