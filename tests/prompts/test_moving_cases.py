"""Test cases from files, into files, and out of what a run asked."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import Event
from prompts.cases import TestCaseExists, keep_test_case
from prompts.exchange import File, Unreadable
from prompts.exchange.importing import ImportRefused
from prompts.exchange.moving_cases import ResultNotFound, export_cases, import_cases, keep_result
from prompts.execution import execute_run
from prompts.models import Run, TestCase
from prompts.prompts import PromptNotFound
from prompts.provider import Answer
from prompts.testing import test_prompt_version
from prompts.versions import save_version

pytestmark = pytest.mark.django_db
API = "/api/v1/prompts"
CSV = "input,__expected,__description\nsun,Sonne,first\nmoon,contains: Mond,second\n"


class Echo:
    def complete(self, messages: Any, settings: Any, *, model: str) -> Answer:
        text = messages[-1].content
        return Answer(text=text, model=model, finish_reason="stop", input_tokens=1, output_tokens=1, latency_ms=1)

    def close(self) -> None: ...


@pytest.fixture(autouse=True)
def prompt() -> None:
    save_version(prompt_id="p", prompt_text="{{ input }}", activate=True)


def asked(*cases: dict[str, Any]) -> Run:
    run = test_prompt_version(prompt_id="p", cases=cases, queued=False)
    return execute_run(run_id=run.pk, provider=Echo())


def test_a_file_of_cases_is_kept_and_comes_out_again() -> None:
    keep_test_case(prompt_id="p", name="first", input="old", expected_output="old", must_pass=True)
    done = import_cases(prompt_id="p", file=File(path="c.csv", text=CSV))
    assert [case.name for case in done.cases] == ["first", "second"]
    assert TestCase.objects.get(name="first").definition()["input"] == "sun"
    assert (export_cases(prompt_id="p", as_csv=True).text, export_cases(prompt_id="p").count) == (CSV, 2)
    before = Event.objects.count()
    import_cases(prompt_id="p", file=File(path="c.jsonl", text=export_cases(prompt_id="p").text))
    assert Event.objects.count() == before


@pytest.mark.parametrize(
    "line",
    [
        '{"name": "b", "input": "x"}',
        '{"name": "a", "input": "x", "expected_output": "y"}',
        '{"name": "b", "input": "x", "assertions": [{"type": "unknown"}]}',
        '{"name": "b", "input": 4, "expected_output": "y"}',
    ],
)
def test_a_file_with_one_wrong_case_leaves_nothing(line: str) -> None:
    text = '{"name": "a", "input": "x", "expected_output": "y"}\n' + line
    with pytest.raises(ImportRefused):
        import_cases(prompt_id="p", file=File(path="c.jsonl", text=text))
    assert not TestCase.objects.exists()


def test_cases_belong_to_a_prompt_that_is_there() -> None:
    with pytest.raises(PromptNotFound):
        import_cases(prompt_id="none", file=File(path="c.csv", text=CSV))


def test_what_a_run_asked_becomes_a_case() -> None:
    run = asked(
        {"name": "a", "input": "x", "assertions": [{"type": "contains", "value": "y"}], "threshold": 0.5},
        {"input": "z", "expected_output": "q"},
    )
    as_judged = keep_result(uid=str(run.uid), position=1)
    assert (as_judged.name, as_judged.assertions, as_judged.threshold) == (
        "a",
        [{"type": "contains", "value": "y"}],
        0.5,
    )
    mended = keep_result(uid=str(run.uid), position=2, name="mended", expected_output="z")
    assert (mended.name, mended.input, mended.expected_output) == ("mended", "z", "z")
    with pytest.raises(TestCaseExists):
        keep_result(uid=str(run.uid), position=1)
    for position, repeat in ((3, 1), (1, 2), (0, 1), (2**40, 1)):
        with pytest.raises(ResultNotFound):
            keep_result(uid=str(run.uid), position=position, repeat=repeat)


def test_cases_move_by_rest_command_and_page(api: Any, run_command: Any, admin_client: Client, tmp_path: Path) -> None:
    body = {"file": {"path": "c.csv", "text": CSV}}
    answer = api.post(f"{API}/prompts/p/test-cases/import", body)
    assert (answer.status_code, answer.json()) == (201, {"cases": ["first", "second"], "left": []})
    exported = api.get(f"{API}/prompts/p/test-cases/export?format=csv").json()
    assert exported == {"text": CSV, "count": 2, "left": []}
    wrong = api.post(f"{API}/prompts/p/test-cases/import", {"file": {"path": "c.csv", "text": "a,b\n1,2\n"}})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "prompts-unreadable")

    file = tmp_path / "p.csv"
    assert run_command("prompt_case", "export", str(file))[:2] == (0, f"[OK] 2 test cases of p are in {file}\n")
    assert file.read_text() == CSV
    TestCase.objects.all().delete()
    assert run_command("prompt_case", "import", str(file), "p")[:2] == (0, "[OK] 2 test cases of p are kept\n")
    assert run_command("prompt_case", "export", "-", "p")[1].count("\n") == 2
    assert run_command("prompt_case", "import", str(tmp_path / "none.csv"))[0] == 2

    run = asked({"name": "n", "input": "x", "expected_output": "y"})
    kept = api.post(f"{API}/runs/{run.uid}/keep", {"position": 1, "name": "by rest"})
    assert (kept.status_code, kept.json()["expected_output"]) == (201, "y")
    assert api.post(f"{API}/runs/{run.uid}/keep", {"position": 9}).json()["code"] == "result-not-found"
    address = reverse("admin:prompts_run_move", args=[run.pk, "keep_result"])
    page = admin_client.post(address, {"position": "1", "expected_output": "x", "_sure": "1"}, follow=True)
    assert "p/n is a test case now." in page.content.decode()


def test_what_people_type_is_an_assertion(run_command: Any) -> None:
    words = ["--input", "x", "--contains", "a", "--contains", "b", "--regex", "^c", "--equals", "abc"]
    assert run_command("prompt_case", "p", "short", *words)[0] == 0
    assert TestCase.objects.get().assertions == [
        {"type": "equals", "value": "abc"},
        {"type": "contains", "value": "a"},
        {"type": "contains", "value": "b"},
        {"type": "regex", "value": "^c"},
    ]
    assert json.loads(run_command("prompt_case", "p", "--json")[1])[0]["name"] == "short"
    assert run_command("prompt_case", "p", "short", "more")[0] == 2


def test_a_file_that_is_none_of_cases_is_refused() -> None:
    with pytest.raises(Unreadable):
        import_cases(prompt_id="p", file=File(path="c.json", text='["x"]'))
