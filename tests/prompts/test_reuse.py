"""Answers that are there are not asked for again, each repeat having its own."""

from typing import Any

import pytest

from prompts.cases import keep_test_case
from prompts.execution import execute_run
from prompts.models import Run
from prompts.provider import Answer
from prompts.testing import test_prompt_version
from prompts.versions import save_version
from tests.prompts.stub_model import Stub

pytestmark = pytest.mark.django_db


class Counting:
    """Never answers twice the same."""

    def __init__(self) -> None:
        self.asked = 0

    def complete(self, messages: Any, settings: Any, *, model: str) -> Answer:
        self.asked += 1
        text = f"answer {self.asked}"
        return Answer(text=text, model=model, finish_reason="stop", input_tokens=5, output_tokens=2, latency_ms=7)

    def close(self) -> None: ...


@pytest.fixture(autouse=True)
def prompt() -> None:
    save_version(prompt_id="p", prompt_text="Say {{ input }}", activate=True)
    for number in range(3):
        keep_test_case(prompt_id="p", name=f"c{number}", input=str(number), expected_output="answer 1")


def ran(provider: Counting, **how: Any) -> Run:
    run = test_prompt_version(prompt_id="p", queued=False, concurrency=1, **{"reuse": True, **how})
    return execute_run(run_id=run.pk, provider=provider)


def said(run: Run) -> list[tuple[Any, ...]]:
    return list(run.results.values_list("position", "repeat", "output", "outcome"))


def test_a_second_run_of_cases_times_repeats_asks_nothing_and_says_the_same() -> None:
    model = Counting()
    first = ran(model, repeats=3)
    assert model.asked == 9
    assert len({output for _, _, output, _ in said(first)}) == 9
    again = ran(model, repeats=3)
    assert (model.asked, said(again)) == (9, said(first))
    assert (again.passed, again.input_tokens, again.output_tokens, again.cost_micros) == (first.passed, 0, 0, None)
    assert set(again.results.values_list("reused", "latency_ms")) == {(True, 7)}
    ran(model, repeats=4)
    assert model.asked == 12


def test_without_being_told_a_run_asks() -> None:
    model = Counting()
    ran(model)
    ran(model, reuse=False)
    assert model.asked == 6


@pytest.mark.parametrize("change", ["text", "settings", "model", "input"])
def test_another_question_is_asked(change: str) -> None:
    model = Counting()
    ran(model)
    if change == "text":
        save_version(prompt_id="p", prompt_text="Tell {{ input }}", activate=True)
    elif change == "settings":
        save_version(prompt_id="p", prompt_text="Say {{ input }}", settings={"seed": 1}, activate=True)
    elif change == "input":
        keep_test_case(prompt_id="p", name="c0", input="other", expected_output="x")
    ran(model, **({"model": "other"} if change == "model" else {}))
    assert model.asked == (4 if change == "input" else 6)


def test_an_answer_is_judged_by_what_is_wanted_now_and_an_error_is_none() -> None:
    model = Counting()
    ran(model)
    keep_test_case(prompt_id="p", name="c2", input="2", expected_output="answer 3")
    again = ran(model)
    assert (model.asked, [outcome for *_, outcome in said(again)]) == (3, ["passed", "failed", "passed"])
    again.results.update(outcome="error")
    Run.objects.exclude(pk=again.pk).delete()
    ran(model)
    assert model.asked == 6


@pytest.mark.django_db(transaction=True)
def test_answers_are_reused_by_rest_and_command(api: Any, run_command: Any, stub: Stub) -> None:
    test = "/api/v1/prompts/prompts/p/versions/1/test"
    first = api.get(api.post(test, {}).headers["Location"]).json()
    assert len(stub.requests) == 3
    second = api.get(api.post(test, {"reuse": True}).headers["Location"]).json()
    assert [result["reused"] for result in second["results"]] == [True] * 3
    assert [result["output"] for result in second["results"]] == [result["output"] for result in first["results"]]
    assert run_command("prompt", "test", "p", "1", "--reuse")[0] == 1
    assert run_command("prompt_evaluate", "p", "1", "--reuse")[0] == 1
    assert len(stub.requests) == 3
