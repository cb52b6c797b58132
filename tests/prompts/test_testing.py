"""Runs: worked off once, kept in batches, resumed, cancelled, given up."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from audit.models import Event
from config.signals import job_parked
from prompts import claims, execution, retention, tasks
from prompts.cases import create_test_case, keep_test_case
from prompts.comparison import compare_runs
from prompts.execution import execute_run
from prompts.models import Run, RunResult, TestCase
from prompts.retention import prune_runs
from prompts.runs import RunBusy, RunNotFound, RunOver, cancel_run, get_run
from prompts.testing import CasesInvalid, test_prompt_version
from prompts.versions import activate_version, save_version
from tests.patience import costs_little
from tests.prompts.stub_model import Stub, completion, send

pytestmark = pytest.mark.django_db


def save(text: str = "Say {{ input }}", prompt_id: str = "echo", **more: Any) -> int:
    return save_version(prompt_id=prompt_id, prompt_text=text, **more).version.number


def cases(count: int, expected: str = "Say {}") -> list[dict[str, Any]]:
    return [
        {"name": f"case {number}", "input": f"w{number}", "expected_output": expected.format(f"w{number}")}
        for number in range(count)
    ]


def start(count: int = 3, number: int = 1, expected: str = "Say {}", **more: Any) -> Run:
    """A run of the stored cases, which are made to be these."""
    for case in cases(count, expected):
        keep_test_case(prompt_id="echo", **case)
    names = [case["name"] for case in cases(count)]
    TestCase.objects.filter(prompt__prompt_id="echo").exclude(name__in=names).delete()
    return test_prompt_version(prompt_id="echo", number=number, queued=False, **more)


def run_all(count: int = 3, number: int = 1, expected: str = "Say {}", **more: Any) -> Run:
    return execute_run(run_id=start(count, number, expected, **more).pk)


def test_a_run_asks_the_model_and_keeps_every_result(stub: Stub) -> None:
    save(settings={"temperature": 0})
    run = run_all(3)
    assert (run.status, run.total, run.passed, run.failed, run.success_rate) == ("finished", 3, 3, 0, 1.0)
    assert (run.input_tokens, run.output_tokens, run.model) == (36, 9, "stub")
    assert [request["messages"] for request in sorted(stub.requests, key=str)] == [
        [{"role": "user", "content": f"Say w{number}"}] for number in range(3)
    ]
    assert all(request["temperature"] == 0 for request in stub.requests)
    result = run.results.get(position=1)
    assert (result.name, result.outcome, result.output, result.score) == ("case 0", "passed", "Say w0", 1.0)
    assert result.latency_ms is not None
    run.version.refresh_from_db()
    assert run.version.test_results["passed"] == 3


def test_stored_cases_are_used_when_none_are_given(stub: Stub) -> None:
    save()
    create_test_case(prompt_id="echo", name="one", input="x", assertions=[{"type": "contains", "value": "x"}])
    run = execute_run(run_id=test_prompt_version(prompt_id="echo", number=1, queued=False).pk)
    assert (run.total, run.passed) == (1, 1)
    assert run.results.get().test_case is not None


def test_a_version_without_cases_says_so(stub: Stub) -> None:
    save()
    with pytest.raises(CasesInvalid, match="has no test cases"):
        test_prompt_version(prompt_id="echo", number=1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "1 to 5000"),
        ([{"name": "a", "input": {"wrong": 1}, "expected_output": "x"}], "missing: input; unknown: wrong"),
        ([{"name": "a", "input": "x"}], "expected_output or assertions"),
        ([{"name": "a", "input": 7, "expected_output": "x"}], "string or an object"),
        ([{"name": "a", "input": "x", "expected_output": "x"}] * 2, "Two test cases are named 'a'"),
        ([{"name": "a", "input": "x", "assertions": [{"type": "nope"}]}], "Unknown type"),
        ([{"name": "a", "input": "x", "expected": "x"}], "Unknown field"),
    ],
)
def test_a_wrong_case_costs_no_call(stub: Stub, given: list[dict[str, Any]], message: str) -> None:
    save()
    with pytest.raises(CasesInvalid, match=message):
        test_prompt_version(prompt_id="echo", number=1, cases=given)
    assert not stub.requests
    assert not Run.objects.exists()


def test_the_calls_run_side_by_side_up_to_the_concurrency(stub: Stub) -> None:
    flying = {"now": 0, "most": 0}
    four = threading.Event()

    def count(stub: Stub, body: dict[str, Any], handler: Any) -> None:
        with stub.lock:
            flying["now"] += 1
            flying["most"] = max(flying.values())
            if flying["now"] == 4:
                four.set()
        four.wait(240)
        with stub.lock:
            flying["now"] -= 1
        send(handler, 200, completion(body["messages"][-1]["content"]))

    stub.reply = count
    save()
    run = run_all(12, concurrency=4)
    assert run.passed == 12
    assert flying["most"] == 4


def test_a_run_that_is_over_is_not_run_again(stub: Stub) -> None:
    save()
    run = run_all(2)
    execute_run(run_id=run.pk)
    assert len(stub.requests) == 2


@pytest.mark.parametrize("uid", ["", "nonsense", "00000000-0000-0000-0000-000000000000"])
def test_a_run_that_is_not_there_is_a_named_error(uid: str) -> None:
    with pytest.raises(RunNotFound):
        get_run(uid=uid)
    with pytest.raises(RunNotFound):
        execute_run(run_id=10**6)


def test_a_second_delivery_waits_while_the_first_works(stub: Stub) -> None:
    save()
    run = start()
    Run.objects.filter(pk=run.pk).update(status="running", claimed_at=timezone.now())
    with pytest.raises(RunBusy):
        execute_run(run_id=run.pk)
    assert not stub.requests


def test_a_killed_run_is_taken_up_where_it_was(stub: Stub) -> None:
    save()
    run = start(4)
    run.results.filter(position__lte=3).update(outcome="passed", output="before the kill")
    long_ago = timezone.now() - timedelta(seconds=claims.CLAIM_SECONDS + 1)
    Run.objects.filter(pk=run.pk).update(status="running", claimed_at=long_ago, claim=run.uid, started_at=long_ago)
    run = execute_run(run_id=run.pk)
    assert (run.status, run.passed) == ("finished", 4)
    assert len(stub.requests) == 1
    assert run.results.filter(output="before the kill").count() == 3


def test_a_worker_whose_claim_was_taken_writes_nothing_more(stub: Stub) -> None:
    save()
    run = start(1)
    stolen, claim = claims.take(run.pk)
    assert claim is not None
    Run.objects.filter(pk=run.pk).update(claim=run.uid)
    assert claims.write(stolen, claim, []) is False
    assert claims.finish(run.pk, claim, "").status == "running"


def test_silent_runs_are_sent_again(stub: Stub, django_capture_on_commit_callbacks: Any) -> None:
    save()
    run = start(1)
    Run.objects.filter(pk=run.pk).update(status="running", claimed_at=timezone.now() - timedelta(hours=1))
    with django_capture_on_commit_callbacks(execute=True):
        assert tasks.resume_runs() == 1
    run.refresh_from_db()
    assert run.status == "finished"


def test_a_run_whose_message_was_lost_is_sent_again_but_not_every_minute(
    stub: Stub, django_capture_on_commit_callbacks: Any
) -> None:
    save()
    run = start(1)
    assert claims.resume_stale_runs() == 0
    Run.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(hours=1))
    assert [claims.resume_stale_runs(), claims.resume_stale_runs()] == [1, 0]
    assert execute_run(run_id=run.pk).status == "finished"


def test_cancelling_ends_a_pending_run_at_once(stub: Stub) -> None:
    save()
    run = start()
    assert cancel_run(uid=str(run.uid)).status == "cancelled"
    assert execute_run(run_id=run.pk).status == "cancelled"
    assert not stub.requests
    with pytest.raises(RunOver):
        cancel_run(uid=str(run.uid))


def test_cancelling_stops_a_run_under_way(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "FLUSH_SECONDS", 0.01)
    save()
    run = start(40, concurrency=2)
    seen: list[int] = []

    def watch(done: int, total: int) -> None:
        seen.append(done)
        if len(seen) == 1:
            cancel_run(uid=str(run.uid))

    stub.answer = lambda body: (time.sleep(0.02), body["messages"][-1]["content"])[1]
    over = execute_run(run_id=run.pk, progress=watch)
    assert over.status == "cancelled"
    assert len(stub.requests) < 20
    assert Event.objects.filter(event_type="prompt.run_cancelled").count() == 1
    assert not Event.objects.filter(event_type="prompt.run_finished").exists()


def test_one_case_without_an_answer_is_that_cases_error(stub: Stub) -> None:
    def refuse_one(stub: Stub, body: dict[str, Any], handler: Any) -> None:
        said = body["messages"][-1]["content"]
        if said.endswith("w1"):
            send(handler, 400, {"error": {"message": "content filter"}})
        else:
            send(handler, 200, completion(said))

    stub.reply = refuse_one
    save()
    run = run_all(3)
    assert (run.status, run.passed, run.failed, run.errors) == ("finished", 2, 1, 1)
    result = run.results.get(outcome="error")
    assert result.name == "case 1"
    assert "content filter" in result.error


def test_a_model_that_is_away_fails_the_run_soon_and_says_what_to_do(stub: Stub, settings: Any) -> None:
    def unauthorized(stub: Stub, body: dict[str, Any], handler: Any) -> None:
        send(handler, 401, {"error": {"message": "no key"}})

    stub.reply = unauthorized
    save()
    run = run_all(200, concurrency=2)
    assert run.status == "failed"
    assert "MODEL_API_KEY" in run.error
    assert len(stub.requests) <= 10
    run.version.refresh_from_db()
    assert run.version.test_results is None
    settings.MODEL_BASE_URL = "nonsense"
    assert "MODEL_BASE_URL" in run_all(1).error


def test_a_fault_in_a_provider_is_that_cases_error() -> None:
    class Broken:
        def complete(self, *args: Any, **kwargs: Any) -> Any:
            raise ZeroDivisionError

        def close(self) -> None: ...

    save()
    run = execute_run(run_id=start(1).pk, provider=Broken())
    assert (run.status, run.error) == ("failed", "Unexpected ZeroDivisionError; the log says more.")


def test_no_transaction_is_open_while_the_model_thinks(transactional_db: None, stub: Stub) -> None:
    class Watching:
        def __init__(self) -> None:
            self.main = threading.get_ident()

        def complete(self, messages: Any, settings: Any, *, model: str) -> Any:
            assert threading.get_ident() != self.main
            from prompts.provider import Answer

            return Answer(text="x", model=model, finish_reason="", input_tokens=1, output_tokens=1, latency_ms=1)

        def close(self) -> None:
            assert not connection.in_atomic_block

    save()
    assert execute_run(run_id=start(3).pk, provider=Watching()).status == "finished"


def finish(number: int, right: int, total: int = 20) -> Run:
    """A run of which the first cases pass."""
    run = start(total, number, "right")

    class Scripted:
        def complete(self, messages: Any, settings: Any, *, model: str) -> Any:
            from prompts.provider import Answer

            word = int(messages[-1].content.rsplit("w", 1)[1])
            text = "right" if word < right else "wrong"
            return Answer(text=text, model=model, finish_reason="", input_tokens=1, output_tokens=1, latency_ms=1)

        def close(self) -> None: ...

    return execute_run(run_id=run.pk, provider=Scripted())


def test_a_regression_against_the_active_version_is_an_event() -> None:
    save()
    save("Tell {{ input }}")
    assert (finish(1, 18).verdict or {})["call"] == "not run"
    activate_version(prompt_id="echo", number=1)
    run = finish(2, 2)
    assert run.verdict is not None
    assert (run.verdict["call"], run.verdict["lost"], run.verdict["won"]) == ("regression", 16, 0)
    assert run.verdict["against_version"] == 1
    event = Event.objects.get(event_type="prompt.regression_found")
    assert (event.entity_type, event.entity_id) == ("prompt_version", "echo@2")
    assert event.context["lost"] == 16
    assert event.new_value["run"] == str(run.uid)


def test_no_event_without_significance() -> None:
    save()
    activate_version(prompt_id="echo", number=1)
    save("Tell {{ input }}")
    finish(1, 20)
    assert (finish(2, 15).verdict or {})["call"] == "no difference"
    finish(1, 5, total=5)
    assert (finish(2, 0, total=5).verdict or {})["call"] == "too few cases"
    assert not Event.objects.filter(event_type="prompt.regression_found").exists()


def test_the_active_version_is_compared_with_its_own_last_run() -> None:
    save()
    activate_version(prompt_id="echo", number=1)
    finish(1, 20)
    run = finish(1, 5)
    assert (run.verdict or {})["call"] == "regression"  # the model changed under the prompt


def test_an_edited_case_is_not_compared_with_what_it_was() -> None:
    save()
    activate_version(prompt_id="echo", number=1)
    before = finish(1, 20)
    stub_run = start(20, 1, "another expectation")
    stub_run.results.update(outcome="passed")
    verdict = compare_runs(before, stub_run)
    assert (verdict.call, verdict.common, verdict.reason) == ("not run", 0, "other cases")
    assert "Test both versions with the present ones" in verdict.note


def test_old_runs_are_deleted_but_the_last_of_each_version() -> None:
    save()
    old, last = finish(1, 1, total=1), finish(1, 1, total=1)
    Run.objects.update(created_at=timezone.now() - timedelta(days=400))
    assert prune_runs(days=180) == 1
    assert list(Run.objects.all()) == [last]
    assert not RunResult.objects.filter(run=old.pk).exists()
    assert tasks.prune_runs() == 0
    assert Event.objects.filter(event_type="prompt.runs_pruned").count() == 1


def test_all_old_runs_are_deleted_however_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PRUNE_BATCH", 2)
    save()
    runs = [finish(1, 1, total=1) for _ in range(6)]
    Run.objects.update(created_at=timezone.now() - timedelta(days=400))
    assert tasks.prune_runs() == 5
    assert list(Run.objects.all()) == [runs[-1]]


def test_200_cases_are_kept_at_a_small_cost_each() -> None:
    save()
    with costs_little():
        assert finish(1, 100, total=200).passed == 100


def test_a_run_whose_job_is_set_aside_is_over_and_says_why() -> None:
    save()
    run = start()
    job_parked.send(sender=None, task="prompts.run_test", args=[run.pk], reason="It outlasted three workers.")
    run.refresh_from_db()
    assert (run.status, run.error) == ("failed", "It outlasted three workers.")
    claims.fail_run(run_id=run.pk, problem="Too late.")
    run.refresh_from_db()
    assert run.error == "It outlasted three workers."
