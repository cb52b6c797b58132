"""Idempotency: events with a key that was used are found again, and everything around them goes on."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from audit import trail
from audit.models import Event
from config.errors import Conflict

pytestmark = pytest.mark.django_db(transaction=True)


def keyed(*keys: str) -> list[trail.NewEvent]:
    return [trail.NewEvent(event_type="a.changed", entity_type="a", entity_id=key, idempotency_key=key) for key in keys]


def test_the_same_key_records_once() -> None:
    first, second = (trail.record_all(events=keyed("a"))[0] for _ in range(2))
    assert first.pk == second.pk
    assert Event.objects.count() == 1
    with pytest.raises(Conflict, match="another event"):
        trail.record(event_type="a.changed", entity_type="a", entity_id="b", idempotency_key="a")


def test_of_a_batch_the_keys_that_were_used_are_found_and_the_rest_is_recorded() -> None:
    (first,) = trail.record_all(events=keyed("b"))
    found = trail.record_all(events=keyed("a", "b", "c"))
    assert [event.entity_id for event in found] == ["a", "b", "c"]
    assert found[1].pk == first.pk
    assert Event.objects.count() == 3
    assert [event.pk for event in trail.record_all(events=keyed("c", "b", "a"))] == [event.pk for event in found[::-1]]


def test_keys_that_others_use_one_after_another_meanwhile_are_found_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    look, others = trail._known, ["b", "c"]

    def look_and_be_overtaken(rows: list[Event]) -> dict[str, Event]:
        found = look(rows)
        if others:
            trail.write([trail.prepare(new) for new in keyed(others.pop(0))])
        return found

    trail.record_all(events=keyed("a"))
    monkeypatch.setattr(trail, "_known", look_and_be_overtaken)
    assert [event.entity_id for event in trail.record_all(events=keyed("a", "b", "c"))] == ["a", "b", "c"]
    assert (Event.objects.count(), others) == (3, [])


def test_of_callers_who_use_a_key_at_once_one_records_and_all_are_given_that_event() -> None:
    together = threading.Barrier(4)

    def record(number: int) -> int:
        together.wait(60)
        try:
            return trail.record_all(events=keyed("a"))[0].pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(record, range(4)))
    assert found == {Event.objects.get().pk}


def test_what_is_wrong_with_the_rows_themselves_is_told_and_not_tried_for_ever() -> None:
    with pytest.raises(IntegrityError):
        trail.record_all(events=keyed("twice", "twice"))
    assert not Event.objects.exists()


def test_a_key_that_was_used_leaves_the_transaction_of_the_change_whole() -> None:
    trail.record_all(events=keyed("a"))
    with transaction.atomic():
        trail.record_all(events=keyed("a"))
        trail.record_all(events=keyed("b"))
    assert Event.objects.count() == 2


def test_a_key_costs_a_statement_only_when_it_is_in_the_way() -> None:
    def asked() -> list[str]:
        with CaptureQueriesContext(connection) as queries:
            trail.record_all(events=keyed("a"))
        return [query["sql"][:6] for query in queries if "audit_event" in query["sql"]]

    assert asked() == ["INSERT"]
    assert asked() == ["INSERT", "SELECT"]
