"""What an alert says of an event, without a database."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.alerts.firing import error_type_of
from escalation.alerts.matching import fits, is_of_type, problems, still_counted, subject_of, told
from escalation.alerts.shipped import SHIPPED

EVENT = SimpleNamespace(
    event_type="decision.made",
    entity_type="tool_call",
    entity_id="Bash",
    session_id="s1",
    agent="",
    decision="deny",
    new_value={"rule": {"id": 7}, "ok": True, "note": None},
    context=["no mapping"],
)
USUAL: dict[str, Any] = {"where": {}, "per": "", "message": "m", "bug_impact": ""}


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        ({}, True),
        ({"decision": "deny"}, True),
        ({"decision": ["allow", "deny"], "session_id": "s1"}, True),
        ({"decision": "deny", "session_id": "s2"}, False),
        ({"new_value.rule.id": 7}, True),
        ({"new_value.rule.id": "7"}, False),
        ({"new_value.ok": 1}, False),
        ({"new_value.ok": True}, True),
        ({"new_value.note": None}, True),
        ({"new_value.rule.id.deeper": 7}, False),
        ({"context.reason": "x"}, False),
        ({"context.reason": None}, True),
    ],
)
def test_an_event_fits_when_it_says_all_that_is_wanted(where: dict[str, Any], wanted: bool) -> None:
    assert fits(EVENT, where) is wanted


def test_a_type_ends_in_a_star_for_all_that_begin_so() -> None:
    assert is_of_type("backup.failed", "backup.*")
    assert not is_of_type("backups.failed", "backup.*")
    assert not is_of_type("backup.failed.twice", "backup.failed")


def test_an_event_without_what_is_counted_apart_counts_for_its_entity() -> None:
    assert [subject_of(EVENT, per) for per in ("", "session_id", "agent", "new_value.rule", "new_value.note")] == [
        "",
        "s1",
        "Bash",
        '{"id": 7}',
        "Bash",
    ]


def test_a_message_has_what_the_event_says_in_its_places() -> None:
    assert told("{entity_id}: {new_value.rule.id} {agent} {new_value.none} {} {0}", EVENT) == "Bash: 7 - - {} {0}"


@given(
    moments=st.lists(st.floats(0, 10_000, allow_nan=False), min_size=1, max_size=50),
    minutes=st.integers(1, 100),
    most=st.integers(1, 20),
)
def test_what_is_still_counted_is_the_newest_within_the_window(moments: list[float], minutes: int, most: int) -> None:
    kept = still_counted(moments, window=timedelta(minutes=minutes), most=most)
    within = sorted(moment for moment in moments if max(moments) - moment <= minutes * 60)
    assert kept == within[-most:]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"event_type": "Backup failed"}, "event_type"),
        ({"event_type": "alert.fired"}, "event_type"),
        ({"event_type": "*"}, "event_type"),
        ({"event_type": "bug.reported", "bug_impact": "high"}, "bug_impact"),
        ({"where": {"leaf_hash": "x"}}, "where.leaf_hash"),
        ({"where": {"new_value": {}}}, "where.new_value"),
        ({"where": {"decision": []}}, "where.decision"),
        ({"where": {"decision": {"a": 1}}}, "where.decision"),
        ({"where": {f"context.x{n}": 1 for n in range(11)}}, "where"),
        ({"per": "__class__"}, "per"),
        ({"message": "{new_value.x} {payload_hash}"}, "message"),
    ],
)
def test_what_an_alert_must_not_say_is_named(said: dict[str, Any], field: str) -> None:
    found = {wrong.field for wrong in problems({**USUAL, "event_type": "backup.failed"} | said)}
    assert field in found


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_is_without_fault(name: str) -> None:
    assert list(problems(USUAL | SHIPPED[name])) == []
    assert error_type_of(name).isidentifier()
