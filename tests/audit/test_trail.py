"""Recording events and reading them back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from audit import trail
from audit.models import Event
from audit.signals import event_recorded
from config.context import acting_as
from config.errors import NotFound
from config.keys import create_key, revoke_key

pytestmark = pytest.mark.django_db
ENTITY = {"entity_type": "role", "entity_id": "deployer"}


def record(**fields: Any) -> Event:
    return trail.record(**{"event_type": "role.changed", **ENTITY, **fields})


def test_an_event_knows_its_caller_and_what_changed() -> None:
    with acting_as(actor="ci-key", correlation_id="req-1", details={"session": "s1", "agent": "claude-code"}):
        event = record(old_value={"can": ["read"]}, new_value={"can": ["read", "deploy"]}, context={"why": "release"})
    event.refresh_from_db()
    assert (event.actor, event.user, event.correlation_id) == ("ci-key", "ci-key", "req-1")
    assert event.context == {"session": "s1", "why": "release"}
    assert event.agent == "claude-code"
    assert event.changes == [{"path": "can[1]", "kind": "added", "old": None, "new": "deploy"}]
    assert event.uid.version == 7


def test_the_user_a_caller_names_stands_beside_the_authenticated_actor() -> None:
    with acting_as(actor="ci-key"):
        event = record(user="dana")
    assert (event.actor, event.user) == ("ci-key", "dana")


def test_an_event_of_a_change_that_is_rolled_back_is_gone_with_it() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        record()
        raise RuntimeError
    assert not Event.objects.exists()


@pytest.mark.parametrize("name", ["event_type", "entity_type", "entity_id"])
@pytest.mark.parametrize("value", ["", "x" * 256])
def test_a_name_of_the_wrong_length_is_refused_and_named(name: str, value: str) -> None:
    with pytest.raises(trail.InvalidEvent) as refused:
        record(**{name: value})
    assert refused.value.errors[0].field == name
    assert not Event.objects.exists()


def test_a_batch_is_recorded_whole_or_not_at_all() -> None:
    good = trail.NewEvent(event_type="role.changed", **ENTITY)
    with pytest.raises(trail.InvalidEvent):
        trail.record_all(events=[good, trail.NewEvent(event_type="", **ENTITY)])
    assert not Event.objects.exists()
    assert len(trail.record_all(events=[good] * 500)) == 500
    with pytest.raises(trail.InvalidEvent, match="500"):
        trail.record_all(events=[good] * 501)


def test_events_can_be_neither_changed_nor_deleted() -> None:
    event = record()
    with pytest.raises(TypeError, match="append-only"):
        event.save()
    with pytest.raises(TypeError, match="append-only"):
        event.delete()


def test_history_is_newest_first_and_of_one_entity() -> None:
    for value in (1, 2, 3):
        record(new_value=value)
    record(entity_id="other")
    assert [event.new_value for event in trail.history(**ENTITY, limit=2)] == [3, 2]


def test_state_at_a_time_is_that_of_the_last_event_before_it() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for day in range(3):
        record(new_value={"day": day}, timestamp=start + timedelta(days=day))
    assert trail.state_at(**ENTITY, at=start + timedelta(days=1, hours=5)).new_value == {"day": 1}
    with pytest.raises(NotFound, match="Nothing is recorded"):
        trail.state_at(**ENTITY, at=start - timedelta(seconds=1))


def test_events_between_two_times_include_the_start_and_not_the_end() -> None:
    now = timezone.now()
    for minutes in range(4):
        record(new_value=minutes, timestamp=now + timedelta(minutes=minutes))
    found = Event.objects.between(now + timedelta(minutes=1), now + timedelta(minutes=3))
    assert [event.new_value for event in found.order_by("id")] == [1, 2]


def test_subscribers_hear_of_an_event_once_it_is_committed(django_capture_on_commit_callbacks: Any) -> None:
    heard: list[Event] = []

    def listen(event: Event, **kwargs: Any) -> None:
        heard.append(event)

    event_recorded.connect(listen)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            event = record()
            assert heard == []
    finally:
        event_recorded.disconnect(listen)
    assert heard == [event]


def test_a_failing_subscriber_hurts_neither_the_writer_nor_the_others(
    django_capture_on_commit_callbacks: Any, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Event] = []

    def fail(event: Event, **kwargs: Any) -> None:
        raise ValueError("broken subscriber")

    def listen(event: Event, **kwargs: Any) -> None:
        heard.append(event)

    event_recorded.connect(fail)
    event_recorded.connect(listen)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            event = record()
    finally:
        event_recorded.disconnect(fail)
        event_recorded.disconnect(listen)
    assert heard == [event]
    assert "broken subscriber" in caplog.text


def test_making_and_revoking_a_key_is_in_the_trail_without_the_key(owner: User) -> None:
    _, raw = create_key(name="ci", scope="write", user=owner)
    revoke_key(name="ci")
    revoked, created = trail.history(entity_type="api_key", entity_id="ci")
    assert (created.event_type, revoked.event_type) == ("api_key.created", "api_key.revoked")
    assert revoked.changes[0]["path"] == "revoked"
    assert raw not in str(Event.objects.values_list())


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL reads a small table whole, whatever its indexes")
@pytest.mark.parametrize("column", ["agent", "session_id", "tool_use_id"])
def test_events_of_an_agent_session_or_call_are_found_by_index(column: Any) -> None:
    plan = Event.objects.joined_by(column, "x").order_by("-id").explain()
    assert f"USING INDEX event_{column.removesuffix('_id')}" in plan


def test_pages_of_a_window_hold_each_event_once_though_many_have_one_time(reader: Any) -> None:
    at = timezone.now() - timedelta(days=3)
    for first in range(0, 1200, 400):
        trail.record_all(
            events=[
                trail.NewEvent(event_type="a.b", entity_type="a", entity_id=str(number), timestamp=at)
                for number in range(first, first + 400)
            ]
        )
    start = (at - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    address = f"/api/v1/audit/events?start={start}&entity_type=a&page_size=500"
    seen: list[str] = []
    while address:
        page = reader.get(address).json()
        seen += [event["entity_id"] for event in page["results"]]
        address = page["next"]
    assert seen == [str(number) for number in reversed(range(1200))]
