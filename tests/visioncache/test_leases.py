"""Single flight: one caller computes, the others wait."""

import pytest
import time_machine

from config.context import acting_as
from config.errors import NotFound
from tests.visioncache.makers import ask, make_entry
from visioncache import leases, lookups
from visioncache.counting import flush
from visioncache.identity import InvalidEntry
from visioncache.leases import drop_expired_leases, release_lease
from visioncache.models import Entry, Lease, Tally

pytestmark = pytest.mark.django_db

START = "2026-11-21T10:00:00Z"


def test_one_caller_gets_the_lease_and_the_others_wait() -> None:
    with acting_as(actor="first"):
        answers = [ask(lease=True).lease for _ in range(8)]
    assert [answer.status for answer in answers] == ["granted"] + ["wait"] * 7
    assert answers[0].token
    assert all(answer.token is None and answer.retry_after_seconds >= 1 for answer in answers[1:])
    assert Lease.objects.get().holder == "first"


def test_a_lease_is_about_one_identity() -> None:
    assert ask(lease=True).lease.status == "granted"
    assert ask(lease=True, request={"prompt": "other"}).lease.status == "granted"


def test_a_miss_without_asking_takes_no_lease() -> None:
    assert ask().lease is None
    assert not Lease.objects.exists()


def test_the_answer_ends_the_lease_and_the_wait() -> None:
    ask(lease=True)
    make_entry()
    found = ask(lease=True)
    assert (found.hit, found.lease) == (True, None)
    assert not Lease.objects.exists()


def test_a_lease_ends_by_itself() -> None:
    with time_machine.travel(START, tick=False) as clock:
        first = ask(lease=True, lease_seconds=30).lease
        clock.shift(29)
        assert ask(lease=True).lease.status == "wait"
        clock.shift(1)
        second = ask(lease=True).lease
        assert (second.status, second.token != first.token) == ("granted", True)
        with pytest.raises(NotFound):
            release_lease(token=first.token)


def test_a_lease_given_back_goes_to_the_next() -> None:
    release_lease(token=ask(lease=True).lease.token)
    assert ask(lease=True).lease.status == "granted"


def test_an_answer_that_comes_between_look_up_and_lease_is_a_hit(monkeypatch: pytest.MonkeyPatch) -> None:
    take = leases.take_lease

    def slow(*args):
        make_entry()
        return take(*args)

    monkeypatch.setattr(lookups, "take_lease", slow)
    found = ask(lease=True)
    assert (found.hit, found.lease, found.entry.hit_count) == (True, None, 1)
    assert not Lease.objects.exists()
    flush()
    assert [(row.hits, row.misses) for row in Tally.objects.all()] == [(1, 0)]


def test_waiting_counts_neither_as_hit_nor_as_miss() -> None:
    for _ in range(3):
        ask(lease=True)
    flush()
    [row] = Tally.objects.all()
    assert (row.hits, row.misses, row.waits) == (0, 1, 2)


def test_a_lease_needs_a_model_and_a_sane_length() -> None:
    with pytest.raises(InvalidEntry, match="model"):
        ask(lease=True, model_version=None)
    for seconds in (0, -1, 601, 1.5, True):
        with pytest.raises(InvalidEntry, match="lease_seconds"):
            ask(lease=True, lease_seconds=seconds)


def test_run_out_leases_are_swept() -> None:
    with time_machine.travel(START, tick=False) as clock:
        ask(lease=True, lease_seconds=10)
        ask("other", lease=True, lease_seconds=100)
        clock.shift(50)
        assert drop_expired_leases() == 1
    assert not Entry.objects.exists()
