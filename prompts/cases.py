"""Test cases: what a prompt is asked and what must come back."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import IntegrityError, transaction

from audit.trail import record
from config.canonical import compute_hash
from config.context import caller
from config.errors import Conflict, DomainError, FieldError, NotFound
from config.identifiers import row_of
from prompts.apart import check_assertions
from prompts.models import DEFINITION, Prompt, TestCase
from prompts.prompts import get_prompt

MAX_TEXT = 200_000
"""Characters of one input or expected output."""
LONGEST_NAME = 120
BLANK: dict[str, Any] = {"type": "general", "expected_output": None, "assertions": [], "threshold": None}
"""What a case is judged by when nothing is said."""
UNSAID: dict[str, Any] = {**BLANK, "must_pass": False}


class TestCaseNotFound(NotFound):
    __test__ = False
    code = "test-case-not-found"


class TestCaseExists(Conflict):
    __test__ = False
    code = "test-case-exists"
    remedy = "change the case that is there, or choose another name"


class TestCaseInvalid(DomainError):
    __test__ = False
    code = "test-case-invalid"


def create_test_case(*, prompt_id: str, **given: Any) -> TestCase:
    """Add a case: name, input, and expected_output or assertions; also type, threshold and must_pass.

    Raises PromptNotFound, TestCaseInvalid, AssertionsInvalid, TestCaseExists.
    """
    _read_assertions(given)
    return _create(prompt_id, given)


@transaction.atomic
def _create(prompt_id: str, given: Mapping[str, Any]) -> TestCase:
    prompt = get_prompt(prompt_id=prompt_id)
    judged, must_pass = _parted(given)
    case = TestCase(prompt=prompt, created_by=caller().actor, must_pass=bool(must_pass), **complete(judged))
    try:
        with transaction.atomic():
            case.save(force_insert=True)
    except IntegrityError as error:
        raise TestCaseExists(f"{prompt_id} has a case named {case.name}. Choose another name or change it.") from error
    _record(case, "prompt.test_case_created", None)
    return case


def update_test_case(*, prompt_id: str, uid: str, **given: Any) -> TestCase:
    """Change a case; finished runs keep it as it was. Raises as create_test_case does, and TestCaseNotFound."""
    _read_assertions(given)
    return _update(prompt_id, uid, given)


@transaction.atomic
def _update(prompt_id: str, uid: str, given: Mapping[str, Any]) -> TestCase:
    case = get_test_case(prompt_id=prompt_id, uid=uid, lock=True)
    before, (judged, must_pass) = case.state(), _parted(given)
    for name, value in complete({**case.definition(), **judged}).items():
        setattr(case, name, value)
    case.must_pass = case.must_pass if must_pass is None else must_pass
    if case.state() == before:
        return case
    try:
        with transaction.atomic():
            case.save()
    except IntegrityError as error:
        raise TestCaseExists(f"{prompt_id} has a case named {case.name} already.") from error
    _record(case, "prompt.test_case_changed", before)
    return case


def keep_test_case(*, prompt_id: str, **given: Any) -> TestCase:
    """Add a case, or change the one of that name. Raises as create_test_case does."""
    _read_assertions(given)
    return keep_checked(prompt_id, given)


@transaction.atomic
def keep_checked(prompt_id: str, given: Mapping[str, Any]) -> TestCase:
    """As keep_test_case, of a case whose assertions were looked at before."""
    existing = TestCase.objects.filter(prompt=get_prompt(prompt_id=prompt_id), name=given.get("name")).first()
    if existing is None:
        return _create(prompt_id, given)
    return _update(prompt_id, str(existing.uid), {**UNSAID, **given})


@transaction.atomic
def delete_test_case(*, prompt_id: str, uid: str) -> None:
    """Raises PromptNotFound, TestCaseNotFound."""
    case = get_test_case(prompt_id=prompt_id, uid=uid, lock=True)
    _record(case, "prompt.test_case_deleted", case.state(), gone=True)
    case.delete()


def get_test_case(*, prompt_id: str, uid: str, lock: bool = False) -> TestCase:
    """Raises PromptNotFound, TestCaseNotFound."""
    prompt = get_prompt(prompt_id=prompt_id)
    cases = prompt.test_cases.select_for_update(of=("self",)) if lock else prompt.test_cases.all()
    return row_of(cases, uid, TestCaseNotFound(f"{prompt_id} has no test case {uid}. List its cases for their ids."))


def _read_assertions(given: Mapping[str, Any]) -> None:
    """Before the transaction: it takes time. Raises AssertionsInvalid."""
    if given.get("assertions") is not None:
        check_assertions({"assertions": given["assertions"]})


def check_definition(given: Mapping[str, Any]) -> dict[str, Any]:
    """A case's definition with its defaults. Raises TestCaseInvalid, AssertionsInvalid."""
    _read_assertions(given)
    return complete_case(given)


def complete_case(given: Mapping[str, Any]) -> dict[str, Any]:
    """As check_definition; its assertions are looked at elsewhere. Raises TestCaseInvalid."""
    return complete(_parted(given)[0])


def suite_hash(case_hashes: Iterable[str]) -> str:
    """What the cases of a run are, in whatever order."""
    return compute_hash(sorted(case_hashes))


def stored_suite_hash(prompt: Prompt) -> str:
    """What the prompt's own cases are at this moment."""
    return suite_hash(compute_hash(case.definition()) for case in prompt.test_cases.all())


def _parted(given: Mapping[str, Any]) -> tuple[dict[str, Any], bool | None]:
    """What an answer is judged by, and what hangs on it. Raises TestCaseInvalid."""
    judged = dict(given)
    must_pass = judged.pop("must_pass", None)
    if must_pass is not None and not isinstance(must_pass, bool):
        raise _invalid("must_pass", "Must be true or false.")
    return judged, must_pass


def complete(given: Mapping[str, Any], *, name: str = "") -> dict[str, Any]:
    """A case's definition with its defaults; the assertions are looked at elsewhere. Raises TestCaseInvalid."""
    if unknown := sorted(set(given) - set(DEFINITION)):
        raise _invalid(unknown[0], "Unknown field.")
    case: dict[str, Any] = {"name": name, "input": None, **BLANK, **given}
    case["assertions"] = [] if case["assertions"] is None else case["assertions"]
    _check_word(case, "name", LONGEST_NAME)
    _check_word(case, "type", 50)
    _check_input(case["input"])
    expected, threshold = case["expected_output"], case["threshold"]
    if expected is not None and (not isinstance(expected, str) or len(expected) > MAX_TEXT):
        raise _invalid("expected_output", f"Must be a string of at most {MAX_TEXT} characters.")
    number = isinstance(threshold, int | float) and not isinstance(threshold, bool)
    if threshold is not None and not (number and 0 <= threshold <= 1):
        raise _invalid("threshold", "Must be a number from 0 to 1.")
    if not case["assertions"] and expected is None:
        raise _invalid("expected_output", "Give expected_output or assertions; else nothing could fail.")
    try:
        compute_hash(case)
    except (ValueError, RecursionError) as error:
        raise TestCaseInvalid(f"The case cannot be kept as JSON: {error}") from error
    return case


def _check_word(case: Mapping[str, Any], field: str, limit: int) -> None:
    value = case[field]
    if not isinstance(value, str) or not value.strip() or len(value) > limit:
        raise _invalid(field, f"Must be a string of 1 to {limit} characters.")


def _check_input(value: Any) -> None:
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise _invalid("input", f"Must have at most {MAX_TEXT} characters.")
    elif not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise _invalid("input", "Must be a string or an object {variable: value}.")


def _invalid(field: str, detail: str) -> TestCaseInvalid:
    return TestCaseInvalid(f"{field}: {detail}", errors=[FieldError(field=field, code="invalid", detail=detail)])


def _record(case: TestCase, event_type: str, before: dict[str, Any] | None, *, gone: bool = False) -> None:
    record(
        event_type=event_type,
        entity_type="prompt_test_case",
        entity_id=str(case.uid),
        old_value=before,
        new_value=None if gone else case.state(),
        context={"prompt_id": case.prompt.prompt_id},
    )
