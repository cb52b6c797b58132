"""The trail through its five doors: one result, whichever is used."""

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from mcp.server.mcpserver.exceptions import ToolError

from audit import tasks, trail
from audit.models import Event
from audit.trail import record
from config.mcp.cursors import cursor_at

pytestmark = pytest.mark.django_db
BODY = {
    "event_type": "role.changed",
    "entity_type": "role",
    "entity_id": "deployer",
    "old_value": {"can": ["read"]},
    "new_value": {"can": ["read", "deploy"]},
    "user": "dana",
}
CHANGES = [{"path": "can[1]", "kind": "added", "old": None, "new": "deploy"}]
EVENTS = "/api/v1/audit/events"
ENTITY = "/api/v1/audit/entities/role/deployer"


def recorded() -> dict[str, Any]:
    event = Event.objects.get(entity_type="role")
    return {name: getattr(event, name) for name in [*BODY, "changes"]}


def test_an_event_is_the_same_by_rest(api: Any) -> None:
    answer = api.post(EVENTS, BODY)
    assert answer.status_code == 201
    assert answer.json()["changes"] == CHANGES
    assert recorded() == {**BODY, "changes": CHANGES}


def test_an_event_is_the_same_by_command(run_command: Any) -> None:
    arguments = ["role.changed", "role", "deployer", "--old", '{"can": ["read"]}']
    code, out, _ = run_command("audit", "record", *arguments, "--new", '{"can": ["read", "deploy"]}', "--user", "dana")
    assert (code, "role.changed" in out) == (0, True)
    assert recorded() == {**BODY, "changes": CHANGES}


def test_an_event_is_the_same_by_job() -> None:
    tasks.record.delay(**BODY)
    assert recorded() == {**BODY, "changes": CHANGES}


@pytest.mark.django_db(transaction=True)
def test_an_event_is_the_same_by_mcp(call_tool: Any) -> None:
    answer = call_tool("record_audit", **BODY)
    assert answer["changes"] == CHANGES
    assert recorded() == {**BODY, "changes": CHANGES}
    found = call_tool("search_audit", scope="read", entity_type="role", entity_id="deployer")
    assert [event["uid"] for event in found["events"]] == [answer["uid"]]
    assert found["more"] is False


@pytest.mark.django_db(transaction=True)
def test_agents_page_through_events_of_one_moment_without_gap_or_repeat(call_tool: Any) -> None:
    at = datetime(2026, 5, 1, tzinfo=UTC)
    made = [
        str(record(event_type="a.b", entity_type="role", entity_id=str(number), timestamp=at, new_value=number).uid)
        for number in range(7)
    ]
    seen: list[str] = []
    answer: dict[str, Any] = {"next_cursor": ""}
    while "next_cursor" in answer:
        asked = {"event_type": "a.b", "limit": 3, "response_format": "detailed", "cursor": answer["next_cursor"]}
        answer = call_tool("search_audit", scope="read", **asked)
        seen += [event["uid"] for event in answer["events"]]
    assert seen == made[::-1]
    assert answer["events"][-1]["new_value"] == 0
    for wrong in ("x", cursor_at("yesterday", 1), cursor_at(1), "e30" * 600):
        with pytest.raises(ToolError, match="no cursor of this list"):
            call_tool("search_audit", scope="read", cursor=wrong)


def test_the_caller_is_named_by_each_door(api: Any, run_command: Any) -> None:
    api.post(EVENTS, BODY, headers={"X-Request-ID": "req-7"})
    run_command("audit", "record", "role.changed", "role", "deployer")
    console, rest = Event.objects.filter(entity_type="role")
    assert (rest.actor, rest.user, rest.correlation_id) == ("write-key", "dana", "req-7")
    assert console.actor.startswith("console:")


def test_the_same_history_by_rest_and_command(api: Any, reader: Any, run_command: Any) -> None:
    for number in range(3):
        api.post(EVENTS, {**BODY, "new_value": number})
    by_rest = reader.get(f"{ENTITY}/history?limit=2").json()
    assert [step["new_value"] for step in by_rest] == [2, 1]
    assert set(by_rest[0]) == {"uid", "timestamp", "event_type", "user", "old_value", "new_value"}
    _, out, _ = run_command("audit", "history", "role", "deployer", "--limit", "2", "--json")
    assert [step["uid"] for step in json.loads(out)] == [step["uid"] for step in by_rest]


def test_the_state_at_a_time_by_rest(api: Any, reader: Any) -> None:
    api.post(EVENTS, {**BODY, "timestamp": "2026-01-01T00:00:00Z", "new_value": "old"})
    api.post(EVENTS, {**BODY, "timestamp": "2026-02-01T00:00:00Z", "new_value": "new"})
    assert reader.get(f"{ENTITY}/state?at=2026-01-15T00:00:00Z").json()["state"] == "old"
    assert reader.get(f"{ENTITY}/state").json()["state"] == "new"
    assert reader.get(f"{ENTITY}/state?at=2025-01-01T00:00:00Z").status_code == 404
    assert reader.get(f"{ENTITY}/state?at=yesterday").json()["errors"][0]["field"] == "at"


def test_a_rollback_by_rest_is_previewed_done_and_undone(api: Any) -> None:
    api.post(EVENTS, BODY)
    dry = api.post(f"{ENTITY}/rollback", {"dry_run": True})
    assert dry.json()["plan"]["patch"][-1] == {"op": "remove", "path": "/can/1"}
    assert (dry.status_code, dry.json()["event"], Event.objects.filter(entity_type="role").count()) == (200, None, 1)
    done = api.post(f"{ENTITY}/rollback", {"reason": "mistake"})
    assert done.status_code == 201
    assert done.json()["event"]["new_value"] == BODY["old_value"]
    undone = api.post(f"{ENTITY}/rollback", {})
    assert undone.json()["event"]["new_value"] == BODY["new_value"]


def test_a_rollback_by_command_and_job(api: Any, run_command: Any) -> None:
    api.post(EVENTS, BODY)
    code, out, _ = run_command("audit", "rollback", "role", "deployer", "--dry-run")
    assert (code, "removed can[1]" in out, Event.objects.filter(entity_type="role").count()) == (0, True, 1)
    code, out, _ = run_command("audit", "rollback", "role", "deployer", "--reason", "mistake")
    assert (code, "[OK]" in out) == (0, True)
    tasks.roll_back.delay("role", "deployer")
    assert Event.objects.filter(entity_type="role").first().new_value == BODY["new_value"]
    code, _, err = run_command("audit", "rollback", "role", "nobody")
    assert (code, "Nothing is recorded" in err) == (2, True)


@pytest.mark.django_db(transaction=True)
def test_a_rollback_is_previewed_by_mcp(call_tool: Any) -> None:
    trail.record(**BODY)
    plan = call_tool("plan_rollback", scope="read", entity_type="role", entity_id="deployer")
    assert (plan["target"], plan["changes"][0]["kind"], len(plan["points"])) == (BODY["old_value"], "removed", 1)


def test_a_rollback_by_the_admin(admin_client: Client) -> None:
    first = trail.record(**{**BODY, "old_value": None, "new_value": 1})
    trail.record(**{**BODY, "old_value": 1, "new_value": 2})
    move = reverse("admin:audit_event_move", args=[first.pk, "roll_back"])
    page = admin_client.post(move, {"reason": "too much"}, follow=True)
    assert "is rolled back" in page.text
    event = Event.objects.filter(entity_type="role").first()
    assert (event.event_type, event.new_value, event.actor) == ("entity.rolled_back", 1, "admin")
    assert event.context["reason"] == "too much"


def test_the_admin_lists_events_and_lets_nobody_change_them(admin_client: Client) -> None:
    event = trail.record(**BODY)
    page = admin_client.get(reverse("admin:audit_event_changelist") + "?q=deployer")
    assert "role changed" in page.text
    detail = admin_client.get(reverse("admin:audit_event_change", args=[event.pk]))
    assert 'name="_save"' not in detail.text
    assert admin_client.get(reverse("admin:audit_event_add")).status_code == 403


def test_the_same_export_by_rest_command_and_admin(api: Any, admin_client: Client, run_command: Any) -> None:
    for number in range(2):
        api.post(EVENTS, {**BODY, "new_value": number})
    by_rest = b"".join(api.get("/api/v1/audit/export?format=csv&entity_type=role").streaming_content).decode()
    _, by_command, _ = run_command("audit_export", "--format", "csv", "--entity-type", "role")
    data = {
        "action": "export_csv",
        "_selected_action": list(Event.objects.filter(entity_type="role").values_list("pk", flat=True)),
    }
    by_admin = b"".join(admin_client.post(reverse("admin:audit_event_changelist"), data).streaming_content).decode()
    assert by_rest == by_command == by_admin
    assert [row["new_value"] for row in csv.DictReader(io.StringIO(by_rest))] == ["0", "1"]
    as_json = b"".join(api.get("/api/v1/audit/export?entity_id=deployer").streaming_content)
    assert len(json.loads(as_json)) == 2


def test_an_export_to_a_file_never_overwrites(run_command: Any, tmp_path: Any) -> None:
    trail.record(**BODY)
    target = tmp_path / "events.jsonl"
    assert run_command("audit_export", "--format", "jsonl", "--output", str(target))[0] == 0
    assert json.loads(target.read_text())["entity_id"] == "deployer"
    code, _, err = run_command("audit_export", "--output", str(target))
    assert (code, "Cannot write" in err) == (2, True)


def test_events_are_filtered_and_paged(api: Any, reader: Any) -> None:
    api.post(EVENTS, {"events": [{**BODY, "entity_id": f"e{number}"} for number in range(5)]})
    first = reader.get(f"{EVENTS}?entity_type=role&page_size=2").json()
    assert [event["entity_id"] for event in first["results"]] == ["e4", "e3"]
    second = reader.get(first["next"]).json()
    assert [event["entity_id"] for event in second["results"]] == ["e2", "e1"]
    assert [event["entity_id"] for event in reader.get(f"{EVENTS}?entity_id=e3").json()["results"]] == ["e3"]
    assert reader.get(f"{EVENTS}?start=2030-01-01T00:00:00Z").json()["results"] == []


def test_one_wrong_event_of_a_batch_records_none(api: Any) -> None:
    answer = api.post(EVENTS, {"events": [BODY, {**BODY, "entity_id": ""}]})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "events[1].entity_id"
    assert not Event.objects.filter(entity_type="role").exists()


def test_an_event_is_found_by_its_uid(api: Any, reader: Any) -> None:
    uid = api.post(EVENTS, BODY).json()["uid"]
    assert reader.get(f"{EVENTS}/{uid}").json()["uid"] == uid
    assert reader.get(f"{EVENTS}/not-a-uid").status_code == 404
    assert reader.get(f"{EVENTS}/01890000-0000-7000-8000-000000000000").json()["code"] == "not-found"


@pytest.mark.parametrize("verb", ["put", "patch", "delete"])
def test_an_event_cannot_be_altered_by_rest(api: Any, verb: str) -> None:
    uid = api.post(EVENTS, BODY).json()["uid"]
    assert getattr(api, verb)(f"{EVENTS}/{uid}", {}).status_code == 405


def test_a_read_key_records_nothing(reader: Any) -> None:
    answer = reader.post(EVENTS, BODY)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert not Event.objects.filter(entity_type="role").exists()


def test_everything_of_one_request_is_undone_together(api: Any, run_command: Any) -> None:
    batch = [{**BODY, "entity_id": name, "old_value": 1, "new_value": 2} for name in ("a", "b")]
    api.post(EVENTS, {"events": batch}, headers={"X-Request-ID": "req-9"})
    url = "/api/v1/audit/rollback"
    dry = api.post(url, {"correlation_id": "req-9", "dry_run": True}).json()
    assert [(plan["entity_id"], plan["target"]) for plan in dry["plans"]] == [("b", 1), ("a", 1)]
    done = api.post(url, {"correlation_id": "req-9"}, headers={"X-Request-ID": "req-10"}).json()
    assert {event["entity_id"] for event in done["events"]} == {"a", "b"}
    code, out, _ = run_command("audit", "rollback", "--correlation-id", "req-10")
    assert (code, out.count("[OK]")) == (0, 2)
    assert {event.new_value for event in Event.objects.filter(entity_type="role")[:2]} == {2}
    assert api.post(url, {"correlation_id": "none"}).status_code == 404
    assert run_command("audit", "rollback")[0] == 2


def test_a_rollback_planned_before_a_later_change_is_a_conflict(api: Any) -> None:
    api.post(EVENTS, BODY)
    plan = api.post(f"{ENTITY}/rollback", {"dry_run": True}).json()["plan"]
    api.post(EVENTS, {**BODY, "new_value": {"can": []}})
    answer = api.post(f"{ENTITY}/rollback", {"based_on": plan["based_on"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "changed-meanwhile")
