"""What a caller wrote runs in a process of its own, whose budget nothing passes."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit.models import Event
from config.errors import DomainError
from prompts import apart, execution, processes
from prompts.apart import Stopped, check_assertions, conversation, judge
from prompts.assertions import AssertionsInvalid, Judgement, Subject
from prompts.execution import execute_run
from prompts.models import RunResult, TestCase
from prompts.runs import cancel_run
from prompts.templates import Message, TemplateInvalid, VariablesInvalid
from prompts.testing import test_prompt_version
from prompts.versions import save_version
from tests.prompts.stub_model import Stub


@pytest.fixture
def alone() -> None:
    """No process of a test before."""
    apart.pool.end()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, work in apart.WORKS.items():
        monkeypatch.setitem(apart.pool.works, name, replace(work, seconds=0.2))


def children() -> list[int]:
    """The processes of ours that do such work."""
    found: list[int] = []
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        found += map(int, read(task / "children").split())
    return [pid for pid in found if "prompts.apart" in read(Path(f"/proc/{pid}/cmdline"))]


def busy() -> list[int]:
    """Those that run or would, were there a free core; the others wait for work."""
    return [pid for pid in children() if read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()[:1] == ["R"]]


def read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it has just ended
        return ""


def comes_true(condition: Callable[[], bool], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def judged(text: str, *raw: dict[str, Any]) -> Judgement:
    return judge(list(raw), Subject(text=text), expected=None, threshold=None)


def rendered(template: str, given: Any) -> str:
    return conversation([Message(role="user", content=template)], given)[0].content


def doubled(step: Callable[[dict[str, Any]], dict[str, Any]], depth: int = 40) -> dict[str, Any]:
    """A schema in which each definition uses the next one twice."""
    names = {f"d{n}": step({"$ref": f"#/$defs/d{n + 1}"}) for n in range(depth)}
    return {"$defs": {**names, f"d{depth}": {}}, "$ref": "#/$defs/d0"}


BOMBS: dict[str, tuple[dict[str, Any], str]] = {
    "allOf": (doubled(lambda next_: {"allOf": [next_, next_]}), "{}"),
    "anyOf": (doubled(lambda next_: {"anyOf": [{"allOf": [next_, False]}, next_]}), "{}"),
    "oneOf": (doubled(lambda next_: {"oneOf": [next_, {"not": next_}]}), "{}"),
    "not": (doubled(lambda next_: {"not": {"allOf": [next_, {"not": next_}]}}), "{}"),
    "if": (doubled(lambda next_: {"if": next_, "then": next_}), "{}"),
    "properties": (
        doubled(lambda next_: {"properties": {"a": {}}, "allOf": [next_], "$ref": next_["$ref"]}),
        '{"a": 1}',
    ),
    "dependentSchemas": (doubled(lambda next_: {"dependentSchemas": {"a": next_}, "allOf": [next_]}), '{"a": 1}'),
    "unevaluatedProperties": (
        doubled(lambda next_: {"unevaluatedProperties": False, "allOf": [next_, next_]}),
        '{"a": 1}',
    ),
    "unevaluatedItems": (doubled(lambda next_: {"unevaluatedItems": False, "anyOf": [next_, next_]}), "[1]"),
    "additionalProperties": (
        {"patternProperties": {"(a|aa)+$": True}, "additionalProperties": False},
        '{"' + "a" * 60 + '!": 1}',
    ),
    "patterns": ({"patternProperties": {f"({n}|a|aa)+$": True for n in range(50)}}, '{"' + "a" * 60 + '!": 1}'),
}


@pytest.mark.parametrize("name", BOMBS)
def test_no_schema_is_judged_beyond_the_budget(name: str, small: None) -> None:
    schema, output = BOMBS[name]
    with pytest.raises(Stopped, match=r"more than 0\.2 s of CPU"):
        judged(output, {"type": "is-json", "value": schema})
    assert busy() == []


@pytest.mark.parametrize(
    ("text", "assertion"),
    [
        ("[" + "[]," * 2_600_000 + "[]]", {"type": "is-json"}),
        ("a" * 8_000_000, {"type": "rouge-n", "value": "a b"}),
        ("a b " * 2_000_000, {"type": "bleu", "value": "a b c d"}),
        ("ab" * 4_000_000, {"type": "regex", "value": "(?:(a)|(b)|(ab))*c"}),
        ("a" * 4_000_000, {"type": "regex", "value": "(?:a(?R)?b?)+c"}),
        ("a" * 4_000_000, {"type": "regex", "value": "(?b)(?:abcabc){e<=500}"}),
        ("x" * 10_000, {"type": "levenshtein", "value": "y" * 10_000, "threshold": 500}),
        ("x" * 8_000_000, {"type": "contains-all", "value": ["xy" * 9] * 5_000}),
    ],
)
def test_judging_ends_within_its_budget_of_time_and_memory(text: str, assertion: dict[str, Any]) -> None:
    try:
        judged(text, assertion)
    except Stopped as stopped:
        assert "was stopped" in stopped.detail  # noqa: PT017  -- either is right
    for pid in children():
        peak = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
        assert int(peak.split()[1]) < 300 * 1024  # the answer itself, 8 MB, is in there several times


def test_memory_beyond_the_budget_stops_the_work() -> None:
    with pytest.raises(Stopped, match="more than 100 MB of memory"):
        judged("[" + "[]," * 2_600_000 + "[]]", {"type": "is-json"})
    assert busy() == []


@pytest.mark.parametrize(
    "template",
    [
        "{% for i in range(9999) %}{{ input|list|sort|length }}{% endfor %}",
        "{% for i in range(9999) %}{{ input|list|unique|list|length }}{% endfor %}",
        "{% for i in range(9999) %}{{ input|upper|lower|title|reverse|length }}{% endfor %}",
        "{% for i in range(9999) %}{% if input|list == input|list %}{% endif %}{% endfor %}",
        "{% for i in range(9999) %}{{ input|tojson|length }}{% endfor %}",
        "{% for i in range(9999) %}{{ input|lines|join('x')|length }}{% endfor %}",
        "{% for a in input %}{% for b in input %}{% if a in input %}{% endif %}{% endfor %}{% endfor %}",
        "{{ input|list|sort|length }}" * 5_000,
    ],
)
def test_rendering_ends_within_its_budget(template: str, small: None) -> None:
    with pytest.raises((Stopped, TemplateInvalid)):
        rendered(template, "\u00e9x\n" * 66_000)


def test_a_pattern_that_hides_its_cost_from_the_count_meets_the_limit_of_memory() -> None:
    hidden = "(?x)((((a {1000}) {1000}) {1000}) {1000})"
    with pytest.raises(Stopped, match="Reading the assertions took more than 100 MB"):
        check_assertions({"assertions": [{"type": "regex", "value": hidden}]})


def test_errors_come_back_as_they_were_raised() -> None:
    with pytest.raises(VariablesInvalid) as missing:
        rendered("{{ a }}", {"b": 1})
    assert [(error.field, error.code) for error in missing.value.errors] == [
        ("input.a", "missing"),
        ("input.b", "unknown"),
    ]
    with pytest.raises(TemplateInvalid, match="Only range"):
        rendered("{{ a.clear() }}", {})
    with pytest.raises(AssertionsInvalid) as invalid:
        check_assertions({"a": [{"type": "regex", "value": "x"}], "b": [{"type": "regex", "value": "("}]})
    assert invalid.value.errors[0].field == "b[0].value"
    with pytest.raises(AssertionsInvalid):
        check_assertions({"assertions": {}})


def test_what_is_judged_apart_is_judged_as_here() -> None:
    judgement = judged('{"a": 1}', {"type": "is-json"}, {"type": "contains", "value": "b", "weight": 2})
    assert (judgement.passed, round(judgement.score, 3)) == (False, 0.333)
    assert [(outcome.type, outcome.passed) for outcome in judgement.outcomes] == [
        ("is-json", True),
        ("contains", False),
    ]
    assert judged("hello world", {"type": "token-count", "value": 2}).passed
    assert judge([], Subject(text="a \ud800"), expected="a \ud800", threshold=None).passed
    assert rendered("{{ input }}", "\u00e9\x00\U0001f600") == "\u00e9\x00\U0001f600"


def test_the_process_is_kept_and_one_that_was_killed_is_replaced(alone: None) -> None:
    assert rendered("{{ input }}", "a") == "a"
    first = children()
    assert rendered("{{ input }}", "b") == "b"
    assert children() == first
    os.kill(first[0], signal.SIGKILL)
    assert rendered("{{ input }}", "c") == "c"
    assert children() != first


def test_a_process_that_retires_while_it_is_asked_is_replaced(alone: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rendered("{{ input }}", "a") == "a"
    retiring = apart.pool.idle[0]
    asked = retiring.ask

    def too_late(*request: Any) -> Any:
        assert retiring._popen.stdin
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, retiring._popen.stdin.fileno(), inheritable=False)  # its input ends
        os.close(nowhere)
        retiring._popen.wait()
        return asked(*request)

    monkeypatch.setattr(retiring, "ask", too_late)
    assert rendered("{{ input }}", "b") == "b"


def test_an_answer_nobody_waited_for_is_given_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rendered("{{ input }}", "a") == "a"
    with monkeypatch.context() as interrupted:
        interrupted.setattr(processes, "_read", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            rendered("{{ input }}", "b")
    assert rendered("{{ input }}", "c") == "c"


@pytest.mark.django_db
@pytest.mark.parametrize("depth", [90, 400, 950, 100_000])
@pytest.mark.parametrize("place", ["equals", "is-json", "input"])
def test_json_however_deep_is_kept_or_a_named_error(depth: int, place: str) -> None:
    from prompts.cases import create_test_case

    value: Any = {}
    for _ in range(depth):
        value = {"not": value}
    save_version(prompt_id="echo", prompt_text="{{ input }}")
    given = {"input": {"input": value}, "expected_output": "x"}
    if place != "input":
        given = {"input": "x", "assertions": [{"type": place, "value": value}]}
    try:
        create_test_case(prompt_id="echo", name="deep", **given)
    except DomainError as refused:
        assert depth > 50
        assert "deep" in refused.detail or "kept as JSON" in refused.detail  # noqa: PT017


def test_many_callers_share_few_processes(alone: None) -> None:
    most: list[int] = []
    answers: list[str] = []

    def work(number: int) -> None:
        answers.append(rendered("{{ input }}", str(number)))
        most.append(len(children()))

    threads = [threading.Thread(target=work, args=[number]) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == sorted(map(str, range(24)))
    assert len(children()) <= processes.MOST_IDLE
    assert max(most) <= processes.MOST_PROCESSES + processes.MOST_IDLE


def test_the_process_ends_with_the_service_that_was_killed() -> None:
    code = (
        "import os, signal; from prompts import apart; from prompts.templates import Message\n"
        "apart.conversation([Message(role='user', content='x')], None)\n"
        "print(apart.pool.idle[0].pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    pid = int(killed.stdout)
    assert comes_true(lambda: "prompts.apart" not in read(Path(f"/proc/{pid}/cmdline")))


# Runs

BOMB = {"type": "is-json", "value": BOMBS["allOf"][0]}


def run_of(*assertions: dict[str, Any], **more: Any) -> Any:
    save_version(prompt_id="echo", prompt_text="{{ input }}")
    given = [{"name": f"c{n}", "input": "{}", "assertions": [assertion]} for n, assertion in enumerate(assertions)]
    return test_prompt_version(prompt_id="echo", number=1, cases=given, queued=False, **more)


@pytest.mark.django_db
def test_a_run_of_bombs_ends_and_says_why(stub: Stub, small: None) -> None:
    run = execute_run(run_id=run_of(*[BOMB] * 6, concurrency=2).pk)
    assert run.status == "failed"
    assert "more than 0.2 s of CPU" in run.error
    assert comes_true(lambda: busy() == [])


@pytest.mark.django_db
def test_a_bomb_is_the_error_of_its_case_and_the_others_are_judged(stub: Stub, small: None) -> None:
    fine = {"type": "equals", "value": {}}
    run = execute_run(run_id=run_of(fine, BOMB, fine, fine, concurrency=1).pk)
    assert (run.status, run.passed, run.errors) == ("finished", 3, 1)
    bombed = run.results.get(name="c1")
    assert (bombed.outcome, bombed.output) == (RunResult.Outcome.ERROR, "{}")
    assert "was stopped" in bombed.error


@pytest.mark.django_db
def test_a_run_whose_cases_pass_their_budget_again_and_again_is_given_up(
    stub: Stub, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "MOST_STOPPED", 2)
    run = execute_run(run_id=run_of({"type": "equals", "value": {}}, *[BOMB] * 9, concurrency=1).pk)
    assert run.status == "failed"
    assert run.error.startswith("2 cases were stopped at their budget")
    assert len(stub.requests) < 6


@pytest.mark.django_db(transaction=True)
def test_cancelling_ends_a_run_that_judges_and_leaves_no_busy_process(stub: Stub) -> None:
    from django.db import connection

    run = run_of(*[BOMB] * 8, concurrency=2)

    def work() -> None:
        try:
            execute_run(run_id=run.pk)
        finally:
            connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    assert comes_true(lambda: len(busy()) == 2)
    cancel_run(uid=str(run.uid))
    worker.join(60)
    assert not worker.is_alive()
    run.refresh_from_db()
    assert run.status == "cancelled"
    assert comes_true(lambda: busy() == [])


# Every door

PATTERN = "(((((a{1000}){1000}){1000}){1000}){1000})"
REFUSED = {"name": "x", "input": "x", "assertions": [{"type": "regex", "value": PATTERN}]}


@pytest.mark.django_db
def test_no_door_keeps_a_pattern_that_multiplies(api: Any, admin_client: Any) -> None:
    from django.core.management import CommandError, call_command
    from django.urls import reverse

    from prompts.cases import create_test_case, keep_test_case, update_test_case
    from prompts.tasks import create_test_case as job

    prompt = save_version(prompt_id="echo", prompt_text="{{ input }}").version.prompt
    answer = api.post("/api/v1/prompts/prompts/echo/test-cases", REFUSED, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "assertions[0].value")
    inline = api.post("/api/v1/prompts/prompts/echo/versions/1/test", {"test_cases": [REFUSED]}, format="json")
    assert (inline.status_code, inline.json()["errors"][0]["field"]) == (400, "test_cases[0].assertions[0].value")
    form = {
        "prompt": prompt.pk,
        "name": "x",
        "type": "general",
        "input": "x",
        "assertions-0-holds": "must",
        "assertions-0-type": "regex",
        "assertions-0-value": PATTERN,
    }
    assert "multiplied" in admin_client.post(reverse("admin:prompts_testcase_add"), form).text
    for operation in (create_test_case, keep_test_case, job):
        with pytest.raises(AssertionsInvalid, match="multiplied"):
            operation(prompt_id="echo", **REFUSED)
    with pytest.raises(CommandError, match="multiplied"):
        call_command("prompt_case", "echo", "x", "--input", "x", "--assertions", json.dumps(REFUSED["assertions"]))
    kept = create_test_case(prompt_id="echo", name="kept", input="x", expected_output="x")
    with pytest.raises(AssertionsInvalid, match="multiplied"):
        update_test_case(prompt_id="echo", uid=str(kept.uid), assertions=REFUSED["assertions"])
    assert list(TestCase.objects.values_list("name", flat=True)) == ["kept"]
    assert not Event.objects.filter(event_type="prompt.run_requested").exists()


@pytest.mark.django_db
def test_a_template_of_costly_loops_answers_400_with_a_next_step(api: Any, small: None) -> None:
    costly = "{% for i in range(9999) %}{{ input|list|sort|length }}{% endfor %}"
    save_version(prompt_id="slow", prompt_text=costly, activate=True)
    answer = api.post("/api/v1/prompts/prompts/slow/render", {"input": "x" * 190_000}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "budget-passed")
    assert "fewer loops" in answer.json()["detail"]
    with pytest.raises(DomainError, match="fewer loops"):
        test_prompt_version(
            prompt_id="slow",
            number=1,
            cases=[{"name": "a", "input": "x" * 190_000, "expected_output": ""}],
            queued=False,
        )
