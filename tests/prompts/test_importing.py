"""Imports of several prompts: all of them or none; exports; the commands that ship."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import Event
from prompts.cases import keep_test_case
from prompts.exchange import File, importing, shipping
from prompts.exchange.exporting import export_prompts
from prompts.exchange.importing import ImportRefused, import_prompts
from prompts.exchange.shipping import TRIGGERS, save_shipped, shipped
from prompts.execution import execute_run
from prompts.labels import move_label
from prompts.lookup import VersionNotFound
from prompts.models import Prompt, TestCase, Version
from prompts.prompts import PromptNotFound
from prompts.provider import Answer
from prompts.templates import check_input
from prompts.testing import test_prompt_version
from prompts.versions import save_version

pytestmark = pytest.mark.django_db
API = "/api/v1/prompts"
COMMANDS = {
    *("test-full", "deploy-dashboard", "new-migration", "check-arch"),
    *("release-prep", "task-debug", "docs-sync", "perf-profile"),
}


def lines(*items: dict[str, Any]) -> list[File]:
    return [File(path="prompts.jsonl", text="".join(f"{json.dumps(item)}\n" for item in items))]


def counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Prompt, Version, TestCase, Event))


def test_a_thousand_prompts_of_which_one_is_wrong_leave_nothing() -> None:
    items = [{"prompt_id": f"p{number}", "prompt_text": f"Say {number} {{{{ input }}}}"} for number in range(1000)]
    items[700]["prompt_text"] = "{% if %}"
    before = counts()
    with pytest.raises(ImportRefused, match=r"p700: .*\(1 of 1000 cannot be saved") as refused:
        import_prompts(files=lines(*items))
    assert [error.field for error in refused.value.errors] == ["prompts[700].prompt_text"]
    assert counts() == before
    items[700]["prompt_text"] = "{{ input }}"
    done = import_prompts(files=lines(*items), activate=True)
    assert (len(done.saved), Prompt.objects.count(), Version.objects.active().count()) == (1000, 1000, 1000)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"prompt_text": "x", "settings": {"heat": 1}}, "prompts[1].settings.heat"),
        ({"prompt_text": "x", "messages": [{"role": "user", "content": "y"}]}, "prompts[1].prompt_text"),
        ({"prompt_text": "x", "cases": [{"name": "a", "input": "b"}]}, "prompts[1].cases[0].expected_output"),
        ({"prompt_text": "x", "cases": [{"name": "a", "input": "b", "odd": 1}]}, "prompts[1].cases[0].odd"),
        (
            {"prompt_text": "x", "cases": [{"input": "b", "assertions": [{"type": "regex", "value": "("}]}]},
            "prompts[1].cases[0].assertions[0].value",
        ),
        ({"prompt_text": "x", "cases": [{"name": "a", "input": "b", "expected_output": ""}] * 2}, "prompts[1]"),
    ],
)
def test_what_is_wrong_in_one_is_named_and_nothing_is_kept(wrong: dict[str, Any], field: str) -> None:
    before = counts()
    with pytest.raises(ImportRefused) as refused:
        import_prompts(files=lines({"prompt_id": "good", "prompt_text": "x"}, {"prompt_id": "bad", **wrong}))
    assert refused.value.errors[0].field == field
    assert counts() == before


def test_a_gate_that_holds_undoes_the_whole_import() -> None:
    save_version(prompt_id="held", prompt_text="a", activate=True)
    move_label(prompt_id="held", label="production", version=1, protected=True)
    before = counts()
    items = [{"prompt_id": "new", "prompt_text": "x"}, {"prompt_id": "held", "prompt_text": "b"}]
    with pytest.raises(Exception, match="held"):
        import_prompts(files=lines(*items), activate=True)
    assert counts() == before


def test_an_import_brings_everything_and_a_second_one_changes_nothing() -> None:
    item = {
        "prompt_id": "p", "prompt_text": "{{ input }}", "purpose": "x", "notes": "n", "settings": {"seed": 1},
        "description": "d", "folder": "f/g", "tags": ["t"],
        "cases": [{"input": "a", "expected_output": "b", "must_pass": True}],
    }  # fmt: skip
    first = import_prompts(files=lines(item))
    assert (first.cases, first.saved[0].created) == (1, True)
    prompt = Prompt.objects.get()
    assert (prompt.description, prompt.folder, prompt.tags, prompt.active) == ("d", "f/g", ["t"], None)
    assert TestCase.objects.get().state()["must_pass"] is True
    before = counts()
    assert import_prompts(files=lines(item)).saved[0].created is False
    assert counts() == before
    [file] = export_prompts(form="jsonl", label="latest").files
    assert json.loads(file.text) == {**item, "cases": [{"name": "case 1", **item["cases"][0]}]}


def test_what_is_included_is_saved_before_what_includes_it() -> None:
    items = [
        {"prompt_id": "top", "prompt_text": '{% include "middle@latest" %}!'},
        {"prompt_id": "middle", "prompt_text": '{% include "low@latest" %}?'},
        {"prompt_id": "low", "prompt_text": "hello"},
    ]
    import_prompts(files=lines(*items))
    assert Version.objects.get(prompt__prompt_id="top").whole_text == "hello?!"
    [markdown] = [file for file in export_prompts(form="markdown", label="latest").files if file.path == "top.md"]
    assert '{% include "middle@latest" %}!' in markdown.text
    [skill] = export_prompts(form="claude-skills", prompt_ids=["top"], label="latest").files
    assert skill.text.endswith("hello?!")
    before = counts()
    circle = [
        {"prompt_id": "a", "prompt_text": '{% include "b@latest" %}'},
        {"prompt_id": "b", "prompt_text": '{% include "a@latest" %}'},
    ]
    with pytest.raises(Exception, match="cannot be included"):
        import_prompts(files=lines(*circle))
    assert counts() == before


def test_an_import_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "MAX_PROMPTS", 1)
    with pytest.raises(ImportRefused, match="At most 1"):
        import_prompts(files=lines({"prompt_id": "a", "prompt_text": "x"}, {"prompt_id": "b", "prompt_text": "x"}))


def test_an_export_names_prompts_without_the_label_and_refuses_one_that_was_named() -> None:
    save_version(prompt_id="idle", prompt_text="x")
    done = export_prompts(form="jsonl")
    assert (done.files[0].text, done.left) == ("", ["idle: no version holds production."])
    with pytest.raises(VersionNotFound):
        export_prompts(form="jsonl", prompt_ids=["idle"])
    with pytest.raises(PromptNotFound):
        export_prompts(form="jsonl", prompt_ids=["test-full"])


# What ships


def test_eight_commands_ship_and_go_out_as_they_stand_in_their_folder() -> None:
    assert set(shipped()) == COMMANDS
    done = export_prompts(form="claude-skills")
    assert {file.path: file.text for file in done.files} == {
        f"{name}/SKILL.md": (shipping.FOLDER / name / "SKILL.md").read_text() for name in COMMANDS
    }


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_that_ships_can_be_chosen_asked_and_tested(name: str) -> None:
    carried = shipped()[name]
    [version] = [
        saved.version for saved in importing.keep_all(importing.exchange.Read(prompts=[carried]), {name}).saved
    ]
    assert 60 < len(carried.purpose) <= 1024
    assert "Use " in carried.purpose
    assert len(version.variables.names) == 1
    assert sum(bool(case.get("must_pass")) for case in carried.cases) >= 1
    assert len(carried.cases) >= 2
    for case in carried.cases:
        check_input(version.conversation, case["input"])


@pytest.mark.parametrize("form", ["codex", "cursor", "gemini"])
def test_other_agents_get_the_eight_without_what_only_claude_understands(form: Any) -> None:
    done = export_prompts(form=form)
    assert len(done.files) == 8
    assert not [file.path for file in done.files if "$ARGUMENTS" in file.text or "|default" in file.text]
    assert sum("test cases stay here" in line for line in done.left) == 8


def test_a_prompt_of_the_name_takes_the_place_of_a_command_that_ships() -> None:
    save_version(prompt_id="test-full", prompt_text="Run make test.", purpose="Ours", activate=True)
    files = {file.path: file.text for file in export_prompts(form="claude-skills").files}
    assert len(files) == 8
    assert files["test-full/SKILL.md"].endswith("Run make test.")
    assert [file.path for file in export_prompts(form="gemini", prompt_ids=["docs-sync"]).files] == ["docs-sync.toml"]


def test_saving_what_ships_never_takes_the_place_of_a_teams_own() -> None:
    save_version(prompt_id="test-full", prompt_text="Run make test.", activate=True)
    done = save_shipped()
    assert {saved.version.prompt.prompt_id for saved in done.saved} == {*COMMANDS, TRIGGERS}
    active = {version.prompt.prompt_id: version for version in Version.objects.active().select_related("prompt")}
    assert set(active) == {*COMMANDS, TRIGGERS}
    assert (active["test-full"].prompt_text, active["test-full"].number) == ("Run make test.", 1)
    assert Prompt.objects.get(prompt_id="deploy-dashboard").tags == ["by-hand"]
    assert [saved.created for saved in save_shipped().saved] == [False] * 9


def test_how_well_commands_are_chosen_is_a_test_of_a_prompt() -> None:
    """The wiring alone: figures need a model that can choose."""
    save_shipped()
    asked = json.loads(f"[{','.join((shipping.FOLDER / 'triggers.jsonl').read_text().splitlines())}]")
    assert {item["skill"] for item in asked} == {*COMMANDS, "none"}
    wanted = {item["request"]: item["skill"] for item in asked}
    wrong = asked[0]["request"]

    class Chooser:
        def complete(self, messages: Any, settings: Any, *, model: str) -> Answer:
            assert all(f"- {name}: " in messages[0].content for name in COMMANDS)
            request = messages[-1].content
            text = "none" if request == wrong else f"`{wanted[request]}`."
            return Answer(text=text, model=model, finish_reason="stop", input_tokens=9, output_tokens=2, latency_ms=1)

        def close(self) -> None: ...

    run = test_prompt_version(prompt_id=TRIGGERS, repeats=2, queued=False)
    done = execute_run(run_id=run.pk, provider=Chooser())
    assert (done.total, done.failed) == (len(asked) * 2, 2)
    assert set(done.results.filter(outcome="failed").values_list("input", flat=True)) == {wrong}


# The doors


def test_files_come_and_go_by_rest_and_command(api: Any, run_command: Any, tmp_path: Path) -> None:
    save_version(prompt_id="p", prompt_text="Say {{ input }}", purpose="Say", activate=True)
    keep_test_case(prompt_id="p", name="a", input="x", expected_output="y")
    exported = api.get(f"{API}/export?format=markdown&prompt_id=p")
    assert exported.status_code == 200, exported.json()
    code, out, _ = run_command("prompt_export", str(tmp_path / "out"), "p", "--format", "markdown")
    assert (code, out.strip()) == (0, f"[OK] {tmp_path}/out/p.md")
    assert (tmp_path / "out" / "p.md").read_text() == exported.json()["files"][0]["text"]
    Prompt.objects.all().delete()

    body = {"files": exported.json()["files"], "activate": True}
    answer = api.post(f"{API}/import", body)
    assert (answer.status_code, answer.json()) == (201, {"saved": ["p@1"], "known": [], "cases": 1, "left": []})
    by_rest = Version.objects.get().content_hash
    Prompt.objects.all().delete()

    code, out, _ = run_command("prompt_import", str(tmp_path / "out"), "--activate")
    assert (code, out.splitlines()[-1]) == (0, "[OK] 1 test cases")
    version = Version.objects.get()
    assert (version.content_hash, version.is_active) == (by_rest, True)
    refused = api.post(f"{API}/import", {"files": [{"path": "a.jsonl", "text": "{"}], "format": "jsonl"})
    assert (refused.status_code, refused.json()["code"]) == (400, "prompts-unreadable")


def test_a_folder_that_says_something_else_is_left_alone(run_command: Any, tmp_path: Path) -> None:
    target = tmp_path / "docs-sync" / "SKILL.md"
    target.parent.mkdir()
    target.write_text("mine")
    words = ["prompt_export", str(tmp_path), "--format", "claude-skills"]
    code, _, err = run_command(*words)
    assert (code, "--overwrite" in err, len(list(tmp_path.rglob("SKILL.md")))) == (2, True, 1)
    code, out, err = run_command(*words, "--overwrite")
    assert (code, len(out.splitlines())) == (0, 8)
    assert re.search(r"\[WARN\] test-full: 2 test cases", err)
    assert run_command(*words)[0] == 0
    assert run_command("prompt_export", "-", "--format", "claude-skills")[0] == 2
    assert run_command("prompt_export", "-", "docs-sync", "--format", "gemini")[1].startswith("description = ")


def test_what_ships_is_saved_by_rest_command_and_admin(api: Any, run_command: Any, admin_client: Client) -> None:
    answer = api.post(f"{API}/shipped")
    assert (answer.status_code, len(answer.json()["saved"])) == (201, 9), answer.json()
    code, out, _ = run_command("prompt_import", "--shipped")
    assert (code, out.count("is there already")) == (0, 9)
    assert run_command("prompt_import")[0] == 2
    page = admin_client.post(reverse("admin:prompts_prompt_list_move", args=["save_shipped"]), follow=True)
    assert "0 versions are saved; 9 were there already." in page.content.decode()
