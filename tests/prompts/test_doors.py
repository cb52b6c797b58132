"""Prompts through their five doors: one result, whichever is used, and an event in the trail."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import Event
from prompts import tasks
from prompts.models import Prompt, Run, TestCase, Version
from tests.prompts.stub_model import Stub

API = "/api/v1/prompts"
ECHO = f"{API}/prompts/echo"
TEXT = "Say {{ input }}"
BODY = {"prompt_text": TEXT, "purpose": "echo", "notes": "first", "settings": {"temperature": 0}}
CASE = {"name": "hi", "input": "hi", "expected_output": "Say hi", "type": "smoke"}


def saved() -> dict[str, Any]:
    version = Version.objects.get()
    event = Event.objects.filter(event_type="prompt.version_saved").first()
    assert event is not None
    assert (event.entity_id, event.new_value["content_hash"]) == ("echo@1", version.content_hash)
    facts = {
        name: getattr(version, name) for name in ("number", "prompt_text", "purpose", "notes", "settings", "tokens")
    }
    return {**facts, "content_hash": version.content_hash, "active": version.is_active}


@pytest.mark.django_db
def test_a_version_is_the_same_by_rest_command_job_and_admin(api: Any, admin_client: Client, run_command: Any) -> None:
    answer = api.post(f"{ECHO}/versions", BODY)
    assert answer.status_code == 201, answer.json()
    assert answer.headers["Location"] == f"{ECHO}/versions/1"
    assert answer.json()["variables"] == ["input"]
    assert api.post(f"{ECHO}/versions", BODY).status_code == 200
    expected = saved()
    assert expected["number"] == 1
    Prompt.objects.all().delete()

    arguments = ["--purpose", "echo", "--notes", "first", "--settings", '{"temperature": 0}']
    code, out, _ = run_command("prompt", "save", "echo", TEXT, *arguments)
    assert (code, out.strip()) == (0, f"[OK] echo@1 saved, {expected['tokens']} tokens")
    assert saved() == expected
    Prompt.objects.all().delete()

    tasks.save_version.delay(prompt_id="echo", **BODY)
    assert saved() == expected
    Prompt.objects.all().delete()

    prompt = Prompt.objects.create(prompt_id="echo")
    settings = {"settings-0-name": "temperature", "settings-0-value": "0"}
    form = {"prompt": prompt.pk, **{name: BODY[name] for name in ("prompt_text", "purpose", "notes")}, **settings}
    page = admin_client.post(reverse("admin:prompts_version_add"), form)
    assert page.status_code == 302, page.context["errors"]
    assert saved() == expected
    assert Event.objects.filter(event_type="prompt.version_saved").count() == 4


@pytest.mark.django_db(transaction=True)
def test_a_version_a_test_and_its_result_by_mcp(call_tool: Any, api: Any, stub: Stub) -> None:
    answer = call_tool("save_prompt_version", prompt_id="echo", activate=True, **BODY)
    assert (answer["version"], answer["created"], answer["is_active"]) == (1, True, True)
    by_mcp = saved()
    assert by_mcp == {**by_mcp, "number": 1, "prompt_text": TEXT, "settings": {"temperature": 0}, "active": True}

    found = call_tool("get_prompt", scope="read", prompt_id="echo", input="hello")
    assert found["messages"] == [{"role": "user", "content": "Say hello"}]

    job = call_tool(
        "test_prompt", prompt_id="echo", test_cases=[CASE, {**CASE, "name": "no", "input": "x"}], keep_cases=True
    )
    result = call_tool("get_job", scope="read", job=job["job"])
    assert (result["status"], result["passed"], result["failed"]) == ("finished", 1, 1)
    assert result["failures"][0]["why"] == "Expected 'Say hi', got 'Say x'"
    assert TestCase.objects.count() == 2
    assert api.get(f"{API}/runs/{job['job']}").json()["passed"] == 1


@pytest.mark.django_db(transaction=True)
def test_tokens_and_compression_are_the_same_by_rest_command_and_mcp(
    reader: Any, run_command: Any, call_tool: Any
) -> None:
    by_rest = reader.post(f"{API}/tokens/count", {"text": "hello world", "model": "gpt-4o"}).json()
    assert by_rest == {"tokens": 2, "encoding": "o200k_base", "exact": True}
    assert call_tool("count_tokens", scope="read", text="hello world", model="gpt-4o") == by_rest
    _, out, _ = run_command("tokens", "--model", "gpt-4o", "--json", stdin="hello world")
    assert json.loads(out) == [{"path": "-", **by_rest}]

    code = "import os  # c\n\n\n\ndef f():\n    # why\n    return os\n"
    body = {"text": code, "max_tokens": 12, "language": "python"}
    by_rest = reader.post(f"{API}/compress", body).json()
    assert by_rest["tokens"] <= 12
    assert call_tool("compress_context", scope="read", **body) == by_rest
    _, out, _ = run_command("compress", "--max-tokens", "12", "--language", "python", "--json", stdin=code)
    assert json.loads(out) == by_rest


@pytest.mark.django_db(transaction=True)
def test_a_test_is_the_same_by_rest_command_job_admin_and_mcp(
    api: Any, admin_client: Client, run_command: Any, call_tool: Any, stub: Stub
) -> None:
    api.post(f"{ECHO}/versions", {**BODY, "activate": True})
    assert api.post(f"{ECHO}/test-cases", CASE).status_code == 201
    wrong = {"name": "wrong", "input": "hi", "assertions": [{"type": "word-count", "value": {"max": 1}}]}
    assert api.post(f"{ECHO}/test-cases", wrong).status_code == 201

    answer = api.post(f"{ECHO}/versions/1/test", {})
    assert answer.status_code == 202
    run = api.get(answer.headers["Location"]).json()
    assert (run["status"], run["total"], run["passed"], run["failed"]) == ("finished", 2, 1, 1)
    assert [(result["name"], result["passed"]) for result in run["results"]] == [("hi", True), ("wrong", False)]
    assert run["results"][1]["checks"][0]["detail"] == "2 words, wanted '{\"max\": 1}'"

    code, out, _ = run_command("prompt", "test", "echo")
    assert code == 1
    assert "[OK] hi" in out
    assert "[FAIL] wrong" in out
    tasks.start_test.delay(prompt_id="echo", number=1)
    version = Version.objects.get()
    assert admin_client.post(reverse("admin:prompts_version_move", args=[version.pk, "run_test"])).status_code == 302
    call_tool("test_prompt", prompt_id="echo")
    runs = list(Run.objects.values_list("status", "total", "passed", "failed"))
    assert runs == [("finished", 2, 1, 1)] * 5
    kinds = set(Event.objects.filter(entity_type="prompt_run").values_list("event_type", flat=True))
    assert kinds == {"prompt.run_requested", "prompt.run_started", "prompt.run_finished"}
    assert api.get(f"{API}/runs?prompt_id=echo&status=finished&version=1").json()["results"][0]["verdict"]["call"]


@pytest.mark.django_db
def test_activating_is_the_same_by_rest_command_job_and_admin(
    api: Any, reader: Any, admin_client: Client, run_command: Any
) -> None:
    for text in ("a", "b"):
        api.post(f"{ECHO}/versions", {"prompt_text": text})
    two = Version.objects.get(number=2)
    assert reader.get(ECHO).json()["active_version"] is None
    assert api.post(f"{ECHO}/versions/1/activate").json()["is_active"] is True
    assert reader.get(ECHO).json()["active_version"] == 1
    assert run_command("prompt", "activate", "echo", "2")[:2] == (0, "[OK] echo@2 is active\n")
    assert reader.get(ECHO).json()["active_version"] == 2
    tasks.activate_version.delay("echo", 1)
    assert reader.get(ECHO).json()["active_version"] == 1
    selected = {"action": "activate", "_selected_action": [two.pk]}
    admin_client.post(reverse("admin:prompts_version_changelist"), selected)
    assert reader.get(ECHO).json()["active_version"] == 2
    assert Event.objects.filter(event_type="prompt.version_activated").count() == 4
    assert reader.get(f"{ECHO}/versions?is_active=true").json()["results"][0]["version"] == 2
    back = api.post("/api/v1/audit/entities/prompt/echo/rollback", {"reason": "too eager"})
    assert back.status_code == 201
    assert reader.get(ECHO).json()["active_version"] == 1


@pytest.mark.django_db
def test_prompts_are_made_read_changed_and_deleted_by_rest(api: Any, reader: Any) -> None:
    made = api.post(f"{API}/prompts", {"prompt_id": "echo"})
    assert made.status_code == 201
    assert made.json()["latest_version"] == 0
    assert api.post(f"{API}/prompts", {"prompt_id": "echo"}).status_code == 409
    assert api.patch(ECHO, {"description": "says it again"}).json()["description"] == "says it again"
    assert [row["prompt_id"] for row in reader.get(f"{API}/prompts?search=ech").json()["results"]] == ["echo"]
    assert api.delete(ECHO).status_code == 204
    gone = reader.get(ECHO)
    assert (gone.status_code, gone.json()["code"]) == (404, "prompt-not-found")


@pytest.mark.django_db
def test_cases_are_changed_replaced_and_deleted_by_rest_and_admin(
    api: Any, reader: Any, admin_client: Client, run_command: Any
) -> None:
    api.post(f"{API}/prompts", {"prompt_id": "echo"})
    case = api.post(f"{ECHO}/test-cases", CASE).json()
    one = f"{ECHO}/test-cases/{case['id']}"
    assert api.post(f"{ECHO}/test-cases", CASE).status_code == 409
    assert api.patch(one, {"expected_output": "other"}).json()["expected_output"] == "other"
    replaced = api.put(one, {"name": "new", "input": {"input": "x"}, "expected_output": " x "}).json()
    assert (replaced["type"], replaced["expected_output"]) == ("general", " x ")
    prompt = Prompt.objects.get()
    form = {
        "prompt": prompt.pk,
        "name": "by admin",
        "type": "t",
        "input": "hi",
        "expected_output": "x",
    }
    assert admin_client.post(reverse("admin:prompts_testcase_add"), form).status_code == 302
    assert run_command("prompt_case", "echo", "by command", "--input", "hi", "--expected", "x")[0] == 0
    names = [row["name"] for row in reader.get(f"{ECHO}/test-cases").json()["results"]]
    assert names == ["by command", "by admin", "new"]
    assert json.loads(run_command("prompt_case", "echo", "--json")[1])[0]["name"] == "new"
    assert api.delete(one).status_code == 204
    assert reader.get(one).status_code == 404
    bad = api.post(f"{ECHO}/test-cases", {"name": "b", "input": "x", "assertions": [{"type": "no"}]})
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (400, "assertions[0].type")


@pytest.mark.django_db(transaction=True)
def test_comparison_and_report_are_the_same_by_rest_and_command(
    api: Any, reader: Any, run_command: Any, stub: Stub
) -> None:
    api.post(f"{ECHO}/versions", {**BODY, "activate": True})
    api.post(f"{ECHO}/versions", {**BODY, "prompt_text": "Do not say {{ input }}"})
    given = [{"name": f"c{n}", "input": f"w{n}", "expected_output": f"Say w{n}"} for n in range(8)]
    for case in given:
        api.post(f"{ECHO}/test-cases", case)
    for number in (1, 2):
        api.post(f"{ECHO}/versions/{number}/test", {})
    compared = reader.get(f"{ECHO}/compare?from=1&to=2").json()
    assert compared["verdict"]["call"] == "regression"
    assert (compared["verdict"]["lost"], compared["verdict"]["won"]) == (8, 0)
    assert "-Say {{ input }}" in compared["text_diff"]
    assert (compared["results"]["before"]["passed"], compared["results"]["after"]["passed"]) == (8, 0)
    assert len(compared["cases"]) == 8
    code, out, _ = run_command("prompt", "compare", "echo", "1", "2", "--json")
    assert (code, json.loads(out)) == (1, compared)
    report = reader.get(f"{ECHO}/regression").json()
    assert (report["verdict"]["call"], report["newest"], report["against"]) == ("regression", 2, 1)
    code, out, _ = run_command("prompt", "regression", "echo", "--json")
    assert (code, json.loads(out)) == (1, report)
    assert run_command("prompt", "regression", "echo")[1].splitlines()[-1].startswith("[FAIL] regression: 8 lost")
    assert run_command("prompt", "compare", "echo", "2", "1")[0] == 0
    assert Event.objects.filter(event_type="prompt.regression_found").count() == 1
    assert reader.get(f"{ECHO}/compare?from=1").status_code == 400
    assert reader.get(f"{ECHO}/compare?from=1&to=9").json()["code"] == "version-not-found"


@pytest.mark.django_db
def test_rendering_by_rest(api: Any, reader: Any) -> None:
    api.post(f"{ECHO}/versions", BODY)
    assert reader.post(f"{ECHO}/render", {"input": "x"}).status_code == 404
    answer = reader.post(f"{ECHO}/render", {"version": 1, "input": {"input": "x"}}).json()
    assert answer["messages"] == [{"role": "user", "content": "Say x"}]
    bad = reader.post(f"{ECHO}/render", {"version": 1, "input": {"imput": "x"}})
    assert (bad.status_code, bad.json()["code"]) == (400, "variables-invalid")
    assert {error["field"] for error in bad.json()["errors"]} == {"input.input", "input.imput"}
    assert reader.post(f"{ECHO}/render", {"version": 1, "input": 7}).status_code == 400


@pytest.mark.django_db
def test_wrong_bodies_and_keys_are_clear_answers(api: Any, reader: Any, client: Client) -> None:
    assert reader.post(f"{ECHO}/versions", BODY).status_code == 403
    assert client.get(f"{API}/prompts").status_code == 401
    for body in (
        {},
        {"prompt_text": 7},
        {"prompt_text": "{{ x"},
        {**BODY, "extra": 1},
        {"messages": "x"},
        {"messages": [1]},
    ):
        answer = api.post(f"{ECHO}/versions", body)
        assert answer.status_code == 400, body
        assert answer.json()["detail"]
    api.post(f"{ECHO}/versions", BODY)
    for body in ({"test_cases": [7]}, {"test_cases": []}, {"concurrency": 0}, {"test_cases": [{"input": "x"}]}):
        answer = api.post(f"{ECHO}/versions/1/test", body)
        assert answer.status_code == 400, body
    assert api.post(f"{ECHO}/versions/1/test", {}).status_code == 409  # there is nothing to test it with yet
    assert api.post(f"{ECHO}/versions/7/test", {"test_cases": [CASE]}).status_code == 404
    assert reader.get(f"{API}/runs/{'0' * 8}-0000-0000-0000-{'0' * 12}").json()["code"] == "run-not-found"
    assert reader.post(f"{API}/tokens/count", {"text": "a", "messages": []}).status_code == 400
    assert reader.post(f"{API}/compress", {"text": "a", "max_tokens": -1}).status_code == 400


@pytest.mark.django_db
def test_a_run_is_cancelled_by_rest_and_admin(api: Any, admin_client: Client) -> None:
    from prompts.testing import test_prompt_version

    api.post(f"{ECHO}/versions", BODY)
    runs = [test_prompt_version(prompt_id="echo", number=1, cases=[CASE], queued=False) for _ in range(2)]
    assert api.post(f"{API}/runs/{runs[0].uid}/cancel").json()["status"] == "cancelled"
    assert api.post(f"{API}/runs/{runs[0].uid}/cancel").status_code == 409
    form = {"action": "cancel", "_selected_action": [runs[1].pk]}
    admin_client.post(reverse("admin:prompts_run_changelist"), form)
    assert Run.objects.filter(status="cancelled").count() == 1, "it asks first"
    admin_client.post(reverse("admin:prompts_run_changelist"), {**form, "_answered": "1"})
    assert set(Run.objects.values_list("status", flat=True)) == {"cancelled"}


@pytest.mark.django_db
def test_the_command_reads_files_and_says_what_is_wrong(run_command: Any, tmp_path: Any) -> None:
    turns = tmp_path / "turns.json"
    turns.write_text(json.dumps([{"role": "user", "content": "{{ input }}"}]))
    assert run_command("prompt", "save", "chat", "--file", str(turns), "--activate")[0] == 0
    assert run_command("prompt", "save", "chat", "-", stdin="From stdin {{ input }}")[0] == 0
    assert run_command("prompt", "show", "chat")[1].strip() == "[user]\n{{ input }}"
    assert (
        json.loads(run_command("prompt", "show", "chat", "2", "--json")[1])["prompt_text"] == "From stdin {{ input }}"
    )
    assert "chat" in run_command("prompt", "list")[1]
    assert len(json.loads(run_command("prompt", "list", "chat", "--json")[1])) == 2
    assert "version" in run_command("prompt", "list", "chat")[1]
    for arguments in (
        ["show", "none"],
        ["save", "chat", "{{ x"],
        ["save", "chat", "x", "--settings", "{"],
        ["save", "chat", "--file", "/nowhere"],
        ["test", "chat"],
    ):
        code, _, err = run_command("prompt", *arguments)
        assert code == 2, arguments
        assert err
    assert run_command("prompt_case", "chat", "x")[0] == 2
    assert run_command("tokens", "/nowhere")[0] == 2
    assert run_command("tokens", str(turns))[1].endswith("turns.json\n")
    code, _, err = run_command("compress", str(turns), "--max-tokens", "3")
    assert (code, "tokens: " in err) == (0, True)


@pytest.mark.django_db
def test_a_model_that_is_away_is_exit_code_2_with_a_next_step(run_command: Any, settings: Any) -> None:
    settings.MODEL_BASE_URL = "nonsense"
    run_command("prompt", "save", "echo", TEXT, "--activate")
    run_command("prompt_case", "echo", "a", "--input", "x", "--expected", "x")
    code, out, err = run_command("prompt", "test", "echo")
    assert code == 2
    assert f"{out}{err}".count("MODEL_BASE_URL") == 1  # not for each case anew
    assert "[SKIP] 1 cases without an answer" in out


@pytest.mark.django_db
def test_the_demo_is_believable_and_loads_once() -> None:
    from prompts import demo

    demo.load()
    demo.load()
    assert [run.verdict["call"] for run in Run.objects.order_by("pk")] == ["not run", "no difference", "regression"]
    assert [(v.number, v.is_active) for v in Version.objects.order_by("number")] == [(1, True), (2, False), (3, False)]


@pytest.mark.django_db
def test_dashboard_metrics_and_health(stub: Stub, settings: Any) -> None:
    from config.database.windows import window
    from prompts import dashboard, demo, health, metrics

    demo.load()
    [panel] = dashboard.panels(window("30d"))
    assert [(tile.label, tile.value) for tile in panel.tiles if tile.label in {"Prompts", "Regressions"}] == [
        ("Prompts", 1),
        ("Regressions", 1),
    ]
    assert list(dashboard.active_jobs()) == []
    samples = {sample.name: sample.value for metric in metrics.collect() for sample in metric.samples}
    assert samples["handrail_prompt_versions"] == 3
    assert [check.status for check in health.checks()] == ["ok", "ok"]
    settings.MODEL_BASE_URL = "http://127.0.0.1:9/v1"
    assert [(check.name, check.status) for check in health.checks()] == [("token files", "ok"), ("model", "warn")]
