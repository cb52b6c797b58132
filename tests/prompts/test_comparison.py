"""Like is compared with like: what a pair of alike runs has shown no other run takes back."""

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from audit.models import Event
from prompts.cases import keep_test_case
from prompts.comparison import compare_versions
from prompts.execution import execute_run
from prompts.models import Run, TestCase, Version
from prompts.provider import Answer, ModelUnavailable
from prompts.regression import regression_report
from prompts.retention import prune_runs
from prompts.testing import test_prompt_version
from prompts.versions import activate_version, save_version

pytestmark = pytest.mark.django_db
SUITE = 12


class Scripted:
    """Answers ok, no, or nothing at all, as many of each as it was told."""

    def __init__(self, right: int, missing: int = 0) -> None:
        self.right, self.missing = right, missing

    def complete(self, messages: Any, settings: Any, *, model: str) -> Answer:
        number = int(messages[-1].content.split()[-1])
        if number >= SUITE - self.missing:
            raise ModelUnavailable("The model is overloaded.")
        text = "ok" if number < self.right else "no"
        return Answer(text=text, model=model, finish_reason="stop", input_tokens=1, output_tokens=1, latency_ms=1)

    def close(self) -> None: ...


def run(number: int, right: int, missing: int = 0, **how: Any) -> Run:
    made = test_prompt_version(prompt_id="p", number=number, queued=False, **how)
    return execute_run(run_id=made.pk, provider=Scripted(right, missing))


def change_suite(expected: str = "ok", size: int = SUITE) -> None:
    for number in range(size):
        keep_test_case(prompt_id="p", name=f"c{number}", input=str(number), expected_output=expected)


def call(before: int = 1, after: int = 2) -> str:
    return compare_versions(prompt_id="p", before=before, after=after).verdict.call


@pytest.fixture(autouse=True)
def two_versions() -> None:
    save_version(prompt_id="p", prompt_text="Say {{ input }}", activate=True)
    save_version(prompt_id="p", prompt_text="Tell {{ input }}")
    change_suite()


@pytest.fixture
def regression() -> Run:
    """The second version is proven worse."""
    run(1, SUITE)
    proven = run(2, 0)
    assert (proven.verdict or {})["call"] == call() == "regression"
    return proven


EASY = [{"name": "easy", "input": "0", "expected_output": "ok"}]


@pytest.mark.parametrize("number", [1, 2])
def test_one_easy_case_hides_no_regression(regression: Run, number: int) -> None:
    easy = run(number, SUITE, cases=EASY)
    assert easy.ad_hoc
    assert (easy.verdict or {}).items() >= {"call": "not run", "reason": "ad-hoc cases", "comparable": False}.items()
    assert (easy.verdict or {})["against_run"] is None
    assert call() == regression_report(prompt_id="p").verdict.call == "regression"
    kept = Version.objects.get(number=2).test_results
    assert (kept["run"], kept["success_rate"], kept["ad_hoc"]) == (str(regression.uid), 0, False)


def test_cases_of_ones_own_that_fail_prove_no_regression() -> None:
    run(1, SUITE)
    given = [{"name": f"c{n}", "input": str(n), "expected_output": "never"} for n in range(SUITE)]
    assert (run(2, 0, cases=given).verdict or {})["call"] == "not run"
    assert call() == "not run"
    assert not Event.objects.filter(event_type="prompt.regression_found").exists()


def test_naming_exactly_the_stored_cases_is_a_run_of_the_suite() -> None:
    given = [case.definition() for case in TestCase.objects.order_by("-pk")]
    assert not run(1, SUITE, cases=given).ad_hoc
    assert run(1, SUITE, cases=given[1:]).ad_hoc
    assert run(1, SUITE, cases=[{**given[0], "expected_output": "no"}, *given[1:]]).ad_hoc


def test_results_of_an_untested_version_are_shown_as_ad_hoc() -> None:
    run(2, SUITE, cases=EASY)
    assert Version.objects.get(number=2).test_results.items() >= {"ad_hoc": True, "success_rate": 1.0}.items()
    report = regression_report(prompt_id="p")
    assert [(row.run and row.run.ad_hoc, row.verdict.call) for row in report.rows] == [
        (None, "not run"),
        (True, "not run"),
    ]
    assert report.newest is None


def test_another_model_is_no_regression_of_the_prompt() -> None:
    run(1, SUITE, model="big")
    small = run(2, 0, model="small")
    verdict = small.verdict or {}
    assert verdict.items() >= {"call": "not run", "reason": "other model", "comparable": False, "lost": SUITE}.items()
    assert (verdict["p_value"], verdict["against_version"]) == (None, 1)
    assert all(name in verdict["note"] for name in ("big", "small", "Test both versions with one model"))
    assert call() == call(2, 1) == regression_report(prompt_id="p").verdict.call == "not run"
    assert not Event.objects.filter(event_type="prompt.regression_found").exists()


def test_the_version_tested_with_two_models_is_compared_by_the_one_both_saw() -> None:
    run(1, SUITE, model="small")
    run(1, SUITE, model="big")
    found = run(2, 0, model="small")
    assert (found.verdict or {})["call"] == call() == "regression"


def test_a_run_with_another_model_hides_no_regression(regression: Run) -> None:
    run(2, SUITE, model="other")
    found = compare_versions(prompt_id="p", before=1, after=2)
    assert (found.verdict.call, found.verdict.comparable) == ("regression", True)
    assert "A newer run of version 2 on other is left out" in found.verdict.note
    assert (found.results_after or {})["run"] == str(regression.uid)


@pytest.mark.parametrize("settings", [{"temperature": 1}, {"extra": {"top_a": 1}}])
def test_other_settings_are_no_regression_of_the_prompt(settings: dict[str, Any]) -> None:
    run(1, SUITE)
    save_version(prompt_id="p", prompt_text="Tell {{ input }}", settings=settings)
    assert (run(3, 0).verdict or {}).items() >= {"call": "not run", "reason": "other settings"}.items()
    assert call(1, 3) == "not run"


def test_a_model_named_by_the_version_counts_as_the_model() -> None:
    save_version(prompt_id="p", prompt_text="Tell {{ input }}", settings={"model": "small"})
    run(1, SUITE, model="small")
    assert (run(3, 0).verdict or {})["call"] == "regression"
    save_version(prompt_id="p", prompt_text="Tell {{ input }}", settings={"model": "other"})
    assert (run(4, 0).verdict or {})["reason"] == "other model"


def test_a_changed_suite_is_compared_once_both_saw_it(regression: Run) -> None:
    change_suite(size=SUITE - 1)
    keep_test_case(prompt_id="p", name="c11", input="11", expected_output="no")
    assert (run(2, SUITE).verdict or {})["reason"] == "other cases"
    assert call() == "regression"
    run(1, SUITE)
    assert call() == "no difference"


def test_an_outage_counts_as_missing_and_is_said() -> None:
    run(1, SUITE)
    outage = run(2, SUITE, missing=5)
    verdict = outage.verdict or {}
    assert verdict.items() >= {"call": "too few cases", "reason": "missing answers", "missing": 5, "common": 7}.items()
    assert "5 of 12 cases have no answer" in verdict["note"]
    assert (outage.errors, outage.answered, outage.success_rate) == (5, 7, 1.0)


def test_an_outage_hides_no_regression(regression: Run) -> None:
    run(2, SUITE, missing=10)
    assert call() == "regression"
    run(1, SUITE, missing=10)
    found = compare_versions(prompt_id="p", before=1, after=2).verdict
    assert (found.call, found.lost, found.missing) == ("regression", SUITE, 0)
    assert "10 of 12 cases have no answer" in found.note


def test_a_regression_is_still_found_in_what_an_outage_left() -> None:
    run(1, SUITE)
    found = run(2, 0, missing=5).verdict or {}
    assert (found["call"], found["lost"], found["reason"]) == ("regression", 7, "missing answers")


def test_what_a_verdict_rests_on_is_not_pruned(regression: Run) -> None:
    run(2, SUITE, missing=10)
    run(2, SUITE, cases=EASY)
    run(1, SUITE, model="other")
    prune_runs(days=-1)
    assert call() == "regression"


def test_runs_of_the_release_before_say_what_they_ran(regression: Run) -> None:
    easy = run(2, SUITE, cases=EASY)
    recorded = {
        made.pk: (made.settings, made.ad_hoc, made.suite_hash, made.conditions_hash) for made in Run.objects.all()
    }
    Run.objects.update(settings={}, ad_hoc=False, suite_hash="", conditions_hash="")
    Version.objects.filter(number=2).update(test_results=easy.summary())
    import_module("prompts.migrations.0003_run_conditions").fill(apps, SimpleNamespace(connection=connection))
    assert {
        made.pk: (made.settings, made.ad_hoc, made.suite_hash, made.conditions_hash) for made in Run.objects.all()
    } == recorded
    assert Version.objects.get(number=2).test_results == regression.summary()
    activate_version(prompt_id="p", number=2)
    assert call() == "regression"
