"""Prompts tested with a real model: a good prompt, a bad one, and a worker that does the work."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from audit.models import Event
from prompts.cases import create_test_case
from prompts.comparison import compare_versions
from prompts.execution import execute_run
from prompts.models import Run, Version
from prompts.provider import connect
from prompts.regression import regression_report
from prompts.templates import Message
from prompts.testing import test_prompt_version
from prompts.versions import activate_version, save_version
from tests.patience import comes_back
from tests.services import local_model
from tests.services.throwaway import ServerMissing

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]

KEYWORDS = {
    "sunset": "The sunset was beautiful",
    "database": "Our database migration failed last night",
    "flooding": "Heavy rain caused flooding in Berlin",
    "app": "The team shipped the mobile app",
    "python": "Python is a popular language",
    "cat": "The cat slept on the sofa",
    "coffee": "Coffee prices rose in March",
    "train": "The train to Paris was late",
    "violin": "She plays the violin every evening",
    "bakery": "A new bakery opened downtown",
    "memory": "The server ran out of memory",
    "students": "Students protested against the fees",
    "garden": "The garden is full of roses",
    "bicycle": "He repaired the old bicycle",
    "snow": "Snow closed the mountain road",
    "museum": "The museum bought a painting",
    "wheat": "Farmers harvest wheat in July",
    "battery": "The phone battery died quickly",
    "storm": "A storm damaged the harbor",
    "library": "The library closes at nine",
}
FEW_SHOT = [
    {"role": "system", "content": "Extract the keywords of the text, separated by commas."},
    {"role": "user", "content": "The dog chased the ball in the park"},
    {"role": "assistant", "content": "dog, ball, park"},
    {"role": "user", "content": "Apple released a new phone today"},
    {"role": "assistant", "content": "apple, phone"},
    {"role": "user", "content": "{{ input }}"},
]
SETTINGS = {"temperature": 0, "seed": 42, "max_tokens": 32}
PROMPT_ID = "extract-keywords"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    try:
        with local_model.server() as url:
            yield url
    except ServerMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(autouse=True)
def model(address: str, settings: Any) -> None:
    settings.MODEL_BASE_URL = address
    settings.MODEL_NAME = "smollm2-135m-instruct"
    settings.MODEL_API, settings.MODEL_API_KEY = "openai", ""


def keep_cases(count: int = 20) -> None:
    for keyword, text in list(KEYWORDS.items())[:count]:
        create_test_case(
            prompt_id=PROMPT_ID,
            name=keyword,
            input=text,
            assertions=[
                {"type": "icontains", "value": keyword},
                {"type": "regex", "value": r"^\s*[\w -]+(, [\w -]+)*\s*$"},
                {"type": "word-count", "value": {"max": 4}},
            ],
        )


def run(number: int) -> Run:
    made = test_prompt_version(prompt_id=PROMPT_ID, number=number, concurrency=2, queued=False)
    over = execute_run(run_id=made.pk)
    assert over.status == "finished", over.error
    return over


def save_both() -> None:
    save_version(prompt_id=PROMPT_ID, messages=FEW_SHOT, purpose="Index pages", settings=SETTINGS)
    bare = "Extract keywords from: {{ input }}"
    save_version(prompt_id=PROMPT_ID, prompt_text=bare, purpose="Index pages, cheaper", settings=SETTINGS)


def test_dropping_the_examples_is_a_regression_and_repeating_the_test_is_none() -> None:
    save_both()
    keep_cases()
    activate_version(prompt_id=PROMPT_ID, number=1)
    few_shot = run(1)
    assert few_shot.passed >= 15
    again = run(1)
    assert again.verdict is not None
    assert (again.verdict["call"], again.verdict["lost"], again.verdict["won"]) == ("no difference", 0, 0)
    assert again.verdict["p_value"] == 1

    bare = run(2)
    assert bare.passed <= 5
    assert bare.verdict is not None
    assert bare.verdict["call"] == "regression"
    assert bare.verdict["p_value"] < 0.01
    event = Event.objects.get(event_type="prompt.regression_found")
    assert event.entity_id == f"{PROMPT_ID}@2"
    assert compare_versions(prompt_id=PROMPT_ID, before=1, after=2).verdict.lost == bare.verdict["lost"]
    assert compare_versions(prompt_id=PROMPT_ID, before=2, after=1).verdict.call == "improvement"
    assert regression_report(prompt_id=PROMPT_ID).verdict.call == "regression"
    assert Version.objects.get(number=2).test_results["passed"] == bare.passed


def test_five_cases_are_too_few_to_tell() -> None:
    save_both()
    keep_cases(5)
    activate_version(prompt_id=PROMPT_ID, number=1)
    run(1)
    assert (run(2).verdict or {})["call"] == "too few cases"


def test_json_by_a_schema_and_what_is_measured() -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"],
    }
    answer = {"type": "json_schema", "json_schema": {"name": "person", "schema": schema}}
    save_version(
        prompt_id="person",
        prompt_text="Name and age as JSON: {{ input }}",
        settings={**SETTINGS, "response_format": answer},
    )
    case = {
        "name": "john",
        "input": "John is 31 years old",
        "assertions": [
            {"type": "is-json", "value": schema},
            {"type": "finish-reason", "value": "stop"},
            {"type": "token-count", "value": {"max": 32}},
            {"type": "latency", "threshold": 30_000},
        ],
    }
    made = test_prompt_version(prompt_id="person", number=1, cases=[case], queued=False)
    over = execute_run(run_id=made.pk)
    assert over.passed == 1, over.results.get().checks
    assert over.input_tokens > 10
    assert over.output_tokens > 5


def test_the_same_question_has_the_same_answer() -> None:
    provider = connect()
    said = [Message(role="user", content="How many days are in a week?")]
    answers = {provider.complete(said, SETTINGS, model="m").text for _ in range(3)}
    provider.close()
    assert len(answers) == 1


def test_every_door_tests_with_the_real_model(api: Any, run_command: Any, call_tool: Any) -> None:
    save_both()
    keep_cases(2)
    answer = api.post(f"/api/v1/prompts/prompts/{PROMPT_ID}/versions/1/test", {})
    by_rest = api.get(answer.headers["Location"]).json()
    code, out, _ = run_command("prompt", "test", PROMPT_ID, "1")
    assert code == (1 if by_rest["failed"] else 0)
    passed = re.search(r"(\d) of 2 passed", out)
    assert passed is not None
    by_mcp = call_tool("get_job", job=call_tool("test_prompt", prompt_id=PROMPT_ID, version=1)["job"])
    assert int(passed[1]) == by_rest["passed"] == by_mcp["passed"]
    assert all(result["output"] for result in by_rest["results"])


def test_health_finds_the_model() -> None:
    from prompts import health

    with comes_back():
        assert [check.status for check in health.checks()] == ["ok", "ok"]


def test_a_ci_job_tells_by_exit_code_and_junit_that_a_prompt_got_worse(run_command: Any, tmp_path: Path) -> None:
    save_both()
    keep_cases()
    activate_version(prompt_id=PROMPT_ID, number=1)
    file = tmp_path / "junit.xml"
    words = ["--fail-on", "regression", "--report", str(file)]
    assert run_command("prompt", "test", PROMPT_ID, "1", *words)[0] == 0
    assert run_command("prompt", "test", PROMPT_ID, "2", *words)[0] == 1
    [suite] = ET.parse(file).getroot().findall("testsuite")
    cases = suite.findall("testcase")
    assert len(cases) == len(KEYWORDS) + 1
    verdict = cases[-1].find("failure")
    assert verdict is not None
    assert str(verdict.get("message")).startswith("regression: ")
    assert sum(case.find("failure") is not None for case in cases[:-1]) >= 15
