# ruff: noqa: PT028  -- test_prompt_version is the specification's name, and no test of pytest's
"""Starting a test of a version with a real model: which cases, whether they fit, and the run that asks them."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from config.canonical import compute_hash
from config.context import caller
from config.errors import DomainError, FieldError
from config.jobs.sending import send
from prompts import apart
from prompts.cases import complete, stored_suite_hash, suite_hash
from prompts.lookup import get_version
from prompts.models import DEFINITION, Run, RunResult, TestCase, Version
from prompts.prompts import get_prompt
from prompts.provider import default_model
from prompts.runs import record_run
from prompts.templates import check_input

MAX_CASES = 5_000
MAX_CONCURRENCY = 32
RENDER_SECONDS = 10
"""For rendering the cases of a run while its sender waits."""


class CasesInvalid(DomainError):
    """A case does not fit the version, or there is none."""

    code = "test-cases-invalid"


class NoCases(CasesInvalid):
    """The prompt has nothing to be tested with yet."""

    status = 409
    remedy = "add test cases to the prompt, or send some"


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
        record_run(run, "prompt.run_requested")
        if queued:
            send("prompts.run_test", run.pk)
    return run


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
