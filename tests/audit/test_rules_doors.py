"""Rules and decisions through their doors: one result, whichever is used."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse

from audit import demo, rollback, tasks
from audit.models import Event, PermissionRule
from audit.permissions import decisions, held, store
from audit.permissions.defaults import RULES as SHIPPED
from audit.permissions.rules import Rule
from config.context import acting_as

pytestmark = pytest.mark.django_db
URL = "/api/v1/audit/rules"
DECISIONS = "/api/v1/audit/decisions"
BODY = {
    "tool": "Bash",
    "specifier": "git push *",
    "decision": "confirm",
    "reason": "seen by others",
    "match": ["git -C x push"],
    "not_match": ["git stash push"],
}
CALL = {"tool_name": "Bash", "tool_input": {"command": "cd a && git push"}}


def kept() -> dict[str, Any]:
    row = PermissionRule.objects.get()
    return {name: getattr(row, name) for name in BODY}


def test_a_rule_is_the_same_by_rest_command_and_admin(admin_api: Any, run_command: Any, admin_client: Client) -> None:
    answer = admin_api.post(URL, BODY)
    assert (answer.status_code, answer.json()["rule"]) == (201, "Bash(git push *)")
    assert kept() == BODY
    assert admin_api.delete(f"{URL}/{answer.json()['uid']}").status_code == 204

    options = ["--reason", "seen by others", "--match", "git -C x push", "--not-match", "git stash push"]
    code, out, _ = run_command("rules", "add", "confirm", "Bash(git push *)", *options)
    assert (code, "[OK]" in out) == (0, True)
    assert kept() == BODY
    assert run_command("rules", "remove", str(PermissionRule.objects.get().uid))[0] == 0

    form = {**BODY, "match": "\n".join(BODY["match"]), "not_match": "\n".join(BODY["not_match"]), "is_enabled": "on"}
    page = admin_client.post(reverse("admin:audit_permissionrule_add"), form, follow=True)
    assert "Added the permission rule" in page.text
    assert kept() == BODY
    kinds = list(Event.objects.filter(entity_type="rule").order_by("id").values_list("event_type", flat=True))
    assert kinds == ["rule.created", "rule.deleted", "rule.created", "rule.deleted", "rule.created"]
    assert Event.objects.filter(event_type="rule.created").first().new_value == {
        **BODY,
        "agent": "",
        "is_enabled": True,
    }


def test_a_rule_is_changed_replaced_and_filtered_by_rest(admin_api: Any, reader: Any) -> None:
    uid = admin_api.post(URL, BODY).json()["uid"]
    changed = admin_api.patch(f"{URL}/{uid}", {"decision": "deny"})
    assert (changed.status_code, changed.json()["decision"], changed.json()["reason"]) == (
        200,
        "deny",
        "seen by others",
    )
    event = Event.objects.get(event_type="rule.changed")
    assert [item["path"] for item in event.changes] == ["decision"]
    replaced = admin_api.put(f"{URL}/{uid}", {"tool": "Bash", "specifier": "ls *", "decision": "allow"}).json()
    assert (replaced["reason"], replaced["match"], replaced["rule"]) == ("", [], "Bash(ls *)")
    assert reader.get(f"{URL}?decision=allow").json()["results"][0]["uid"] == uid
    assert reader.get(f"{URL}?decision=deny").json()["results"] == []
    assert reader.get(f"{URL}/{uid}").json()["uid"] == uid
    assert admin_api.patch(f"{URL}/{uid}", {"decision": "allow"}).status_code == 200
    assert Event.objects.filter(event_type="rule.changed").count() == 2  # nothing changed the last time


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**BODY, "match": ["git stash push"]}, "match"),
        ({**BODY, "specifier": "a:* b"}, "specifier"),
        ({**BODY, "decision": "maybe"}, "decision"),
        ({**BODY, "tool": "Ba sh"}, "tool"),
        ({**BODY, "agent": "Claude Code"}, "agent"),
        ({**BODY, "match": "git push"}, "match"),
        ({**BODY, "priority": 1}, "priority"),
        ({"tool": "Bash"}, "decision"),
    ],
)
def test_a_rule_that_cannot_be_kept_is_refused_with_its_field(admin_api: Any, body: Any, field: str) -> None:
    answer = admin_api.post(URL, body)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not PermissionRule.objects.exists()


def test_the_same_refusal_by_command_and_admin(run_command: Any, admin_client: Client) -> None:
    code, _, err = run_command("rules", "add", "confirm", "Bash(git push *)", "--match", "git stash push")
    assert (code, "does not fit the example" in err) == (2, True)
    form = {**BODY, "match": "git push\n\ngit stash push", "not_match": "", "is_enabled": "on"}
    page = admin_client.post(reverse("admin:audit_permissionrule_add"), form)
    assert "does not fit the example" in page.context["adminform"].form.errors["match"][0]
    assert not PermissionRule.objects.exists()


@pytest.mark.parametrize("uid", ["nope", "null,null", "01890000-0000-7000-8000-000000000000"])
def test_a_rule_that_is_not_there_is_not_found(admin_api: Any, run_command: Any, uid: str) -> None:
    answers = [admin_api.get(f"{URL}/{uid}"), admin_api.patch(f"{URL}/{uid}", {}), admin_api.delete(f"{URL}/{uid}")]
    answers.append(admin_api.put(f"{URL}/{uid}", {"tool": "Bash", "decision": "deny"}))
    assert [answer.status_code for answer in answers] == [404] * 4
    assert run_command("rules", "remove", uid)[0] == 2


def test_the_same_rule_twice_is_a_conflict(admin_api: Any, run_command: Any) -> None:
    admin_api.post(URL, BODY)
    assert (admin_api.post(URL, BODY).status_code, admin_api.post(URL, BODY).json()["code"]) == (409, "rule-exists")
    assert run_command("rules", "add", "confirm", "Bash(git push *)")[0] == 2
    assert admin_api.post(URL, {**BODY, "decision": "deny"}).status_code == 201


def test_whoever_is_bound_by_rules_cannot_change_them(api: Any, admin_api: Any, reader: Any) -> None:
    uid = admin_api.post(URL, BODY).json()["uid"]
    for client in (api, reader):
        assert client.post(URL, {**BODY, "decision": "allow"}).status_code == 403
        assert client.patch(f"{URL}/{uid}", {"is_enabled": False}).status_code == 403
        assert client.delete(f"{URL}/{uid}").status_code == 403
        assert client.post(f"{URL}/import", {"format": "yaml", "text": "allow: {commands: ['*']}"}).status_code == 403
        assert client.post(f"{URL}/defaults", {}).status_code == 403
    undone = api.post(f"/api/v1/audit/entities/rule/{uid}/rollback", {})
    assert (undone.status_code, undone.json()["code"]) == (403, "forbidden")
    assert PermissionRule.objects.get().is_enabled
    with acting_as(scope="write"), pytest.raises(store.AdminOnly):
        store.create_rule(tool="Bash", decision="allow")


def test_a_rule_is_rolled_back_in_place(admin_api: Any) -> None:
    uid = admin_api.post(URL, BODY).json()["uid"]
    admin_api.patch(f"{URL}/{uid}", {"decision": "allow"})
    rollback.apply(entity_type="rule", entity_id=uid)
    assert kept() == BODY
    admin_api.delete(f"{URL}/{uid}")
    done = admin_api.post(f"/api/v1/audit/entities/rule/{uid}/rollback", {"reason": "needed after all"})
    assert done.status_code == 201
    assert kept() == BODY
    assert str(PermissionRule.objects.get().uid) == uid


def test_the_admin_changes_switches_and_removes_rules(admin_client: Client) -> None:
    row = store.create_rule(**BODY)
    form = {
        "tool": "Bash",
        "specifier": "ls *",
        "decision": "deny",
        "match": "",
        "not_match": "",
        "is_enabled": "on",
    }
    admin_client.post(reverse("admin:audit_permissionrule_change", args=[row.pk]), form)
    row.refresh_from_db()
    assert (row.text, row.decision) == ("Bash(ls *)", "deny")
    listing = reverse("admin:audit_permissionrule_changelist")
    admin_client.post(listing, {"action": "disable", "_selected_action": [row.pk]})
    assert not PermissionRule.objects.get().is_enabled
    assert held.load_rules() == []
    admin_client.post(listing, {"action": "enable", "_selected_action": [row.pk]})
    admin_client.post(f"{listing}moves/load_defaults/")
    assert PermissionRule.objects.count() == len(SHIPPED) + 1
    admin_client.post(listing, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    events = Event.objects.filter(entity_type="rule", entity_id=str(row.uid)).order_by("id")
    assert [event.event_type for event in events] == [
        "rule.created",
        *["rule.changed"] * 3,
        "rule.deleted",
    ]
    assert {event.actor for event in events[1:]} == {"admin"}


def test_the_shipped_rules_load_once_by_every_door(admin_api: Any, run_command: Any) -> None:
    done = admin_api.post(f"{URL}/defaults", {})
    assert (done.status_code, len(done.json()["created"])) == (201, len(SHIPPED))
    assert "0 rules loaded" in run_command("rules", "defaults")[1]
    assert tasks.load_default_rules.delay() is not None
    assert PermissionRule.objects.count() == len(SHIPPED)
    demo.load()
    assert PermissionRule.objects.count() == len(SHIPPED)
    made = Event.objects.filter(event_type="decision.made").order_by("id")
    assert [event.new_value["decision"] for event in made] == ["allow", "allow", "deny", "deny"]


# --- decisions -------------------------------------------------------------------------------------------------------


def test_a_decision_is_the_same_by_rest_command_and_job(reader: Any, run_command: Any) -> None:
    store.create_rule(**BODY)
    answer = reader.post(DECISIONS, {**CALL, "tool_use_id": "toolu_9", "session_id": "s", "agent": "claude"})
    assert answer.status_code == 200
    told = answer.json()
    assert (told["decision"], told["rule"], told["part"]) == ("confirm", "Bash(git push *)", "git push")
    assert [item["text"] for item in told["commands"]] == ["cd a", "git push"]
    event = Event.objects.get(uid=told["event"])
    assert (event.entity_type, event.entity_id, event.agent, event.actor) == (
        "decision",
        "toolu_9",
        "claude",
        "read-key",
    )
    code, out, _ = run_command("rules", "decide", "cd a && git push", "--json")
    assert code == 1
    recorded = {name: told.pop(name) for name in ("event", "approval")}
    assert recorded["approval"]["status"] == "pending"
    assert json.loads(out) == told
    assert tasks.decide.delay(**CALL) is not None
    assert Event.objects.filter(event_type="decision.made").count() == 2  # `rules decide` only tells


@pytest.mark.django_db(transaction=True)
def test_a_decision_is_the_same_by_mcp(call_tool: Any) -> None:
    store.create_rule(**BODY)
    told = call_tool("check_permission", scope="read", **CALL, tool_use_id="toolu_9")
    assert (told["decision"], told["rule"], told["part"]) == ("confirm", "Bash(git push *)", "git push")
    event = Event.objects.get(event_type="decision.made")
    assert (event.tool_use_id, event.actor) == ("toolu_9", "read-key")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"tool_name": "Bash"},
        {"tool_name": "Bash", "tool_input": "ls"},
        {**CALL, "unknown": 1},
        {**CALL, "cwd": 7},
        {**CALL, "agent": "x" * 33},
    ],
)
def test_a_question_that_is_none_is_refused(reader: Any, body: Any) -> None:
    assert reader.post(DECISIONS, body).status_code == 400


def test_decisions_are_filtered_like_all_events(reader: Any) -> None:
    reader.post(DECISIONS, {**CALL, "session_id": "s1", "tool_use_id": "t1"})
    reader.post(DECISIONS, {**CALL, "session_id": "s2", "tool_use_id": "t2"})
    found = reader.get("/api/v1/audit/events?entity_type=decision&entity_id=t1").json()["results"]
    assert [event["new_value"]["decision"] for event in found] == ["confirm"]


# --- files and dry runs ----------------------------------------------------------------------------------------------

SETTINGS = {
    "permissions": {"allow": ["Bash(npm test:*)"], "ask": ["Bash(git push *)"], "deny": ["Read(./.env)", "Oops("]}
}


def test_a_settings_file_is_imported_the_same_by_rest_and_command(
    admin_api: Any, run_command: Any, tmp_path: Any
) -> None:
    text = json.dumps(SETTINGS)
    dry = admin_api.post(f"{URL}/import", {"format": "claude", "text": text, "dry_run": True})
    assert (dry.status_code, len(dry.json()["created"]), PermissionRule.objects.count()) == (200, 3, 0)
    done = admin_api.post(f"{URL}/import", {"format": "claude", "text": text}).json()
    assert (sorted(done["created"]), done["known"], len(done["notes"])) == (
        ["allow Bash(npm test:*)", "confirm Bash(git push *)", "deny Read(./.env)"],
        0,
        1,
    )
    file = tmp_path / "settings.json"
    file.write_text(text)
    code, out, err = run_command("rules", "import", str(file))
    assert (code, "0 rules imported, 3 were there already" in out, "[WARN]" in err) == (0, True, True)
    file.write_text(json.dumps({"permissions": {"allow": ["Bash(npm test:*)"]}}))
    assert "2 rules removed" in run_command("rules", "import", str(file), "--replace")[1]
    admin_api.post(f"{URL}/import", {"format": "claude", "text": text})
    again = admin_api.post(f"{URL}/import", {"format": "claude", "text": file.read_text(), "replace": True}).json()
    assert (again["known"], again["removed"]) == (1, 2)
    code, out, _ = run_command("rules", "export", "--format", "claude")
    assert json.loads(out) == {"permissions": {"allow": ["Bash(npm test:*)"], "ask": [], "deny": []}}
    assert admin_api.get(f"{URL}/export?format=claude").json()["text"] == out
    assert admin_api.get(f"{URL}/export?format=perl").status_code == 400


def test_a_file_with_a_wrong_rule_imports_none_of_it(admin_api: Any, run_command: Any) -> None:
    text = "deny:\n  commands: ['rm *', {pattern: 'ls *', match: [rm]}]\n"
    answer = admin_api.post(f"{URL}/import", {"format": "yaml", "text": text})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "rules[1].match")
    assert not PermissionRule.objects.exists()
    code, out, _ = run_command("rules", "check", "-", "--format", "yaml", stdin=text)
    assert (code, "[FAIL] deny Bash(ls *)" in out, "1 of 2 yaml rules are valid" in out) == (1, True, True)
    assert run_command("rules", "check", "-", stdin="deny: {commands: ['rm *']}")[0] == 0
    assert admin_api.post(f"{URL}/import", {"format": "yaml", "text": "7"}).json()["errors"][0]["field"] == "text"
    assert run_command("rules", "import", "/no/such/file")[0] == 2


def test_a_dry_run_says_what_would_have_changed(reader: Any, run_command: Any, tmp_path: Path) -> None:
    for command in ("git push", "ls", "git push -f"):
        decisions.decide(tool_name="Bash", tool_input={"command": command})
    decisions.decide(tool_name="Write", tool_input={"file_path": "a", "content": "x" * 5_000})
    add = [{"tool": "Bash", "specifier": "ls *", "decision": "allow"}]
    answer = reader.post(f"{URL}/dry-run", {"add": add}).json()
    assert (answer["total"], answer["same"], answer["not_replayable"]) == (3, 2, 1)
    (change,) = answer["changed"]
    assert (change["part"], change["before"]["decision"], change["after"]["decision"]) == ("ls", "confirm", "allow")
    file = tmp_path / "rules.yaml"
    file.write_text("deny: {commands: ['git push *']}")
    code, out, _ = run_command("rules", "dry-run", str(file))
    assert (code, "confirm -> deny  git push" in out, "2 of 3 decisions would change" in out) == (0, True, True)
    assert Event.objects.filter(event_type="decision.made").count() == 4  # nothing was recorded
    wrong = reader.post(f"{URL}/dry-run", {"rules": [{**add[0], "match": ["rm"]}]})
    assert wrong.json()["errors"][0]["field"] == "rules[0].match"


def test_rules_are_listed_and_written_by_command(run_command: Any) -> None:
    store.import_rules(rules=[Rule(tool="Bash", specifier="rm *", decision="deny")], source="test")
    code, out, _ = run_command("rules", "list")
    assert (code, "Bash(rm *)" in out) == (0, True)
    assert json.loads(run_command("rules", "list", "--json")[1])[0]["rule"] == "Bash(rm *)"
    assert "[OK]" in run_command("rules", "compile")[1]
    code, out, _ = run_command("rules", "decide", "sudo rm x")
    assert (code, out.splitlines()[0].startswith("deny: Bash(rm *)")) == (1, True)
    assert run_command("rules", "decide", "--tool", "Read", "/x")[0] == 1
    assert run_command("rules", "remove", "nonsense")[0] == 2


def test_a_rule_is_found_by_its_uid_until_it_is_deleted() -> None:
    with acting_as(scope="admin"):
        uid = str(store.create_rule(tool="Bash", specifier="rm *", decision="deny", reason="gone for good").uid)
        assert store.find_rule(uid=uid).specifier == "rm *"
        store.delete_rule(uid=uid)
        with pytest.raises(store.RuleNotFound, match="rules list"):
            store.find_rule(uid=uid)


def test_a_uid_spelled_as_no_document_has_it_finds_no_rule(admin_api: Any) -> None:
    with acting_as(scope="admin"):
        row = store.create_rule(tool="Bash", specifier="rm *", decision="deny", reason="gone for good")
    uid, body = str(row.uid), {"tool": "Bash", "specifier": "rm *", "decision": "allow"}
    for spelled in (uid.replace("-", ""), f"{{{uid}}}", f"urn:uuid:{uid}"):
        path = f"{URL}/{quote(spelled)}"
        assert admin_api.get(path).status_code == 404
        for ask in (admin_api.put, admin_api.patch, admin_api.delete):
            assert (ask(path, body).status_code, store.find_rule(uid=uid).decision) == (404, "deny"), spelled


def test_a_replay_without_recorded_decisions_judges_nothing() -> None:
    replayed = decisions.replay(add=[Rule(tool="Bash", specifier="rm *", decision="deny", reason="gone for good")])
    assert replayed.not_replayable == 0


def test_a_secret_in_a_call_is_not_recorded_and_the_call_not_judged_again() -> None:
    given = {"to": "a@example.org", "password": "hunter2", "note": "Authorization: Bearer abcdefghij"}
    decisions.decide(tool_name="mcp__mail__send", tool_input=given)
    kept = Event.objects.get(event_type="decision.made").context
    assert kept["tool_input"]["to"] == "a@example.org"
    assert kept["tool_input"]["password"] == "[secret]"
    assert "abcdefghij" not in str(kept)
    assert kept["is_whole"] is False
    again = decisions.replay(rules=[], limit=10)
    assert (again.total, again.not_replayable) == (0, 1)


def test_rules_are_compiled_once_however_many_one_transaction_changes(
    db: None, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        assert len(store.load_defaults().created) > 100
    assert callbacks.count(store.compile_rules) == 1
