"""Working off a run: its calls in threads, their results written in batches by the thread that started them.

SQLite has one writer, and no transaction is open while a model thinks.
"""

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress

from django.db import DatabaseError

from audit.models import ModelPrice
from config.errors import DomainError
from config.jobs.overrun import note_progress
from prompts.asking import Task, ask
from prompts.claims import BATCH, finish, take, write
from prompts.evaluations import used_up
from prompts.models import Run, RunResult
from prompts.provider import Provider, connect
from prompts.reuse import kept_answers

FLUSH_SECONDS = 0.5
MOST_STOPPED = 10
"""Cases of a run whose rendering or judging was stopped at its budget: the rest would only burn CPU."""
GIVE_UP_AFTER = 3
"""Cases without any answer before the first one that has: the model is away, and the rest are not tried."""
Progress = Callable[[int, int], None]
"""Told how many of how many cases are done."""


def execute_run(*, run_id: int, provider: Provider | None = None, progress: Progress | None = None) -> Run:
    """Ask the model every case that has no answer yet, and judge the answers.

    Safe to call again: a run that is over is left alone. A model that cannot be used at all fails the run.
    Raises RunBusy while another job works on it.
    """
    run, claim = take(run_id)
    if claim is None:
        return run
    problem = ""
    try:
        model = provider or connect(run.model)
        try:
            problem = _work_off(run, claim, model, progress)
        finally:
            model.close()
    except DomainError as error:
        problem = error.detail
    except BaseException:
        # Somebody stopped the process, or a bug: the next delivery need not wait for the claim to age.
        with suppress(DatabaseError):
            Run.objects.filter(pk=run.pk, claim=claim).update(claim=None, claimed_at=None)
        raise
    return finish(run.pk, claim, problem)


def _work_off(run: Run, claim: uuid.UUID, provider: Provider, progress: Progress | None) -> str:
    """Ask and judge what is pending; why it was given up, or nothing."""
    pending = list(run.results.filter(outcome=RunResult.Outcome.PENDING).order_by("repeat", "position"))
    version, done = run.version, run.total - len(pending)
    messages, stopped, prices = version.conversation, list[str](), ModelPrice.objects.listed()
    kept = kept_answers(run, pending)
    tasks: Iterator[Task] = (
        Task(
            result=result,
            messages=messages,
            plain=version.is_plain,
            settings=run.settings,
            model=run.model,
            prices=prices,
            stopped=stopped,
            kept=kept.get(result.answer_key),
        )
        for result in pending
    )
    answered = done > 0
    ready: list[RunResult] = []
    flushed_at = time.monotonic()
    pool = ThreadPoolExecutor(run.concurrency, thread_name_prefix=f"run-{run.pk}")
    flying: set[Future[RunResult]] = set()
    failures: list[str] = []
    problem = ""
    try:
        while True:
            while len(flying) < run.concurrency and (task := next(tasks, None)) is not None:
                flying.add(pool.submit(ask, provider, task))
            if not flying:
                break
            landed, flying = wait(flying, timeout=FLUSH_SECONDS, return_when=FIRST_COMPLETED)
            for future in landed:
                result = future.result()
                ready.append(result)
                answered = answered or result.outcome != RunResult.Outcome.ERROR
                failures += [result.error] if result.outcome == RunResult.Outcome.ERROR else []
            if len(ready) >= BATCH or time.monotonic() - flushed_at >= FLUSH_SECONDS:
                if not write(run, claim, ready):
                    return ""  # cancelled, or taken over: what flies is dropped
                note_progress(of=len(ready))
                done, ready, flushed_at = done + len(ready), [], time.monotonic()
                if progress:
                    progress(done, run.total)
            hopeless = _hopeless(stopped, [] if answered else failures, run.concurrency)
            if problem := hopeless or used_up(run.evaluation):
                break
        write(run, claim, ready)
        if progress:
            progress(done + len(ready), run.total)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    # One failing case of several is that case's result; all of them are the run's.
    return problem or (failures[0] if failures and not answered else "")


def _hopeless(stopped: Sequence[str], failures: Sequence[str], concurrency: int) -> str:
    """Why the rest is not tried, or nothing; `failures` are those before any answer."""
    if len(stopped) >= MOST_STOPPED:
        return f"{len(stopped)} cases were stopped at their budget. {stopped[0]}"
    return failures[0] if len(failures) >= max(GIVE_UP_AFTER, concurrency) else ""
