"""The test cases of a prompt from a file and into one; and one made of what a run asked."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from config.errors import NotFound
from prompts.cases import create_test_case, keep_checked
from prompts.exchange import case_files
from prompts.exchange.importing import check_cases, named
from prompts.exchange.jsonl import said
from prompts.exchange.terms import File
from prompts.models import DEFINITION, TestCase
from prompts.prompts import get_prompt
from prompts.runs import get_run


class ResultNotFound(NotFound):
    code = "result-not-found"


@dataclass(frozen=True, slots=True, kw_only=True)
class CasesImported:
    cases: list[TestCase]
    left: list[str]
    """In words, what of the file has no place here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CasesExported:
    text: str
    count: int
    left: list[str]


def import_cases(*, prompt_id: str, file: File) -> CasesImported:
    """Keep each case of a file, in the place of one of that name: all of them, or none.

    CSV has a column for each variable and `__expected`; JSON has a case a line. Raises PromptNotFound, Unreadable,
    ImportRefused naming the case.
    """
    found, left = case_files.read(file)
    check_cases(found)
    with transaction.atomic():
        get_prompt(prompt_id=prompt_id, lock=True)
        kept = [keep_checked(prompt_id, named(number, case)) for number, case in enumerate(found, start=1)]
    return CasesImported(cases=kept, left=left)


def export_cases(*, prompt_id: str, as_csv: bool = False) -> CasesExported:
    """The cases of a prompt as a file. Raises PromptNotFound."""
    rows = [said(case.state()) for case in get_prompt(prompt_id=prompt_id).test_cases.order_by("pk")]
    text, left = case_files.write(rows, as_csv=as_csv)
    return CasesExported(text=text, count=len(rows), left=left)


def keep_result(
    *, uid: str, position: int, repeat: int = 1, name: str = "", expected_output: str | None = None
) -> TestCase:
    """Make a test case of what a run asked: judged as it was there, or by what should have come back.

    Raises RunNotFound, ResultNotFound, TestCaseInvalid, AssertionsInvalid, TestCaseExists.
    """
    run = get_run(uid=uid)
    result = run.results.filter(position=position, repeat=repeat).first() if 0 < position < 2**31 else None
    if result is None:
        raise ResultNotFound(f"The run has no result {position} ({repeat}). It has 1 to {run.case_count}.")
    given: dict[str, Any] = {field: getattr(result, field) for field in DEFINITION}
    if expected_output is not None:
        given |= {"expected_output": expected_output, "assertions": [], "threshold": None}
    return create_test_case(prompt_id=run.version.prompt.prompt_id, **{**given, "name": name or result.name})
