"""Events in words: what happened, what changed, how it stands."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audit import telling
from audit.changes import deep_compare

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


def changed(old: Any, new: Any) -> list[dict[str, Any]]:
    return [change.as_dict() for change in deep_compare(old, new)]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ({"a": 1}, {"a": 2}, ["a: 1 -> 2"]),
        ({"can": ["read"]}, {"can": ["read", "deploy"]}, ["+ can[1]: deploy"]),
        ({"a": True, "b": 1}, {"b": 1}, ["- a: true"]),
        (None, {"name": "x", "note": "", "n": 0}, ["name: x", "n: 0"]),
        (5, None, ["value: 5 -> null"]),
        (None, {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}, ["a: 1", "b: 2", "c: 3", "and 2 more"]),
        ("one\ntwo", "x" * 500, ["value: one two -> " + "x" * 57 + "..."]),
    ],
)
def test_what_changed_is_told_in_short(old: Any, new: Any, told: list[str]) -> None:
    assert telling.told("a.changed", changed(old, new)) == told


def test_of_a_decision_the_part_that_decided_is_told() -> None:
    made = changed(None, {"tool": "Bash", "decision": "deny", "part": "rm -rf /"})
    assert telling.told("decision.made", made) == ["rm -rf /"]
    assert telling.happened("decision.made", "deny") == "call denied"
    assert telling.happened("bug.reported_again", None) == "bug reported again"


@pytest.mark.parametrize(
    ("event_type", "decision", "new", "outcome"),
    [
        ("decision.made", "confirm", {"decision": "confirm"}, ("to confirm", "wait")),
        ("schema.check_failed", None, None, ("failed", "bad")),
        ("backup.failed", None, {"status": "failed"}, ("failed", "bad")),
        ("backup.verified", None, {"verification": "passed", "status": "completed"}, ("passed", "good")),
        ("prompt_run.finished", None, {"verdict": {"call": "regression"}}, ("regression", "bad")),
        ("execution.recorded", None, {"failed": True}, ("failed", "bad")),
        ("execution.recorded", None, {"failed": False}, None),
        ("rule.created", None, {"decision": "deny"}, None),
        ("rule.deleted", None, None, ("removed", "quiet")),
        ("a.changed", None, {"status": "not_verified"}, ("not verified", "quiet")),
        ("a.changed", None, 7, None),
    ],
)
def test_the_outcome_is_what_the_event_says_of_it(
    event_type: str, decision: str | None, new: Any, outcome: tuple[str, str] | None
) -> None:
    assert telling.outcome(event_type, decision, changed(None, new)) == outcome


def test_a_status_that_changed_is_the_outcome() -> None:
    moved = changed({"status": "pending", "n": 1}, {"status": "resolved", "n": 2})
    assert telling.outcome("bug.moved", None, moved) == ("resolved", "good")


@example(None, {"\n": False})
@example({"\r": 1, "b": 1}, {"\r": 2, "b": 1})
@given(JSON, JSON)
def test_any_change_is_told_in_a_line_of_bounded_length(old: Any, new: Any) -> None:
    changes = changed(old, new)
    for event_type in ("decision.made", "a.changed"):
        line = telling.in_a_line(event_type, changes)
        assert len(line) <= telling.LONGEST_TOLD + 3
        assert "\n" not in line
        telling.outcome(event_type, None, changes)
