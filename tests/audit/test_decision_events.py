"""Decisions in the trail are found by what they say, whatever wrote them and whenever."""

import json
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit import trail
from audit.ledger import sealing, verification
from audit.ledger.triggers import removal_permit
from audit.models import Decision, Event, RemovalPermit
from audit.permissions import decisions, store

pytestmark = pytest.mark.django_db
EVENTS = "/api/v1/audit/events"
SAID = ("allow", "deny", "confirm")
VALUES = st.sampled_from([None, 1, "deny", [], {}, *({"decision": said} for said in (*SAID, "x", 1, None, ["deny"]))])


def record(value: Any, event_type: str = "decision.made") -> Event:
    return trail.record(event_type=event_type, entity_type="decision", entity_id="1", new_value=value)


def decide(command: str) -> Event:
    return decisions.decide(tool_name="Bash", tool_input={"command": command}, agent="claude").event


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(VALUES, st.sampled_from(["decision.made", "a.changed"]))
def test_only_a_decision_with_a_verdict_has_one(value: Any, event_type: str) -> None:
    event = Event.objects.get(pk=record(value, event_type).pk)
    expected = [said for said in SAID if event_type == "decision.made" and value == {"decision": said}]
    assert [event.decision] == (expected or [None])


def test_the_trail_is_filtered_by_decisions(reader: Any, run_command: Any) -> None:
    store.create_rule(tool="Bash", specifier="ls *", decision="allow")
    store.create_rule(tool="Bash", specifier="rm *", decision="deny")
    made = {said: decide(command) for said, command in [("allow", "ls x"), ("deny", "rm x"), ("confirm", "frob x")]}
    for said, event in made.items():
        found = reader.get(EVENTS, {"decision": said}).json()["results"]
        assert [row["uid"] for row in found] == [str(event.uid)]
        told = json.loads(run_command("audit", "events", "--decision", said, "--json")[1])
        assert [row["uid"] for row in told] == [str(event.uid)]
    assert reader.get(EVENTS, {"decision": "maybe"}).status_code == 400


def test_the_decisions_are_those_events_alone() -> None:
    made = decide("frob x")
    record({"decision": "deny"}, "a.changed")
    assert [row.pk for row in Decision.objects.all()] == [made.pk]
    assert [row.pk for row in Event.objects.decided("confirm")] == [made.pk]
    with pytest.raises(TypeError, match="append-only"):
        Decision.objects.get().delete()


def test_decisions_made_before_are_found_after_the_update() -> None:
    told, other = record({"decision": "deny"}), record({"decision": "perhaps"})
    with removal_permit("as it was"):
        Event.objects.update(decision=None)
    migration = import_module("audit.migrations.0009_event_decision")
    migration.tell_decisions_made_before(apps, SimpleNamespace(connection=connection))
    assert {row.pk: row.decision for row in Event.objects.all()} == {told.pk: "deny", other.pk: None}
    assert not RemovalPermit.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_decision_hidden_from_its_filter_is_noticed(settings: Any, tmp_path: Any) -> None:
    settings.AUDIT_CHECKPOINT_DIR = tmp_path / "checkpoints"
    event = record({"decision": "deny"})
    sealing.seal()
    assert verification.verify().fault is None
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Event.objects.update(decision="allow")
    with removal_permit("an owner of the database"):
        Event.objects.update(decision="allow")
    fault = verification.verify().fault
    assert fault is not None
    assert (fault.kind, fault.uid) == ("decision-edited", str(event.uid))
