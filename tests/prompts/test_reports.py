"""An evaluation as JUnit, HTML and Markdown, and what a CI learns by the exit code."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from prompts.cases import keep_test_case
from prompts.evaluations import EvaluationNotFound
from prompts.execution import execute_run
from prompts.models import Evaluation
from prompts.provider import Answer
from prompts.reports import write_report
from prompts.testing import start_evaluation
from prompts.versions import save_version
from tests.prompts.stub_model import Stub

pytestmark = pytest.mark.django_db
API = "/api/v1/prompts/evaluations"
NASTY = "a\x1b <b> & ]]> | `x` \ufffe"


class Model:
    """Right on every case but for those whose text says otherwise."""

    def complete(self, messages: Any, settings: Any, *, model: str) -> Answer:
        text = messages[-1].content
        wrong = "bad" in text or text.startswith("Worse")
        return Answer(
            text=NASTY if wrong else "ok",
            model=model,
            finish_reason="stop",
            input_tokens=1,
            output_tokens=1,
            latency_ms=9,
        )

    def close(self) -> None: ...


def evaluated(*numbers: int, cases: int = 7, **how: Any) -> Evaluation:
    save_version(prompt_id="p", prompt_text="Say {{ input }}", activate=True)
    save_version(prompt_id="p", prompt_text="Worse {{ input }}")
    for number in range(cases):
        keep_test_case(prompt_id="p", name=f"c{number}", input=f"good {number}", expected_output="ok")
    keep_test_case(prompt_id="p", name="<wrong>", type="odd", input="bad", expected_output="ok")
    made = start_evaluation(prompt_id="p", numbers=numbers, queued=False, **how)
    for run in made.runs.order_by("position"):
        execute_run(run_id=run.pk, provider=Model())
    return made


def test_junit_has_a_suite_a_run_and_its_verdict_as_a_case() -> None:
    made = evaluated(1, 2)
    root = ET.fromstring(write_report(uid=str(made.uid), form="junit").encode())
    assert (root.tag, root.attrib) == (
        "testsuites",
        {"name": "p", "tests": "18", "failures": "10", "errors": "0", "skipped": "1"},
    )
    first, second = root.findall("testsuite")
    assert (first.get("name"), first.get("failures"), first.get("skipped")) == ("p@1 on default", "1", "1")
    assert [case.get("name") for case in first.findall("testcase") if case.find("failure") is not None] == ["<wrong>"]
    assert first.findall("testcase")[-2].get("classname") == "p.odd"
    verdict = second.findall("testcase")[-1].find("failure")
    assert verdict is not None
    assert str(verdict.get("message")).startswith("regression: 7 lost")
    assert all(int(suite.get("tests", 0)) == len(suite.findall("testcase")) for suite in (first, second))


def test_a_page_and_a_summary_show_what_flipped_and_escape_what_they_show() -> None:
    made = evaluated(1, 2, repeats=2)
    page = write_report(uid=str(made.uid), form="html")
    assert page.count("(flipped)") == 7
    assert ("&lt;wrong&gt;" in page, "<wrong>" in page, "<b>" in page) == (True, False, False)
    assert "each case asked 2 times" in page
    summary = write_report(uid=str(made.uid), form="markdown")
    assert "| 1 | default | 7 of 8 (88%) | not run |" in summary
    assert r"| [FAIL] | \<wrong\> | 0 of 2 answers passed |" in summary
    assert "## p\\@2 on default\n\n7 lost and 0 won" in summary
    assert "<b>" not in summary


def test_what_is_not_over_is_told_as_such() -> None:
    save_version(prompt_id="p", prompt_text="{{ input }}", activate=True)
    keep_test_case(prompt_id="p", name="c", input="x", expected_output="ok")
    made = start_evaluation(prompt_id="p", queued=False)
    root = ET.fromstring(write_report(uid=str(made.uid), form="junit").encode())
    assert (root.get("skipped"), root.get("failures")) == ("2", "0")
    assert "The run is pending." in write_report(uid=str(made.uid), form="markdown")
    with pytest.raises(EvaluationNotFound):
        write_report(uid="x", form="html")


def test_a_report_comes_by_rest(api: Any) -> None:
    made = evaluated(1)
    answer = api.get(f"{API}/{made.uid}/report?format=junit")
    assert answer.json() == {"format": "junit", "text": write_report(uid=str(made.uid), form="junit")}
    assert api.get(f"{API}/{made.uid}/report?format=pdf").status_code == 400


@pytest.mark.django_db(transaction=True)
def test_a_ci_gets_files_and_an_exit_code(stub: Stub, run_command: Any, tmp_path: Path) -> None:
    stub.answer = lambda body: "no" if "Worse" in body["messages"][-1]["content"] else "ok"
    save_version(prompt_id="p", prompt_text="Say {{ input }}", activate=True)
    save_version(prompt_id="p", prompt_text="Worse {{ input }}")
    for number in range(7):
        keep_test_case(prompt_id="p", name=f"c{number}", input=str(number), expected_output="ok")
    keep_test_case(prompt_id="p", name="never", input="x", expected_output="something else")
    files = [str(tmp_path / "out" / name) for name in ("junit.xml", "page.html", "summary.md")]
    words = [word for file in files for word in ("--report", file)]

    assert run_command("prompt", "test", "p", "1", *words)[0] == 1
    assert ET.parse(files[0]).getroot().get("tests") == "9"
    assert "Each case in each run" in Path(files[1]).read_text()
    assert Path(files[2]).read_text().startswith("# p\n")
    assert run_command("prompt", "test", "p", "1", "--fail-on", "regression")[0] == 0
    assert run_command("prompt_evaluate", "p", "1", "2", "--fail-on", "regression", *words)[0] == 1
    assert len(ET.parse(files[0]).getroot().findall("testsuite")) == 2
    assert run_command("prompt", "test", "p", "1", "--report", "x.pdf")[0] == 2
    code, _, err = run_command("prompt", "test", "p", "1", "--report", "/dev/null/x.xml")
    assert (code, "Cannot write" in err) == (2, True)
    keep_test_case(prompt_id="p", name="never", input="x", expected_output="something else", must_pass=True)
    assert run_command("prompt", "test", "p", "1", "--fail-on", "regression")[0] == 1
