"""Going back to an earlier state."""

from typing import Any

import pytest

from audit import retention, rollback, trail
from audit.models import Event
from config.context import acting_as
from config.errors import DomainError, NotFound

pytestmark = pytest.mark.django_db
ENTITY = {"entity_type": "setting", "entity_id": "limits"}


def change(old: Any, new: Any) -> Event:
    return trail.record(event_type="setting.changed", **ENTITY, old_value=old, new_value=new)


class Store:
    """Entities kept in a dict, as an app would keep them in a table."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def read(self, entity_id: str) -> Any:
        return self.values.get(entity_id)

    def write(self, entity_id: str, state: Any) -> None:
        if state == {"max": -1}:
            raise DomainError("A limit cannot be negative.")
        self.values[entity_id] = state


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    made = Store()
    monkeypatch.setattr(rollback, "_adapter_of", {"setting": made}.get)
    return made


def test_the_points_of_two_changes_are_two_newest_first() -> None:
    first, second = change(None, {"max": 1}), change({"max": 1}, {"max": 2})
    assert rollback.points(**ENTITY) == [second, first]


def test_without_a_target_the_state_before_the_last_change_comes_back() -> None:
    change(None, {"max": 1})
    change({"max": 1}, {"max": 2})
    event = rollback.apply(**ENTITY, reason="too high")
    assert (event.old_value, event.new_value) == ({"max": 2}, {"max": 1})
    assert event.context["reason"] == "too high"


def test_a_rollback_names_what_it_restores_and_can_itself_be_rolled_back() -> None:
    first = change(None, {"max": 1})
    change({"max": 1}, {"max": 2})
    event = rollback.apply(**ENTITY, to=str(first.uid))
    assert event.context["restores"] == str(first.uid)
    assert rollback.apply(**ENTITY).new_value == {"max": 2}


def test_an_entity_with_an_adapter_is_written_in_place(store: Store) -> None:
    change({"max": 1}, {"max": 2})
    store.values["limits"] = {"max": 2}
    rollback.apply(**ENTITY)
    assert store.values["limits"] == {"max": 1}


def test_the_present_state_is_read_from_the_entity_not_from_the_trail(store: Store) -> None:
    change({"max": 1}, {"max": 2})
    store.values["limits"] = {"max": 7}
    plan = rollback.plan(**ENTITY)
    assert (plan.current, plan.target, plan.in_place) == ({"max": 7}, {"max": 1}, True)
    assert [(conflict.path, conflict.new) for conflict in plan.conflicts] == [("max", 7)]


def test_an_entity_that_is_not_as_the_trail_left_it_is_overwritten_only_by_force(store: Store) -> None:
    change({"max": 1}, {"max": 2})
    store.values["limits"] = {"max": 7}
    with pytest.raises(rollback.ChangedMeanwhile, match="max"):
        rollback.apply(**ENTITY)
    assert store.values["limits"] == {"max": 7}
    event = rollback.apply(**ENTITY, force=True)
    assert store.values["limits"] == {"max": 1}
    assert event.old_value == {"max": 7}


def test_a_group_with_one_conflict_is_not_undone_at_all(store: Store) -> None:
    with acting_as(correlation_id="req-1"):
        change(1, 2)
        trail.record(event_type="setting.changed", entity_type="setting", entity_id="other", old_value=1, new_value=2)
    store.values |= {"limits": 2, "other": 5}
    assert {plan.entity_id: bool(plan.conflicts) for plan in rollback.plan_group(correlation_id="req-1")} == {
        "limits": False,
        "other": True,
    }
    with pytest.raises(rollback.ChangedMeanwhile, match="other"):
        rollback.apply_group(correlation_id="req-1")
    assert Event.objects.count() == 2
    store.values["other"] = 2
    events = rollback.apply_group(correlation_id="req-1")
    assert [event.new_value for event in events] == [1, 1]


def test_an_erased_state_cannot_come_back() -> None:
    event = change({"max": 1}, {"max": 2})
    retention.erase(uid=str(event.uid), reason="asked")
    with pytest.raises(DomainError, match="erased"):
        rollback.plan(**ENTITY)


def test_a_plan_changes_nothing(store: Store) -> None:
    change({"max": 1}, {"max": 2})
    store.values["limits"] = {"max": 2}
    rollback.plan(**ENTITY)
    assert store.values["limits"] == {"max": 2}
    assert Event.objects.count() == 1


def test_an_adapter_that_refuses_leaves_no_event(store: Store) -> None:
    change({"max": -1}, {"max": 2})
    store.values["limits"] = {"max": 2}
    assert rollback.plan(**ENTITY).conflicts == []
    with pytest.raises(DomainError, match="negative"):
        rollback.apply(**ENTITY)
    assert Event.objects.count() == 1


def test_nothing_to_roll_back_is_said() -> None:
    last = change(None, {"max": 1})
    with pytest.raises(rollback.NothingToRollBack):
        rollback.apply(**ENTITY, to=str(last.uid))
    with pytest.raises(NotFound, match="Nothing is recorded"):
        rollback.plan(entity_type="setting", entity_id="unknown")
    with pytest.raises(NotFound, match="not in the history"):
        rollback.plan(**ENTITY, to="01890000-0000-7000-8000-000000000000")
