# ruff: noqa: PT028  -- test_prompt_version is the specification's name, and no test of pytest's
"""Starting a test of a version with a real model: which cases, whether they fit, and the run that asks them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction

from config.canonical import compute_hash
from config.context import caller
from config.errors import DomainError, FieldError
from config.jobs.sending import send
from prompts import apart
from prompts.cases import complete, stored_suite_hash, suite_hash
from prompts.lookup import get_version
from prompts.models import DEFINITION, Evaluation, Prompt, Run, RunResult, TestCase, Version
from prompts.prompts import get_prompt
from prompts.provider import default_model
from prompts.reuse import answer_key
from prompts.runs import record_run
from prompts.templates import check_input

MAX_CASES = 5_000
MAX_CONCURRENCY = 32
MAX_REPEATS = 100
MAX_RUNS = 50
MAX_ANSWERS = 10_000
"""Of one evaluation: its cases times repeats, versions and models."""
RENDER_SECONDS = 10
"""For rendering the cases of a run while its sender waits."""


class CasesInvalid(DomainError):
    """A case does not fit the version, or there is none."""

    code = "test-cases-invalid"


class NoCases(CasesInvalid):
    """The prompt has nothing to be tested with yet."""

    status = 409
    remedy = "add test cases to the prompt, or send some"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Of all runs of an evaluation together; None is without end."""

    max_tokens: int | None = None
    max_cost_micros: int | None = None


def test_prompt_version(
    *,
    prompt_id: str,
    number: int | None = None,
    cases: Sequence[Mapping[str, Any]] | None = None,
    model: str = "",
    concurrency: int = 4,
    repeats: int = 1,
    threshold: float = 1.0,
    reuse: bool = False,
    queued: bool = True,
) -> Run:
    """Start a test of a version (of the active one by default) against the given or else the stored cases.

    Verdicts rest on the stored ones; a run of other cases is kept as ad-hoc.
    With `queued` a job works it off; otherwise the caller does, by `execute_run`.
    Raises PromptNotFound, VersionNotFound, CasesInvalid, TestCaseInvalid, AssertionsInvalid, TemplateInvalid.
    """
    evaluation = start_evaluation(
        prompt_id=prompt_id,
        numbers=[] if number is None else [number],
        models=[model],
        cases=cases,
        concurrency=concurrency,
        repeats=repeats,
        threshold=threshold,
        reuse=reuse,
        queued=queued,
    )
    return evaluation.runs.select_related("version__prompt").get()


def start_evaluation(
    *,
    prompt_id: str,
    numbers: Sequence[int] = (),
    models: Sequence[str] = (),
    cases: Sequence[Mapping[str, Any]] | None = None,
    concurrency: int = 4,
    repeats: int = 1,
    threshold: float = 1.0,
    reuse: bool = False,
    budget: Budget = Budget(),
    queued: bool = True,
) -> Evaluation:
    """Start a run of each version on each model: by default of the active one, on the one it would be asked of.

    Each case is asked `repeats` times and passes when `threshold` of them do. With `reuse` only what was never asked
    is; answers there are, to the same question and of the same repeat, are judged anew. Raises as test_prompt_version.
    """
    _check_bounds(concurrency=concurrency, repeats=repeats, threshold=threshold)
    prompt = get_prompt(prompt_id=prompt_id)
    wanted: Sequence[int | None] = list(dict.fromkeys(numbers)) or [None]
    versions = [get_version(prompt=prompt, number=number) for number in wanted]
    chosen = _given(cases) if cases is not None else _stored(prompt)
    cells = [(version, model) for version in versions for model in dict.fromkeys(models or [""])]
    if len(cells) > MAX_RUNS or len(cells) * len(chosen) * repeats > MAX_ANSWERS:
        raise CasesInvalid(
            f"An evaluation has at most {MAX_RUNS} runs and {MAX_ANSWERS:,} answers: fewer cases or repeats."
        )
    for version in versions:
        _check_inputs(version, chosen)
    how = {"repeats": repeats, "threshold": threshold, "reuse": reuse, **asdict(budget)}
    evaluation = Evaluation(prompt=prompt, created_by=caller().actor, **how)
    ad_hoc = cases is not None and suite_hash(map(_case_hash, chosen)) != stored_suite_hash(prompt)
    made = [
        _run(evaluation, position, version, model, chosen, concurrency=concurrency, ad_hoc=ad_hoc)
        for position, (version, model) in enumerate(cells, start=1)
    ]
    _keep(evaluation, made, queued=queued)
    return evaluation


def _check_bounds(*, concurrency: int, repeats: int, threshold: float) -> None:
    if not 1 <= concurrency <= MAX_CONCURRENCY:
        raise CasesInvalid(f"concurrency must be 1 to {MAX_CONCURRENCY}.")
    if not 1 <= repeats <= MAX_REPEATS:
        raise CasesInvalid(f"repeats must be 1 to {MAX_REPEATS}.")
    if not 0 < threshold <= 1:
        raise CasesInvalid("threshold must be above 0 and at most 1: the share of its repeats a case must pass.")


def _run(
    evaluation: Evaluation,
    position: int,
    version: Version,
    model: str,
    chosen: Sequence[Mapping[str, Any]],
    *,
    concurrency: int,
    ad_hoc: bool,
) -> tuple[Run, list[RunResult]]:
    repeats = range(1, evaluation.repeats + 1)
    run = Run(
        evaluation=evaluation,
        position=position,
        version=version,
        model=model or version.settings.get("model") or default_model(),
        settings={name: value for name, value in version.settings.items() if name != "model"},
        ad_hoc=ad_hoc,
        suite_hash=suite_hash(map(_case_hash, chosen)),
        concurrency=concurrency,
        total=len(chosen) * len(repeats),
        created_by=evaluation.created_by,
    )
    manner = [evaluation.repeats, evaluation.threshold] if evaluation.repeats > 1 else []
    run.conditions_hash = compute_hash([run.suite_hash, run.model, run.settings, *manner])
    rows = [_row(run, place, repeat, case) for repeat in repeats for place, case in enumerate(chosen, start=1)]
    return run, rows


@transaction.atomic
def _keep(evaluation: Evaluation, made: Sequence[tuple[Run, list[RunResult]]], *, queued: bool) -> None:
    evaluation.save(force_insert=True)
    for run, rows in made:
        run.save(force_insert=True)
        RunResult.objects.bulk_create(rows, batch_size=200)
        record_run(run, "prompt.run_requested")
        if queued:
            send("prompts.run_test", run.pk)


test_prompt_version.__test__ = False  # type: ignore[attr-defined]  # not one of pytest's


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


def _stored(prompt: Prompt) -> list[dict[str, Any]]:
    stored = list(prompt.test_cases.order_by("pk")[: MAX_CASES + 1])
    if not stored:
        raise NoCases(f"{prompt.prompt_id} has no test cases. Add some, or give test_cases.")
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


def _row(run: Run, position: int, repeat: int, case: Mapping[str, Any]) -> RunResult:
    key = answer_key(run.version, run, case["input"], repeat)
    definition = {name: case[name] for name in DEFINITION}
    stored: TestCase | None = case.get("test_case")
    return RunResult(
        run=run,
        position=position,
        repeat=repeat,
        test_case=stored,
        case_hash=_case_hash(case),
        answer_key=key,
        **definition,
    )


def _case_hash(case: Mapping[str, Any]) -> str:
    return compute_hash({name: case[name] for name in DEFINITION})
