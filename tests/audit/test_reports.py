"""Events as callers bring them: without secrets, and not about what the caller may not change."""

from typing import Any

import pytest

from audit import rollback, trail
from audit.models import Event
from audit.permissions import store
from config.context import acting_as
from config.models import IdempotentAnswer

pytestmark = pytest.mark.django_db
EVENTS = "/api/v1/audit/events"
BODY = {"event_type": "role.changed", "entity_type": "role", "entity_id": "deployer"}
PASSWORD, KEY = "correct-horse-battery", "hr_" + "k" * 43  # the shape of our own keys
SECRET = {
    "old_value": {"password": PASSWORD, "can": ["read"]},
    "new_value": {"database": {"url": f"postgres://app:{PASSWORD}@db/app"}, "can": ["read", "deploy"]},
    "context": {"request": f"curl -H 'Authorization: Bearer {KEY}'", "headers": [["X-Api-Key", PASSWORD]]},
}
WITHOUT = {
    "old_value": {"password": "[secret]", "can": ["read"]},
    "new_value": {"database": {"url": "postgres://app:[secret]@db/app"}, "can": ["read", "deploy"]},
}


def rule() -> str:
    return str(store.create_rule(tool="Bash", specifier="frobnicate *", decision="deny").uid)


def test_no_door_keeps_a_secret(api: Any, run_command: Any, call_tool: Any) -> None:
    api.post(EVENTS, {**BODY, **SECRET})
    api.post(EVENTS, {"events": [{**BODY, **SECRET}]})
    call_tool("record_audit", **BODY, **SECRET)
    from audit.tasks import record

    record.delay(**BODY, **SECRET)
    texts = [f'{{"password": "{PASSWORD}"}}', f'{{"token": "{KEY}"}}', f'{{"note": "it is {KEY}"}}']
    code, _, _ = run_command(
        "audit", "record", *BODY.values(), "--old", texts[0], "--new", texts[1], "--context", texts[2]
    )
    events = list(Event.objects.filter(entity_type="role").order_by("id"))
    assert (code, len(events)) == (0, 5)
    for event in events:
        kept = f"{event.old_value} {event.new_value} {event.changes} {event.context}"
        assert PASSWORD not in kept
        assert KEY not in kept
    for event in events[:4]:
        assert {"old_value": event.old_value, "new_value": event.new_value} == WITHOUT


def test_neither_the_answer_nor_what_is_kept_of_it_has_the_secret(api: Any) -> None:
    for _ in range(2):
        answer = api.post(EVENTS, {**BODY, **SECRET}, HTTP_IDEMPOTENCY_KEY="once")
        assert answer.status_code == 201
        assert PASSWORD not in answer.content.decode()
    assert PASSWORD not in str(IdempotentAnswer.objects.get().body)
    assert Event.objects.filter(entity_type="role").count() == 1


def test_a_repeated_event_is_still_the_same_one(api: Any) -> None:
    first, second = (api.post(EVENTS, {**BODY, **SECRET, "idempotency_key": "once"}).json() for _ in range(2))
    assert first["uid"] == second["uid"]


def test_what_is_deep_but_allowed_is_kept_whole(api: Any) -> None:
    value: Any = "end"
    for _ in range(95):
        value = [value]
    assert api.post(EVENTS, {**BODY, "new_value": value}).json()["new_value"] == value


def test_whoever_may_not_change_a_rule_may_not_write_its_history(
    api: Any, admin_api: Any, run_command: Any, call_tool: Any
) -> None:
    uid = rule()
    kept = Event.objects.get(entity_type="rule")
    forged = {
        "event_type": "rule.changed",
        "entity_type": "rule",
        "entity_id": uid,
        "old_value": {**kept.new_value, "decision": "allow"},
        "new_value": kept.new_value,
    }
    for body in (forged, {"events": [BODY, forged]}):
        answer = api.post(EVENTS, body)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    with pytest.raises(Exception, match="need a key of scope admin"):
        call_tool("record_audit", **forged)
    assert list(Event.objects.filter(entity_type="rule")) == [kept]
    assert admin_api.post(EVENTS, forged).status_code == 201


def test_the_history_of_what_a_write_key_changes_is_open_to_it(api: Any) -> None:
    assert api.post(EVENTS, {**BODY, "entity_type": "prompt", "entity_id": "theirs"}).status_code == 201


@pytest.mark.parametrize("state", [{}, [], 5, "text", {"match": 5}, {"tool": None}, {"is_enabled": "often"}])
def test_a_state_that_no_rule_can_have_is_not_restored(admin_api: Any, state: Any) -> None:
    uid = rule()
    real = Event.objects.get(entity_type="rule").new_value
    wrong = {**real, **state} if state and isinstance(state, dict) else state
    trail.record(event_type="rule.changed", entity_type="rule", entity_id=uid, old_value=wrong, new_value=real)
    answer = admin_api.post(f"/api/v1/audit/entities/rule/{uid}/rollback", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "no-such-state")
    assert store.state(store.find_rule(uid=uid)) == real


def test_only_a_type_of_ours_has_a_scope() -> None:
    assert (rollback.scope_of("rule"), rollback.scope_of("prompt"), rollback.scope_of("role")) == (
        "admin",
        "write",
        None,
    )


def test_our_own_code_is_not_asked() -> None:
    with acting_as(actor="job", scope="write"):
        assert trail.record(event_type="rule.seen", entity_type="rule", entity_id="x").uid


def test_an_id_that_is_none_is_not_found(api: Any, run_command: Any) -> None:
    for uid in ("x", "0x10", "%F0%9F%98%80", "1" * 400):
        assert api.get(f"{EVENTS}/{uid}/proof").status_code == 404
    assert run_command("audit_prove", "x")[0] == 2
    api.post(EVENTS, BODY)
    assert run_command("audit", "rollback", "role", "deployer", "--to", "x")[0] == 2
