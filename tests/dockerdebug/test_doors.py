"""The same diagnosis through REST, admin, command, job and MCP; insights and infrastructure through theirs."""

import json
from typing import Any

import pytest
from django.urls import reverse

from audit.models import Event
from dockerdebug import diagnoses, mcp, tasks
from dockerdebug.checks import CHECKS
from dockerdebug.models import Diagnosis, Infrastructure, Insight, Tag
from tests.dockerdebug.makers import dist, healthy, python, stopped, traceback

pytestmark = pytest.mark.django_db
BASE = "/api/v1/dockerdebug"
FAULTY = stopped(logs=traceback("ModuleNotFoundError: No module named 'flask'"))
KEYS = ["module_not_found", "container_stopped"]


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnoses, "collect", lambda container: FAULTY)


def trail(pk: Any) -> list[str]:
    return [event.event_type for event in Event.objects.of("diagnosis", str(pk)).order_by("id")]


# ---------------------------------------------------------------- diagnoses


def test_a_diagnosis_by_rest_is_a_job_by_default(
    api: Any, faulty: None, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        accepted = api.post(f"{BASE}/diagnoses", {"container": "api"})
    assert (accepted.status_code, accepted.json()["status"]) == (202, "pending")
    done = api.get(accepted["Location"]).json()
    assert (done["status"], done["id"]) == ("finished", accepted.json()["id"])
    assert [finding["key"] for finding in done["findings"]] == KEYS
    assert set(done["findings"][0]) == {"key", "severity", "check", "evidence", "cause", "fix", "verify"}
    assert set(done["checks"][0]) == {"name", "passed", "status", "result", "details"}
    assert (done["total_checks"], done["passed"], done["failed"]) == (7, 5, 2)
    assert trail(done["id"]) == ["diagnosis.requested", "diagnosis.finished"]


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("?wait=true", {}, 201),
        ("", {"Prefer": "wait=10"}, 201),
        ("", {"Prefer": "respond-async, wait=30"}, 201),
        ("", {"Prefer": "wait=2"}, 202),
        ("", {"Prefer": "return=minimal"}, 202),
        ("?wait=false", {}, 202),
    ],
)
def test_who_waits_gets_the_answer_at_once(
    api: Any, faulty: None, path: str, headers: dict[str, str], status: int
) -> None:
    answer = api.post(f"{BASE}/diagnoses{path}", {"container": "api"}, headers=headers)
    assert answer.status_code == status
    assert answer.json()["status"] == ("finished" if status == 201 else "pending")
    assert answer["Location"] == f"{BASE}/diagnoses/{answer.json()['id']}"
    assert ("Preference-Applied" in answer) == (status == 201 and bool(headers))


def test_the_same_by_command(run_command: Any, faulty: None) -> None:
    code, out, _ = run_command("dockerdebug", "api", "--json")
    shown = json.loads(out)
    assert (code, [finding["key"] for finding in shown["findings"]]) == (1, KEYS)
    assert trail(shown["id"]) == ["diagnosis.requested", "diagnosis.finished"]
    code, out, _ = run_command("dockerdebug", "api")
    assert code == 1
    assert "[FAIL] installed_packages" in out
    assert "[SKIP] sys_path: not run, because the container is stopped" in out
    assert "fix      Add flask to the requirements" in out


def test_the_same_by_job(faulty: None) -> None:
    made = diagnoses.request_diagnosis(container="api")
    tasks.diagnose.delay(str(made.pk))
    made.refresh_from_db()
    assert (made.status, made.finding_keys) == ("finished", KEYS)
    assert trail(made.pk) == ["diagnosis.requested", "diagnosis.finished"]


@pytest.mark.django_db(transaction=True)
def test_the_same_by_mcp(call_tool: Any, faulty: None) -> None:
    answer = call_tool("diagnose_container", container="api")
    assert (answer["status"], answer["passed"], answer["failed"]) == ("finished", 5, 2)
    assert [finding["key"] for finding in answer["findings"]] == KEYS
    assert trail(answer["id"]) == ["diagnosis.requested", "diagnosis.finished"]
    one = call_tool("diagnose_container", container="api", check="python_version", response_format="detailed")
    assert one["checks"][0]["details"]["version"] == "3.12.4"


def test_the_same_by_admin(admin_client: Any, faulty: None, django_capture_on_commit_callbacks: Any) -> None:
    add = reverse("admin:dockerdebug_diagnosis_add")
    with django_capture_on_commit_callbacks(execute=True):
        answer = admin_client.post(add, {"container": "api", "only_check": ""})
    assert answer.status_code == 302
    made = Diagnosis.objects.get()
    assert (made.finding_keys, made.created_by) == (KEYS, "admin")
    page = admin_client.get(reverse("admin:dockerdebug_diagnosis_change", args=[made.pk])).content.decode()
    assert "module_not_found" in page
    assert "Add flask to the requirements" in page
    assert " style=" not in page.split('class="diagnosis"')[1]
    assert "dockerdebug/diagnosis.css" in page
    assert trail(made.pk) == ["diagnosis.requested", "diagnosis.finished"]


def test_diagnose_again_in_the_admin(admin_client: Any, faulty: None, django_capture_on_commit_callbacks: Any) -> None:
    made = diagnoses.diagnose(container="api", check="sys_path")
    listing = reverse("admin:dockerdebug_diagnosis_changelist")
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(listing, {"action": "diagnose_again", "_selected_action": [str(made.pk)]})
    again = Diagnosis.objects.exclude(pk=made.pk).get()
    assert (again.container, again.only_check, again.status) == ("api", "sys_path", "finished")
    assert admin_client.get(listing, {"q": "api", "worst__exact": "error"}).status_code == 200


def test_hostile_text_is_escaped_in_the_admin(admin_client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = stopped(logs="ImportError: lib<script>alert(1)</script>\nE: <b>x</b>Error: boom")
    monkeypatch.setattr(diagnoses, "collect", lambda container: hostile)
    made = diagnoses.diagnose(container="api")
    page = admin_client.get(reverse("admin:dockerdebug_diagnosis_change", args=[made.pk])).content.decode()
    assert "<b>x</b>" not in page
    assert "&lt;b&gt;x" in page


@pytest.mark.parametrize("wrong", [{"container": "a b"}, {"only_check": "astrology"}])
def test_a_wrong_request_in_the_admin_is_shown_in_the_form(admin_client: Any, wrong: dict[str, str]) -> None:
    answer = admin_client.post(reverse("admin:dockerdebug_diagnosis_add"), {"container": "", **wrong})
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert not Diagnosis.objects.exists()


def test_a_diagnosis_of_this_machine_is_real(api: Any) -> None:
    answer = api.post(f"{BASE}/diagnoses?wait=true", {"check": "python_version"}).json()
    assert (answer["status"], answer["container"], answer["total_checks"]) == ("finished", "", 1)
    import platform

    assert answer["checks"][0]["details"]["version"] == platform.python_version().rstrip("+")


def test_a_missing_engine_is_a_finding_through_every_door(api: Any, run_command: Any, settings: Any) -> None:
    settings.DOCKER_HOST = "unix:///nowhere/docker.sock"
    answer = api.post(f"{BASE}/diagnoses?wait=true", {"container": "api"})
    assert (answer.status_code, answer.json()["status"], answer.json()["not_run"]) == (201, "finished", 7)
    assert answer.json()["findings"][0]["key"] == "engine_socket_missing"
    code, out, _ = run_command("dockerdebug", "api")
    assert code == 1
    assert "engine_socket_missing" in out
    brief = mcp.diagnose_container(container="api")
    assert brief["findings"][0]["key"] == "engine_socket_missing"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"container": "../etc/passwd"}, "container"),
        ({"container": "a\nb"}, "container"),
        ({"container": 7}, "container"),
        ({"container": "x" * 200}, "container"),
        ({"check": "astrology"}, "check"),
        ({"check": ["sys_path"]}, "check"),
        ({"command": "rm -rf /"}, "command"),
        ({"container": "api", "user": "root"}, "user"),
    ],
)
def test_bad_bodies_are_refused_by_field(api: Any, body: dict[str, Any], field: str) -> None:
    answer = api.post(f"{BASE}/diagnoses", body)
    assert answer.status_code == 400
    assert answer["Content-Type"].startswith("application/problem+json")
    assert field in {error["field"] for error in answer.json()["errors"]}
    assert not Diagnosis.objects.exists()


def test_a_nul_byte_is_refused(api: Any) -> None:
    assert api.post(f"{BASE}/diagnoses", {"container": "a\0b"}).status_code == 400


def test_null_means_this_machine_and_all_checks(api: Any) -> None:
    answer = api.post(f"{BASE}/diagnoses", {"container": None, "check": None})
    assert (answer.status_code, answer.json()["container"]) == (202, "")


def test_a_reader_looks_and_does_not_diagnose(reader: Any, faulty: None) -> None:
    assert reader.post(f"{BASE}/diagnoses", {}).status_code == 403
    made = diagnoses.diagnose(container="api")
    listed = reader.get(f"{BASE}/diagnoses?container=api&worst=error&finding=module_not_found").json()
    assert [item["id"] for item in listed["results"]] == [str(made.pk)]
    assert "checks" not in listed["results"][0]
    assert reader.get(f"{BASE}/diagnoses?finding=oom_killed").json()["results"] == []
    assert reader.get(f"{BASE}/diagnoses/{made.pk}").status_code == 200


@pytest.mark.parametrize("path", ["diagnoses/nonsense", "diagnoses/01a1fe10-3774-73fd-a919-c343cd32b1b4"])
def test_what_does_not_exist_is_not_found(api: Any, path: str) -> None:
    assert api.get(f"{BASE}/{path}").status_code == 404


def test_a_misspelt_wait_is_refused(api: Any) -> None:
    assert api.post(f"{BASE}/diagnoses?wait=yes", {}).status_code == 400


def test_usage_errors_of_the_command_end_with_2(run_command: Any) -> None:
    for arguments in (["a b"], ["--check", "astrology"]):
        code, _, err = run_command("dockerdebug", *arguments)
        assert (code, "Traceback" in err) == (2, False)


def test_a_failed_diagnosis_ends_the_command_with_2(run_command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(container: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(diagnoses, "collect", fail)
    assert run_command("dockerdebug")[0] == 2


def test_a_healthy_environment_ends_the_command_with_0(run_command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnoses, "collect", lambda container: healthy())
    code, out, _ = run_command("dockerdebug", "api", "--check", "sys_path")
    assert code == 0
    assert "1 of 1 checks passed." in out


def test_checks_and_findings_are_listed_alike(reader: Any, run_command: Any) -> None:
    by_rest = reader.get(f"{BASE}/checks").json()
    assert [check["name"] for check in by_rest] == list(CHECKS)
    _, out, _ = run_command("dockerdebug", "--list", "--json")
    listed = json.loads(out)
    assert [check["name"] for check in listed["checks"]] == list(CHECKS)
    assert {item["key"] for item in listed["findings"]} == {
        item["key"] for item in reader.get(f"{BASE}/findings").json()
    }
    assert run_command("dockerdebug", "--list")[0] == 0


def test_containers_without_an_engine_are_unavailable(reader: Any, settings: Any) -> None:
    settings.DOCKER_HOST = "unix:///nowhere/docker.sock"
    answer = reader.get(f"{BASE}/containers")
    assert (answer.status_code, answer.json()["code"]) == (503, "engine-socket-missing")
    assert "Start the engine" in answer.json()["detail"]


def test_a_brief_answer_fits_into_4_kilobytes(monkeypatch: pytest.MonkeyPatch) -> None:
    many = tuple(dist(f"package-{number}" * 5, "1.0", "x" * 60 + f"{number}>=3") for number in range(60))
    logs = traceback("ModuleNotFoundError: No module named 'flask'", f"/{'y' * 500}.py")
    facts = stopped(logs=logs)
    facts = healthy(container=facts.container, python=python(distributions=many), outcome="ran", logs=logs)
    monkeypatch.setattr(diagnoses, "collect", lambda container: facts)
    for number in range(5):
        Insight.objects.create(category="other", text="z" * 900, about="api", created_by="x", priority=number + 1)
    answer = mcp.diagnose_container(container="api")
    assert len(json.dumps(answer).encode()) <= 4096
    assert answer["findings"][0]["key"] == "module_not_found"
    assert answer["more_findings"] > 0


# ---------------------------------------------------------------- comparison


def test_two_environments_are_compared_by_rest(api: Any, reader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnoses, "collect", lambda container: healthy())
    left = diagnoses.diagnose(container="api")
    monkeypatch.setattr(diagnoses, "collect", lambda container: healthy(python=python(version="3.11.9")))
    answer = api.post(f"{BASE}/compare", {"left": {"diagnosis": str(left.pk)}, "right": {"container": "api-dev"}})
    assert answer.status_code == 200
    assert answer.json()["same"] is False
    assert answer.json()["python"] == [{"name": "version", "kind": "changed", "left": "3.12.4", "right": "3.11.9"}]
    assert answer.json()["right"]["container"] == "api-dev"
    assert reader.post(f"{BASE}/compare", {"left": {}, "right": {}}).status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"left": {}, "right": {"container": "a b"}}, 400),
        ({"left": {"diagnosis": "x"}, "right": {}}, 400),
        ({"left": {"diagnosis": "01a1fe10-3774-73fd-a919-c343cd32b1b4"}, "right": {}}, 404),
        ({"left": {"diagnosis": "01a1fe10-3774-73fd-a919-c343cd32b1b4", "container": "x"}, "right": {}}, 400),
        ({"left": {"command": "x"}, "right": {}}, 400),
    ],
)
def test_a_wrong_comparison_is_refused(api: Any, faulty: None, body: dict[str, Any], status: int) -> None:
    assert api.post(f"{BASE}/compare", body).status_code == status


# ---------------------------------------------------------------- insights and infrastructure


def test_insights_by_rest(api: Any, reader: Any) -> None:
    body = {
        "category": "network",
        "confidence": "confirmed",
        "priority": 9,
        "text": "The proxy is 10.0.0.1.",
        "about": "api",
    }
    made = api.post(f"{BASE}/insights", body)
    assert (made.status_code, made["Location"]) == (201, f"{BASE}/insights/{made.json()['id']}")
    path = f"{BASE}/insights/{made.json()['id']}"
    assert made.json()["created_by"] == "write-key"
    assert api.patch(path, {"priority": 3}).json()["priority"] == 3
    assert api.put(path, {**body, "text": "Other."}).json()["text"] == "Other."
    assert [item["text"] for item in reader.get(f"{BASE}/insights?search=other+api").json()["results"]] == ["Other."]
    assert reader.get(f"{BASE}/insights?category=network&priority_min=10").json()["results"] == []
    assert reader.delete(path).status_code == 403
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "x"}, "category"),
        ({"category": "gossip", "text": "x"}, "category"),
        ({"category": "other", "text": ""}, "text"),
        ({"category": "other", "text": "x", "priority": 11}, "priority"),
        ({"category": "other", "text": "x", "priority": "5"}, "priority"),
        ({"category": "other", "text": "x", "created_by": "me"}, "created_by"),
    ],
)
def test_a_wrong_insight_is_refused_by_field(api: Any, body: dict[str, Any], field: str) -> None:
    answer = api.post(f"{BASE}/insights", body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)


@pytest.mark.django_db(transaction=True)
def test_insights_are_recalled_by_mcp(call_tool: Any, api: Any) -> None:
    for number in range(3):
        api.post(f"{BASE}/insights", {"category": "network", "text": f"proxy {number}", "priority": number + 1})
    answer = call_tool("recall_insights", scope="read", query="proxy", limit=2)
    assert [item["text"] for item in answer["insights"]] == ["proxy 2", "proxy 1"]
    assert answer["more"] is True
    rest = call_tool("recall_insights", scope="read", query="proxy", cursor=answer["next_cursor"])
    assert ([item["text"] for item in rest["insights"]], rest["more"]) == (["proxy 0"], False)


def test_insights_in_the_admin(admin_client: Any) -> None:
    body = {"category": "network", "confidence": "likely", "priority": 5, "text": "x", "about": "", "finding_key": ""}
    admin_client.post(reverse("admin:dockerdebug_insight_add"), body)
    insight = Insight.objects.get()
    change = reverse("admin:dockerdebug_insight_change", args=[insight.pk])
    admin_client.post(change, {**body, "text": "y"})
    admin_client.post(reverse("admin:dockerdebug_insight_delete", args=[insight.pk]), {"post": "yes"})
    events = Event.objects.of("insight", str(insight.pk)).order_by("id")
    assert [event.event_type for event in events] == ["insight.added", "insight.changed", "insight.removed"]
    assert {event.actor for event in events} == {"admin"}


def test_infrastructure_by_rest(api: Any, reader: Any) -> None:
    made = api.post(f"{BASE}/infrastructure", {"name": "shop-api", "kind": "container", "tags": ["prod", "python"]})
    assert (made.status_code, made.json()["tags"]) == (201, ["prod", "python"])
    path = f"{BASE}/infrastructure/{made.json()['id']}"
    assert api.post(f"{BASE}/infrastructure", {"name": "shop-api"}).status_code == 409
    assert api.patch(path, {"tags": ["prod"]}).json()["tags"] == ["prod"]
    assert [item["name"] for item in reader.get(f"{BASE}/infrastructure?tag=prod").json()["results"]] == ["shop-api"]
    assert reader.get(f"{BASE}/infrastructure?tag=python").json()["results"] == []
    assert {item["name"] for item in reader.get(f"{BASE}/tags").json()["results"]} == {"prod", "python"}
    assert api.delete(f"{BASE}/tags/prod").status_code == 204
    assert api.get(path).json()["tags"] == []
    assert api.put(path, {"name": "renamed", "kind": "host"}).json()["kind"] == "host"
    assert api.delete(path).status_code == 204
    assert api.post(f"{BASE}/infrastructure", {"name": "x", "tags": ["a,b"]}).status_code == 400
    assert api.post(f"{BASE}/infrastructure", {"name": "x", "tags": "a"}).status_code == 400


def test_infrastructure_in_the_admin(admin_client: Any) -> None:
    body = {"name": "shop-api", "kind": "container", "description": "", "tag_names": "prod, python"}
    admin_client.post(reverse("admin:dockerdebug_infrastructure_add"), body)
    made = Infrastructure.objects.get()
    assert made.tag_names == ["prod", "python"]
    change = reverse("admin:dockerdebug_infrastructure_change", args=[made.pk])
    assert "prod, python" in admin_client.get(change).content.decode()
    admin_client.post(change, {**body, "tag_names": "prod"})
    assert made.tag_names == ["prod"]
    refused = admin_client.post(change, {**body, "tag_names": "x" * 65})
    assert refused.status_code == 200
    assert admin_client.get(reverse("admin:dockerdebug_infrastructure_changelist"), {"q": "prod"}).status_code == 200
    tag = Tag.objects.get(name="python")
    admin_client.post(reverse("admin:dockerdebug_tag_delete", args=[tag.pk]), {"post": "yes"})
    admin_client.post(reverse("admin:dockerdebug_infrastructure_delete", args=[made.pk]), {"post": "yes"})
    assert not Infrastructure.objects.exists()
    kinds = set(Event.objects.filter(entity_type__startswith="infrastructure").values_list("event_type", flat=True))
    assert kinds == {
        "infrastructure.added",
        "infrastructure.changed",
        "infrastructure.removed",
        "infrastructure_tag.removed",
    }


# ---------------------------------------------------------------- insights and infrastructure from a shell


def test_a_shell_keeps_insights(run_command: Any, api: Any) -> None:
    code, out, _ = run_command("insights", "add", "network", "no IPv6 there", "--about", "api", "--json")
    made = json.loads(out)
    assert (code, made["priority"], made["confidence"]) == (0, 5, "likely")
    assert api.get(f"{BASE}/insights/{made['id']}").json() == made
    assert run_command("insights", "change", made["id"], "--priority", "9")[0] == 0
    changed = Insight.objects.get()
    assert (changed.priority, changed.about) == (9, "api"), "What is left out stays as it is."
    assert made["id"] in run_command("insights", "list", "--query", "ipv6")[1]
    assert json.loads(run_command("insights", "list", "--category", "other", "--json")[1]) == []
    for wrong in (["--priority", "11"], ["--priority", "0"], ["--about", "x" * 256], ["--confidence", "sure"]):
        assert run_command("insights", "add", "network", "text", *wrong)[0] == 2
    assert run_command("insights", "add", "weather", "text")[0] == 2
    assert run_command("insights", "remove", made["id"])[0] == 0
    assert run_command("insights", "remove", made["id"])[0] == 2
    events = Event.objects.of("insight", made["id"]).order_by("id")
    assert [event.event_type for event in events] == ["insight.added", "insight.changed", "insight.removed"]


def test_a_shell_keeps_infrastructure(run_command: Any, api: Any) -> None:
    add = ["infrastructure", "add", "shop-api", "--kind", "service", "--tag", "prod", "--tag", "eu"]
    code, out, _ = run_command(*add, "--json")
    made = json.loads(out)
    assert (code, made["tags"]) == (0, ["eu", "prod"])
    assert api.get(f"{BASE}/infrastructure/{made['id']}").json() == made
    assert run_command(*add)[0] == 2, "A name stands once."
    assert run_command("infrastructure", "change", made["id"], "--description", "the shop")[0] == 0
    assert Infrastructure.objects.get().tag_names == ["eu", "prod"], "What is left out stays as it is."
    assert "shop-api" in run_command("infrastructure", "list", "--tag", "eu")[1]
    assert "shop-api" not in run_command("infrastructure", "list", "--kind", "host")[1]
    assert run_command("infrastructure", "remove-tag", "eu")[0] == 0
    assert run_command("infrastructure", "remove-tag", "eu")[0] == 2
    for wrong in (["--tag", "x" * 65], ["--kind", "cloud"], ["--tag", "a,b"]):
        assert run_command("infrastructure", "add", "other", *wrong)[0] == 2
    assert run_command("infrastructure", "remove", made["id"])[0] == 0
    assert not Infrastructure.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_agent_may_name_only_the_checks_and_categories_there_are(call_tool: Any) -> None:
    from mcp.server.mcpserver.exceptions import ToolError

    with pytest.raises(ToolError, match="python_version"):
        call_tool("diagnose_container", check="astrology")
    with pytest.raises(ToolError, match="network"):
        call_tool("recall_insights", category="weather")
