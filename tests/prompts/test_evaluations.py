"""Evaluations: versions by models, each case asked several times, within a budget."""

import json
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from prompts.cases import keep_test_case
from prompts.evaluations import (
    Cell,
    EvaluationNotFound,
    Row,
    answers,
    cancel_evaluation,
    get_evaluation,
    matrix,
    measured,
    reliability,
    used_up,
)
from prompts.execution import execute_run
from prompts.models import Evaluation, Run, RunResult
from prompts.provider import Answer
from prompts.reports import write_report
from prompts.retention import prune_runs
from prompts.runs import RunOver
from prompts.statistics import pass_all, pass_any
from prompts.testing import MAX_REPEATS, Budget, CasesInvalid, start_evaluation
from prompts.versions import save_version
from tests.prompts.stub_model import Stub

pytestmark = pytest.mark.django_db
API = "/api/v1/prompts/evaluations"


class Moody:
    """Answers case n wrong n times of every three, whatever the model."""

    def __init__(self) -> None:
        self.asked: dict[int, int] = {}

    def complete(self, messages: Any, settings: Any, *, model: str) -> Answer:
        number = int(messages[-1].content.split()[-1])
        turn = self.asked[number] = self.asked.get(number, -1) + 1
        text = "no" if turn % 3 < number else "ok"
        return Answer(text=text, model=model, finish_reason="stop", input_tokens=7, output_tokens=3, latency_ms=1)

    def close(self) -> None: ...


@pytest.fixture(autouse=True)
def two_versions() -> None:
    save_version(prompt_id="p", prompt_text="Say {{ input }}", activate=True)
    save_version(prompt_id="p", prompt_text="Tell {{ input }}")
    for number in range(4):
        keep_test_case(prompt_id="p", name=f"c{number}", input=str(number), expected_output="ok")


def start(**how: Any) -> Evaluation:
    return start_evaluation(prompt_id="p", queued=False, **{"concurrency": 1, **how})


def work_off(evaluation: Evaluation) -> list[Run]:
    model = Moody()
    return [execute_run(run_id=run.pk, provider=model) for run in evaluation.runs.order_by("position")]


def test_it_has_a_run_of_each_version_on_each_model_in_order() -> None:
    made = start(numbers=[2, 1, 2], models=["small", "large"])
    cells = [(run.position, run.version.number, run.model) for run in made.in_order]
    assert cells == [(1, 2, "small"), (2, 2, "large"), (3, 1, "small"), (4, 1, "large")]
    assert [run.total for run in made.in_order] == [4] * 4
    assert (made.status, start().in_order[0].version.number) == ("pending", 1)


def test_a_case_passes_when_the_share_of_its_repeats_does() -> None:
    [strict] = work_off(start(repeats=3))
    assert (strict.total, strict.passed, strict.failed, strict.case_count) == (12, 6, 6, 4)
    judged = {result.name: strict.judged()[result.case_hash] for result in strict.results.all()}
    assert judged == {"c0": True, "c1": False, "c2": False, "c3": False}
    [mild] = work_off(start(repeats=3, threshold=0.6))
    judged = {result.name: mild.judged()[result.case_hash] for result in mild.results.all()}
    assert judged == {"c0": True, "c1": True, "c2": False, "c3": False}
    assert strict.conditions_hash != mild.conditions_hash
    assert sorted(mild.results.values_list("position", "repeat")) == [(p, r) for p in range(1, 5) for r in (1, 2, 3)]


def test_the_matrix_shows_each_case_in_each_run_and_how_reliably_it_passes() -> None:
    made = start(numbers=[1, 2], repeats=3)
    work_off(made)
    evaluation = get_evaluation(uid=str(made.uid))
    rows = matrix(evaluation)
    assert [row.name for row in rows] == ["c0", "c1", "c2", "c3"]
    assert [[cell and cell.passed for cell in row.cells] for row in rows] == [[3, 3], [2, 2], [1, 1], [0, 0]]
    said = [(item.k, round(item.pass_any, 6), round(item.pass_all, 6)) for item in reliability(rows, 0, 3)]
    assert said == [(1, 0.5, 0.5), (2, round((1 + 1 + 2 / 3) / 4, 6), round((1 + 1 / 3) / 4, 6)), (3, 0.75, 0.25)]
    assert evaluation.status == "finished"


def test_reliability_rests_on_cases_whose_repeats_all_have_an_answer() -> None:
    whole, part = Cell(passed=1, answered=2, asked=2), Cell(passed=1, answered=1, asked=2)
    rows = [
        Row(name="a", case="1", cells=[whole]),
        Row(name="b", case="2", cells=[part]),
        Row(name="c", case="3", cells=[None]),
    ]
    assert [(item.k, item.pass_any) for item in reliability(rows, 0, 2)] == [(1, 0.5), (2, 1.0)]
    assert reliability(rows[1:], 0, 2) == []


@given(tries=st.integers(1, 30), data=st.data())
def test_pass_any_grows_and_pass_all_falls_with_k(tries: int, data: Any) -> None:
    passed = data.draw(st.integers(0, tries))
    some = [pass_any(passed, tries, k) for k in range(1, tries + 1)]
    every = [pass_all(passed, tries, k) for k in range(1, tries + 1)]
    assert some == sorted(some)
    assert every == sorted(every, reverse=True)
    assert some[0] == pytest.approx(every[0]) == pytest.approx(passed / tries)
    assert (some[-1], every[-1]) == (float(passed > 0), float(passed == tries))


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"repeats": 0}, "repeats must be 1"),
        ({"repeats": MAX_REPEATS + 1}, "repeats must be 1"),
        ({"threshold": 0}, "threshold must be above 0"),
        ({"threshold": 1.1}, "threshold must be above 0"),
        ({"concurrency": 0}, "concurrency must be 1"),
        ({"models": [f"m{number}" for number in range(51)]}, "at most 50 runs"),
        ({"models": [f"m{number}" for number in range(50)], "repeats": 100}, "10,000 answers"),
    ],
)
def test_bounds_are_said_and_nothing_is_kept(how: dict[str, Any], said: str) -> None:
    with pytest.raises(CasesInvalid, match=said):
        start(**how)
    assert not Evaluation.objects.exists()


def test_a_budget_ends_every_run_of_it() -> None:
    made = start(numbers=[1, 2], repeats=50, budget=Budget(max_tokens=1))
    first, second = work_off(made)
    assert first.status == second.status == "failed"
    assert "budget of 1 tokens is used up" in first.error
    assert first.results.filter(outcome=RunResult.Outcome.PENDING).exists()
    assert get_evaluation(uid=str(made.uid)).status == "failed"
    assert used_up(start()) == ""
    costly = start(budget=Budget(max_cost_micros=1_500_000))
    assert used_up(costly) == ""
    costly.runs.update(cost_micros=1_500_000)
    assert "budget of $1.5 is used up" in used_up(costly)


def test_it_is_cancelled_as_a_whole_once() -> None:
    made = start(numbers=[1, 2])
    assert cancel_evaluation(uid=str(made.uid)).status == "cancelled"
    with pytest.raises(RunOver):
        cancel_evaluation(uid=str(made.uid))
    with pytest.raises(EvaluationNotFound):
        get_evaluation(uid="none")


def test_an_evaluation_goes_with_the_last_of_its_runs() -> None:
    work_off(start(numbers=[1]))
    work_off(start(numbers=[1]))
    prune_runs(days=-1)
    assert Evaluation.objects.count() == Run.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_each_run_of_before_has_an_evaluation_of_its_own() -> None:
    work_off(start(numbers=[1, 2]))
    call_command("migrate", "prompts", "0007_composition", verbosity=0)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM prompts_run")
            assert cursor.fetchone() == (2,)
    finally:
        call_command("migrate", "prompts", verbosity=0)
    assert [(made.repeats, made.in_order[0].position) for made in Evaluation.objects.all()] == [(1, 1), (1, 1)]
    assert {run.evaluation.prompt.prompt_id for run in Run.objects.all()} == {"p"}


@pytest.mark.django_db(transaction=True)
def test_an_evaluation_is_the_same_by_rest_command_and_on_its_page(
    api: Any, reader: Any, admin_client: Any, run_command: Any, stub: Stub
) -> None:
    body = {"prompt_id": "p", "versions": [1, 2], "models": ["a", "b"], "repeats": 2, "threshold": 0.5}
    answer = api.post(API, body)
    assert answer.status_code == 202, answer.json()
    told = reader.get(answer.headers["Location"]).json()
    assert (told["status"], len(told["runs"]), told["repeats"]) == ("finished", 4, 2)
    assert [len(row["cells"]) for row in told["cases"]] == [4] * 4
    assert [len(each) for each in told["reliability"]] == [2] * 4
    code, out, _ = run_command("prompt_evaluate", "p", "1", "2", "--model", "a", "--repeats", "2", "--json")
    by_command = json.loads(out)
    assert (code, [run["version"] for run in by_command["runs"]]) == (1, [1, 2])
    assert "1 on stub" in run_command("prompt_evaluate", "p")[1]
    assert len(reader.get(f"{API}?prompt_id=p").json()["results"]) == 3
    page = admin_client.get(reverse("admin:prompts_evaluation_change", args=[Evaluation.objects.last().pk]))
    assert "Version 1 on a" in page.content.decode()
    assert api.post(f"{API}/{told['id']}/cancel").json()["code"] == "run-over"
    assert api.post(API, {**body, "versions": [9]}).status_code == 404
    assert api.post(API, {**body, "repeats": 0}).status_code == 400
    assert reader.get(f"/api/v1/prompts/runs/{told['runs'][0]['id']}").json()["evaluation"] == told["id"]


def test_a_page_shows_what_flipped_and_the_answers_beside_each_other(admin_client: Any) -> None:
    class ByVersion:
        """The second version is wrong on the first two cases, and no version knows the last."""

        def complete(self, messages: Any, settings: Any, *, model: str) -> Answer:
            verb, number = messages[-1].content.split()
            right = number != "3" and not (verb == "Tell" and number in "01")
            text = "ok" if right else f"<i>no {verb}</i>"
            return Answer(text=text, model=model, finish_reason="stop", input_tokens=1, output_tokens=1, latency_ms=1)

        def close(self) -> None: ...

    made = start(numbers=[1, 2])
    for run in made.runs.order_by("position"):
        execute_run(run_id=run.pk, provider=ByVersion())
    address = reverse("admin:prompts_evaluation_change", args=[made.pk])
    rows = {row.name: row for row in matrix(get_evaluation(uid=str(made.uid)))}
    assert [name for name, row in rows.items() if row.is_flipped] == ["c0", "c1"]
    assert [name for name, row in rows.items() if row.has_failed] == ["c0", "c1", "c3"]

    page = admin_client.get(address).content.decode()
    assert all(said in page for said in ("all 4", ">flipped 2</a>", ">failed 3</a>"))
    flipped = admin_client.get(address, {"show": "flipped"}).content.decode()
    assert (">c0</a>" in flipped, ">c2</a>" in flipped) == (True, False)
    opened = admin_client.get(address, {"case": rows["c0"].case}).content.decode()
    assert "what the first run did not say is marked" in opened
    assert ("&lt;" in opened, "<i>no" in opened, "<ins>" in opened, "<del>ok</del>" in opened) == (
        True,
        False,
        True,
        True,
    )
    assert admin_client.get(address, {"show": "x", "case": "nonsense"}).status_code == 200


def test_of_several_answers_to_a_case_one_that_failed_is_shown() -> None:
    made = start(numbers=[1], repeats=3)
    work_off(made)
    evaluation = get_evaluation(uid=str(made.uid))
    shown = [answers(evaluation, row.case)[0] for row in matrix(evaluation)]
    assert [answer and answer.outcome for answer in shown] == ["passed", "failed", "failed", "failed"]
    assert answers(evaluation, "none") == [None]


def test_assertions_of_a_metric_are_told_together(admin_client: Any, api: Any) -> None:
    tone = {"type": "contains", "value": "ok", "metric": "tone"}
    for number in range(4):
        both = [tone, {"type": "word-count", "value": {"max": 5}, "metric": "<short>"}]
        keep_test_case(prompt_id="p", name=f"c{number}", input=str(number), assertions=both)
    made = start(repeats=3)
    [run] = work_off(made)
    found = [(item.name, item.passed, item.judged) for item in measured(run)]
    assert found == [("<short>", 12, 12), ("tone", 6, 12)]
    low, high = measured(run)[1].interval
    assert 0.2 < low < 0.5 < high < 0.8
    told = api.get(f"{API}/{made.uid}").json()["metrics"]
    assert [(item["name"], item["rate"]) for item in told[0]] == [("<short>", 1.0), ("tone", 0.5)]
    page = admin_client.get(reverse("admin:prompts_evaluation_change", args=[made.pk])).content.decode()
    assert ("&lt;short&gt;" in page, "<short>" in page, "6 of 12" in page) == (True, False, True)
    for form in ("html", "markdown", "junit"):
        report = write_report(uid=str(made.uid), form=form)
        assert "tone" in report
        assert "<short>" not in report
