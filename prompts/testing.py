# ruff: noqa: PT028  -- test_prompt_version is the specification's name, and no test of pytest's
"""Testing a version with a real model: start a run, work it off, cancel it.

The calls run in threads, and the thread that started them writes their results in batches: SQLite has one writer,
and no transaction is open while a model thinks. A run is worked off by whoever holds its claim, so a job that is
delivered twice does the cases that are left, and none twice.
"""

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Count, F, Max, Q, Sum
from django.utils import timezone

from audit.trail import record
from config.canonical import compute_hash
from config.context import caller
from config.errors import Conflict, DomainError, FieldError, NotFound
from config.jobs.overrun import note_progress
from config.jobs.task import send
from prompts import apart
from prompts.assertions import Subject
from prompts.cases import complete
from prompts.comparison import verdict_of
from prompts.models import DEFINITION, Prompt, Run, RunResult, TestCase, Version
from prompts.provider import Answer, Provider, connect, cost_micros, default_model
from prompts.statistics import MANY_MISSING
from prompts.templates import Message, check_input
from prompts.versions import get_prompt, get_version

logger = logging.getLogger(__name__)

MAX_CASES = 5_000
MAX_CONCURRENCY = 32
BATCH = 25
PRUNE_BATCH = 100
FLUSH_SECONDS = 0.5
CLAIM_SECONDS = 20
"""A claim whose holder has not written for so long is free; a living holder writes every FLUSH_SECONDS."""
LOST_SECONDS = 600
"""A run that waits so long is sent again: a broker beside the database can lose a message."""
RENDER_SECONDS = 10
"""For rendering the cases of a run while its sender waits."""
MOST_STOPPED = 10
"""Cases of a run whose rendering or judging was stopped at its budget: the rest would only burn CPU."""
GIVE_UP_AFTER = 3
"""Cases without any answer before the first one that has: the model is away, and the rest are not tried."""

Progress = Callable[[int, int], None]
"""Told how many of how many cases are done."""


class CasesInvalid(DomainError):
    """A case does not fit the version, or there is none."""

    code = "test-cases-invalid"


class NoCases(CasesInvalid):
    """The prompt has nothing to be tested with yet."""

    status = 409


class RunNotFound(NotFound):
    code = "run-not-found"


class RunBusy(Conflict):
    """Another job holds the run's claim."""

    code = "run-busy"


class RunOver(Conflict):
    code = "run-over"


def test_prompt_version(
    *,
    prompt_id: str,
    number: int | None = None,
    cases: Sequence[Mapping[str, Any]] | None = None,
    model: str = "",
    concurrency: int = 4,
    queued: bool = True,
) -> Run:
    """Start a test of a version (of the active one by default) against the given or else the stored cases.

    Verdicts rest on the stored ones; a run of other cases is kept as ad-hoc.
    With `queued` a job works it off; otherwise the caller does, by `execute_run`.
    Raises PromptNotFound, VersionNotFound, CasesInvalid, TestCaseInvalid, AssertionsInvalid, TemplateInvalid.
    """
    if not 1 <= concurrency <= MAX_CONCURRENCY:
        raise CasesInvalid(f"concurrency must be 1 to {MAX_CONCURRENCY}.")
    version = get_version(prompt=get_prompt(prompt_id=prompt_id), number=number)
    chosen = _given(cases) if cases is not None else _stored(version)
    _check_inputs(version, chosen)
    run = Run(version=version, concurrency=concurrency, total=len(chosen), created_by=caller().actor)
    rows = [_row(run, position, case) for position, case in enumerate(chosen, start=1)]
    run.model = model or version.settings.get("model") or default_model()
    run.settings = {name: value for name, value in version.settings.items() if name != "model"}
    run.suite_hash = suite_hash(row.case_hash for row in rows)
    run.conditions_hash = compute_hash([run.suite_hash, run.model, run.settings])
    run.ad_hoc = cases is not None and run.suite_hash != stored_suite_hash(version.prompt)
    with transaction.atomic():
        run.save(force_insert=True)
        RunResult.objects.bulk_create(rows, batch_size=200)
        _record(run, "prompt.run_requested")
        if queued:
            send("prompts.run_test", run.pk)
    return run


test_prompt_version.__test__ = False  # type: ignore[attr-defined]  # not one of pytest's


def suite_hash(case_hashes: Iterable[str]) -> str:
    """What the cases of a run are, in whatever order."""
    return compute_hash(sorted(case_hashes))


def stored_suite_hash(prompt: Prompt) -> str:
    """What the prompt's own cases are at this moment."""
    return suite_hash(compute_hash(case.definition()) for case in prompt.test_cases.all())


def get_run(*, uid: str) -> Run:
    """Raises RunNotFound."""
    try:
        run = Run.objects.select_related("version__prompt").filter(uid=uuid.UUID(str(uid))).first()
    except ValueError:
        run = None
    if run is None:
        raise RunNotFound(f"There is no run {str(uid)[:100]}. A test's answer names its run.")
    return run


@transaction.atomic
def cancel_run(*, uid: str) -> Run:
    """End a run that is not over; answers that are under way are dropped. Raises RunNotFound, RunOver."""
    run = Run.objects.select_for_update(of=("self",)).get(pk=get_run(uid=uid).pk)
    if run.is_over:
        raise RunOver(f"The run is {run.status} already.")
    before = run.summary()
    run.status, run.finished_at, run.claim = Run.Status.CANCELLED, timezone.now(), None
    run.save(update_fields=["status", "finished_at", "claim"])
    _record(run, "prompt.run_cancelled", before)
    return run


def execute_run(*, run_id: int, provider: Provider | None = None, progress: Progress | None = None) -> Run:
    """Ask the model every case that has no answer yet, and judge the answers.

    Safe to call again: a run that is over is left alone. A model that cannot be used at all fails the run.
    Raises RunBusy while another job works on it.
    """
    run, claim = _claim(run_id)
    if claim is None:
        return run
    problem = ""
    try:
        model = provider or connect()
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
    return _finish(run.pk, claim, problem)


@transaction.atomic
def fail_run(*, run_id: int, problem: str) -> None:
    """End a run that cannot be worked off, with the reason; one that is over is left alone."""
    run = Run.objects.select_for_update(of=("self",)).filter(pk=run_id).first()
    if run is None or run.is_over:
        return
    run.status, run.claim = Run.Status.RUNNING, uuid.uuid4()
    run.save(update_fields=["status", "claim"])
    _finish(run_id, run.claim, problem)


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


def prune_runs(*, days: int | None = None) -> int:
    """Delete runs older than `days` (by default PROMPT_RUN_DAYS); how many.

    The last finished run of each version stays, and so does the last that a verdict rests on under each conditions.
    In batches, so that no other writer waits long.
    """
    kept = settings.PROMPT_RUN_DAYS if days is None else days
    deleted = 0
    while some := _prune_some(kept):
        deleted += some
    return deleted


@transaction.atomic
def _prune_some(days: int) -> int:
    old = Run.objects.filter(created_at__lt=timezone.now() - timedelta(days=days))
    last = Run.objects.finished().order_by().values("version").annotate(last=Max("pk")).values("last")
    sound = Run.objects.finished().of_suite().exclude(errors__gt=MANY_MISSING * F("total"))
    proof = sound.order_by().values("version", "conditions_hash").annotate(last=Max("pk")).values("last")
    kept = Q(pk__in=last) | Q(pk__in=proof) | Q(pk__in=Run.objects.open())
    doomed = list(old.exclude(kept).values_list("pk", flat=True)[:PRUNE_BATCH])
    if doomed:
        Run.objects.filter(pk__in=doomed).delete()
        record(
            event_type="prompt.runs_pruned",
            entity_type="prompt_run",
            entity_id="retention",
            new_value={"deleted": len(doomed), "older_than_days": days},
        )
    return len(doomed)


# Cases


def _given(cases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if not 1 <= len(cases) <= MAX_CASES:
        raise CasesInvalid(f"Give 1 to {MAX_CASES} test cases, or none to use the stored ones.")
    checked = []
    for index, case in enumerate(cases):
        try:
            checked.append(complete(case, name=f"case {index + 1}"))
        except DomainError as error:
            errors = [
                FieldError(field=f"test_cases[{index}].{item.field}", code=item.code, detail=item.detail)
                for item in error.errors
            ]
            raise CasesInvalid(f"Test case {index + 1}: {error.detail}", errors=errors) from error
    names = [case["name"] for case in checked]
    if twice := next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None:
        raise CasesInvalid(f"Two test cases are named {twice!r}; names tell cases apart.")
    try:
        apart.check_assertions({f"test_cases[{i}].assertions": case["assertions"] for i, case in enumerate(checked)})
    except DomainError as error:
        raise CasesInvalid(error.detail, errors=error.errors) from error
    return checked


def _stored(version: Version) -> list[dict[str, Any]]:
    stored = list(version.prompt.test_cases.order_by("pk")[: MAX_CASES + 1])
    if not stored:
        raise NoCases(f"{version.prompt.prompt_id} has no test cases. Add some, or give test_cases.")
    if len(stored) > MAX_CASES:
        raise CasesInvalid(f"A run takes at most {MAX_CASES} cases.")
    return [{**case.definition(), "test_case": case} for case in stored]


def _check_inputs(version: Version, cases: Sequence[Mapping[str, Any]]) -> None:
    """Every case renders before any is paid for. Raises CasesInvalid naming those that do not.

    Past RENDER_SECONDS only the variables of the rest are compared; what fails to render then is that case's error.
    """
    errors = []
    messages, end = version.conversation, time.monotonic() + RENDER_SECONDS
    for case in cases:
        try:
            check_input(messages, case["input"])
            if time.monotonic() < end:
                apart.conversation(messages, case["input"], plain=version.is_plain)
        except DomainError as error:
            errors.append(FieldError(field=f"test_cases.{case['name']}.input", code=error.code, detail=error.detail))
    if errors:
        raise CasesInvalid(f"{errors[0].field}: {errors[0].detail}", errors=errors[:50])


def _row(run: Run, position: int, case: Mapping[str, Any]) -> RunResult:
    definition = {name: case[name] for name in DEFINITION}
    stored: TestCase | None = case.get("test_case")
    return RunResult(run=run, position=position, test_case=stored, case_hash=compute_hash(definition), **definition)


# Working off


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    result: RunResult
    messages: list[Message]
    """Before rendering."""
    plain: bool
    settings: Mapping[str, Any]
    model: str
    stopped: list[str]
    """Of the whole run: why work was stopped at its budget."""


def _claim(run_id: int) -> tuple[Run, uuid.UUID | None]:
    """The run with a claim of our own; without one when there is nothing left to do. Raises RunBusy, RunNotFound."""
    now = timezone.now()
    with transaction.atomic():
        run = Run.objects.select_for_update(of=("self",)).select_related("version__prompt").filter(pk=run_id).first()
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
            _record(run, "prompt.run_started")
    return run, run.claim


def _work_off(run: Run, claim: uuid.UUID, provider: Provider, progress: Progress | None) -> str:
    """Ask and judge what is pending; why it was given up, or nothing."""
    pending = list(run.results.filter(outcome=RunResult.Outcome.PENDING).order_by("position"))
    version, done = run.version, run.total - len(pending)
    messages, stopped = version.conversation, list[str]()
    tasks: Iterator[_Task] = (
        _Task(
            result=result,
            messages=messages,
            plain=version.is_plain,
            settings=run.settings,
            model=run.model,
            stopped=stopped,
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
                flying.add(pool.submit(_ask, provider, task))
            if not flying:
                break
            landed, flying = wait(flying, timeout=FLUSH_SECONDS, return_when=FIRST_COMPLETED)
            for future in landed:
                result = future.result()
                ready.append(result)
                answered = answered or result.outcome != RunResult.Outcome.ERROR
                failures += [result.error] if result.outcome == RunResult.Outcome.ERROR else []
            if len(ready) >= BATCH or time.monotonic() - flushed_at >= FLUSH_SECONDS:
                if not _write(run, claim, ready):
                    return ""  # cancelled, or taken over: what flies is dropped
                note_progress(of=len(ready))
                done, ready, flushed_at = done + len(ready), [], time.monotonic()
                if progress:
                    progress(done, run.total)
            if problem := _hopeless(stopped, [] if answered else failures, run.concurrency):
                break
        _write(run, claim, ready)
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


def _ask(provider: Provider, task: _Task) -> RunResult:
    """Runs in a thread of its own: no database here."""
    result = task.result
    try:
        messages = apart.conversation(task.messages, result.input, plain=task.plain)
        answer = provider.complete(messages, task.settings, model=task.model)
        _judge(result, answer, task.model)
    except DomainError as error:
        if isinstance(error, apart.Stopped):
            task.stopped.append(error.detail)
        result.outcome, result.error = RunResult.Outcome.ERROR, error.detail
    except Exception as error:
        logger.exception("Case %s of run %s failed", result.position, result.run_id)
        result.outcome = RunResult.Outcome.ERROR
        result.error = f"Unexpected {type(error).__name__}; the log says more."
    return result


def _judge(result: RunResult, answer: Answer, model: str) -> None:
    cost = cost_micros(answer, model)
    subject = Subject(
        text=answer.text,
        latency_ms=answer.latency_ms,
        cost_micros=cost,
        output_tokens=answer.output_tokens,
        finish_reason=answer.finish_reason,
    )
    result.output = answer.text
    result.latency_ms, result.finish_reason = answer.latency_ms, answer.finish_reason
    result.input_tokens, result.output_tokens, result.cost_micros = answer.input_tokens, answer.output_tokens, cost
    judgement = apart.judge(result.assertions, subject, expected=result.expected_output, threshold=result.threshold)
    result.outcome = RunResult.Outcome.PASSED if judgement.passed else RunResult.Outcome.FAILED
    result.score, result.checks = judgement.score, [asdict(outcome) for outcome in judgement.outcomes]


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
]


def _write(run: Run, claim: uuid.UUID, ready: Sequence[RunResult]) -> bool:
    """Keep what came and say we are alive; False when the run is no longer ours."""
    with transaction.atomic():
        held = Run.objects.filter(pk=run.pk, claim=claim, status=Run.Status.RUNNING)
        if not held.update(claimed_at=timezone.now()):
            return False
        if ready:
            RunResult.objects.bulk_update(ready, _ANSWERED, batch_size=BATCH)
            held.update(**_totals(run.pk))
    return True


def _totals(run_id: int) -> dict[str, Any]:
    results = RunResult.objects.filter(run=run_id)
    sums = results.aggregate(
        passed=Count("pk", Q(outcome=RunResult.Outcome.PASSED)),
        failed=Count("pk", Q(outcome__in=[RunResult.Outcome.FAILED, RunResult.Outcome.ERROR])),
        errors=Count("pk", Q(outcome=RunResult.Outcome.ERROR)),
        input_tokens=Sum("input_tokens", default=0),
        output_tokens=Sum("output_tokens", default=0),
        cost_micros=Sum("cost_micros"),
    )
    return dict(sums)


def _finish(run_id: int, claim: uuid.UUID, problem: str) -> Run:
    with transaction.atomic():
        run = Run.objects.select_for_update(of=("self",)).select_related("version__prompt").get(pk=run_id)
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
        _record(run, "prompt.run_failed" if problem else "prompt.run_finished", before)
        if run.verdict and run.verdict["call"] == "regression":
            _record_regression(run)
    return run


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


def _record(run: Run, event_type: str, before: dict[str, Any] | None = None) -> None:
    record(
        event_type=event_type,
        entity_type="prompt_run",
        entity_id=str(run.uid),
        old_value=before,
        new_value=run.summary(),
        context={"prompt_id": run.version.prompt.prompt_id, "version": run.version.number},
    )
