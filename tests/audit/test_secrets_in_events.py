"""No field of an event keeps a secret, and what has one is found by it as before."""

from typing import Any

import pytest

from audit import reports, rollback, trail
from audit.ledger import verification
from audit.models import Event
from audit.permissions import decisions, store
from audit.trail import NewEvent
from config.context import acting_as
from config.errors import PayloadTooLarge
from config.secrets import keyed

pytestmark = pytest.mark.django_db
EVENTS = "/api/v1/audit/events"
SECRET = "hunter2-and-more"
ID = f"login:password={SECRET}"
FIELDS = {
    "event_type": f"x.y token={SECRET}",
    "entity_type": f"t token={SECRET}",
    "entity_id": ID,
    "user": f"bob (mysql -p{SECRET})",
    "session_id": f"sshpass -p {SECRET}",
    "tool_use_id": f"curl -u a:{SECRET}",
    "agent": f"pwd={SECRET}",
    "idempotency_key": f"token={SECRET}",
    "old_value": {"command": f"mysql -p{SECRET} -h db"},
    "new_value": [f"sshpass -p {SECRET} ssh host"],
    "context": {f"--password {SECRET}": f"postgres://app:{SECRET}@db/x"},
}


def test_no_field_keeps_a_secret_and_the_names_around_it_stay(api: Any) -> None:
    answer = api.post(EVENTS, FIELDS, HTTP_X_REQUEST_ID=f"password={SECRET}")
    assert answer.status_code == 201
    assert SECRET not in answer.content.decode()
    event = Event.objects.get(uid=answer.json()["uid"])
    assert SECRET not in str([getattr(event, field.name) for field in event._meta.concrete_fields])
    assert event.user == "bob (mysql -p[secret])"
    assert event.old_value == {"command": "mysql -p[secret] -h db"}
    assert event.new_value == ["sshpass -p [secret] ssh host"]
    assert event.entity_id == keyed(ID)
    assert verification.verify().valid


def test_an_entity_is_found_by_its_id_through_every_door(api: Any, admin_client: Any, run_command: Any) -> None:
    new = [NewEvent(event_type="a.b", entity_type="account", entity_id=ID, new_value={"a": n}) for n in (1, 2)]
    reports.report(events=new)
    for known_as in (ID, keyed(ID)):
        assert len(api.get(f"/api/v1/audit/entities/account/{known_as}/history").json()) == 2
        assert api.get(f"/api/v1/audit/entities/account/{known_as}/state").json()["state"] == {"a": 2}
        assert len(api.get(EVENTS, {"entity_id": known_as}).json()["results"]) == 2
        assert "2 events" in admin_client.get("/admin/audit/event/", {"q": known_as}).content.decode()
        code, out, _ = run_command("audit_export", "--entity-id", known_as, "--format", "jsonl")
        assert (code, len(out.splitlines())) == (0, 2)
        assert len(rollback.points(entity_type="account", entity_id=known_as)) == 2


@pytest.mark.django_db(transaction=True)
def test_an_agent_finds_an_entity_by_its_id(call_tool: Any) -> None:
    call_tool("record_audit", event_type="a.b", entity_type="account", entity_id=ID, new_value=1)
    assert len(call_tool("search_audit", entity_id=ID)["events"]) == 1


@pytest.mark.parametrize("name", ["session_id", "tool_use_id", "agent", "user", "event_type", "entity_type"])
def test_every_filter_finds_what_was_kept_without_its_secret(api: Any, name: str) -> None:
    api.post(EVENTS, FIELDS)
    assert len(api.get(EVENTS, {name: FIELDS[name]}).json()["results"]) == 1


def test_a_request_with_a_secret_for_its_id_is_found_and_undone_by_it(admin_api: Any) -> None:
    request_id = f"token={SECRET}"
    body = {"event_type": "a.b", "entity_type": "t", "entity_id": "1", "old_value": 1, "new_value": 2}
    admin_api.post(EVENTS, body, HTTP_X_REQUEST_ID=request_id)
    assert len(admin_api.get(EVENTS, {"correlation_id": request_id}).json()["results"]) == 1
    assert len(rollback.plan_group(correlation_id=request_id)) == 1


def test_events_of_earlier_releases_stay_valid_and_found(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(trail, "_without_secrets", lambda new: new)
        trail.record(event_type="a.b", entity_type="account", entity_id=ID, new_value={"password": SECRET})
    trail.record(event_type="a.c", entity_type="account", entity_id=ID)
    assert verification.verify().valid
    assert len(trail.history(entity_type="account", entity_id=ID)) == 2
    assert Event.objects.get(entity_id=ID).new_value == {"password": SECRET}  # nothing is changed by reading


def test_a_repeated_event_with_a_secret_for_its_key_is_the_same_one() -> None:
    first, second = (
        trail.record(event_type="a.b", entity_type="t", entity_id=ID, idempotency_key=f"token={SECRET}")
        for _ in range(2)
    )
    assert first.pk == second.pk


def test_a_state_with_a_secret_is_not_restored_as_its_mark() -> None:
    with acting_as(scope="admin"):
        row = store.create_rule(tool="Bash", specifier=f"curl -u a:{SECRET} *", decision="allow")
        store.change_rule(uid=str(row.uid), specifier="curl *")
        with pytest.raises(rollback.SecretNotKept, match="by hand"):
            rollback.apply(entity_type=store.ENTITY, entity_id=str(row.uid))
        row.refresh_from_db()
        assert row.specifier == "curl *"
        store.change_rule(uid=str(row.uid), specifier="wget *")
        rollback.apply(entity_type=store.ENTITY, entity_id=str(row.uid))
        row.refresh_from_db()
        assert row.specifier == "curl *"


@pytest.mark.parametrize("command", [f"mysql -p{SECRET} -h db", ["mysql", f"-p{SECRET}", "-h", "db"]])
def test_a_decision_keeps_the_command_without_its_secret(command: Any) -> None:
    event = decisions.decide(tool_name="Bash", tool_input={"command": command}, session_id=f"token={SECRET}").event
    assert SECRET not in str([getattr(event, field.name) for field in event._meta.concrete_fields])
    assert "db" in str(event.context["tool_input"])


# --- how much -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["old_value", "new_value", "context"])
def test_an_event_above_its_size_is_refused_with_what_to_do(api: Any, settings: Any, name: str) -> None:
    settings.MAX_EVENT_BYTES = 1000
    body = {"event_type": "a.b", "entity_type": "t", "entity_id": "1"}
    assert api.post(EVENTS, {**body, name: {"a": "x" * 990}}).status_code == 201
    answer = api.post(EVENTS, {**body, name: {"a": "x" * 1000}})
    assert (answer.status_code, answer.json()["code"]) == (413, "payload-too-large")
    assert "MAX_EVENT_BYTES" in answer.json()["detail"]
    assert [error["field"] for error in answer.json()["errors"]] == [name]
    batch = api.post(EVENTS, {"events": [body, {**body, name: {"a": "\u00e9" * 500}}]})
    assert (batch.status_code, batch.json()["errors"][0]["field"]) == (413, f"events[1].{name}")
    assert Event.objects.filter(entity_type="t").count() == 1


def test_the_sizes_count_together(settings: Any) -> None:
    settings.MAX_EVENT_BYTES = 1000
    new = NewEvent(event_type="a.b", entity_type="t", entity_id="1", old_value="x" * 600, new_value="y" * 600)
    with pytest.raises(PayloadTooLarge):
        reports.report(events=[new])


def test_a_tool_call_above_its_size_is_refused(api: Any) -> None:
    call = {"tool_name": "Write", "tool_input": {"file_path": "a", "content": "x" * 4_200_000}}
    assert api.post("/api/v1/audit/decisions", call).status_code == 413
    hook = api.post("/api/v1/audit/hooks/claude", {"hook_event_name": "PreToolUse", **call}).json()
    assert hook["hookSpecificOutput"]["permissionDecision"] == "deny"


def test_the_sizes_stand_in_the_schema(api: Any) -> None:
    schema = api.get("/api/schema/", HTTP_ACCEPT="application/vnd.oai.openapi+json").json()
    fields = schema["components"]["schemas"]["AuditNewEventRequest"]["properties"]
    assert all("1,048,576 bytes" in fields[name]["description"] for name in ("old_value", "new_value", "context"))
    assert "413" in schema["paths"]["/api/v1/audit/events"]["post"]["responses"]
