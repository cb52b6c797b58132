"""A model that changes behind an unchanged prompt is noticed."""

from typing import Any

import pytest

from audit.models import Event
from prompts import tasks
from prompts.cases import keep_test_case
from prompts.labels import move_label
from prompts.models import Run
from prompts.testing import test_prompt_version
from prompts.versions import save_version
from prompts.watching import watch_models
from tests.prompts.stub_model import Stub

pytestmark = pytest.mark.django_db(transaction=True)


def prompt(prompt_id: str, *, cases: int, protected: bool = True) -> None:
    save_version(prompt_id=prompt_id, prompt_text="Say {{ input }}")
    move_label(prompt_id=prompt_id, label="production", version=1, protected=protected)
    for number in range(cases):
        keep_test_case(prompt_id=prompt_id, name=f"c{number}", input=f"w{number}", expected_output=f"Say w{number}")


def test_a_model_that_answers_worse_is_a_regression_of_what_did_not_change(stub: Stub, settings: Any) -> None:
    prompt("watched", cases=8)
    prompt("free", cases=8, protected=False)
    prompt("bare", cases=0)
    assert tasks.watch_models.delay().get() == 0
    settings.PROMPT_WATCH = "daily"
    assert tasks.watch_models.delay().get() == 1
    assert not Event.objects.filter(event_type="prompt.regression_found").exists()
    stub.answer = lambda body: "something else"
    assert tasks.watch_models.delay().get() == 1
    assert [str(run.version) for run in Run.objects.all()] == ["watched@1", "watched@1"]
    event = Event.objects.get(event_type="prompt.regression_found")
    assert (event.entity_id, event.context["against_version"], event.context["lost"]) == ("watched@1", 1, 8)


def test_what_is_being_tested_and_what_cannot_be_are_passed_over() -> None:
    prompt("busy", cases=1)
    test_prompt_version(prompt_id="busy", queued=False)
    prompt("odd", cases=0)
    keep_test_case(prompt_id="odd", name="c", input={"other": "x"}, expected_output="x")
    assert watch_models() == 0
    assert Run.objects.count() == 1
