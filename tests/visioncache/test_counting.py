"""Counting: kept in the process, written together, lost by nothing but a kill, and never in an answer's way."""

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from config import farewell, flushing
from tests.visioncache.makers import ask, make_entry, picture
from visioncache import buffer, counting, tallies, uses
from visioncache.buffer import BUFFER, MOST_SAVED, Buffer, Tallied, Use
from visioncache.counting import flush
from visioncache.models import Entry, EntryStat, Tally
from visioncache.removal import invalidate
from visioncache.stats import get_stats

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
HOUR = ("default", NOW)


def hit(kept: Buffer, entry: int, *, saved_ms: int = 0, at: datetime = NOW) -> int:
    return kept.add(
        HOUR, Tallied(hits=1, saved_ms=saved_ms), entry, Use(hit_count=1, last_hit_at=at, saved_ms=saved_ms)
    )


def test_hits_wait_in_the_process_and_every_figure_here_has_them() -> None:
    make_entry(latency_ms=100, cost_micros=7)
    for _ in range(3):
        ask()
    assert not EntryStat.objects.exists()
    entry = Entry.objects.get()
    assert (entry.hit_count, entry.saved_ms, entry.saved_cost_micros) == (3, 300, 21)
    stats = get_stats()
    assert (stats.total_hits, stats.saved_ms, stats.entries[0].hit_count) == (3, 300, 3)
    assert EntryStat.objects.get().hit_count == 3  # whoever asks for figures has them written first


def test_a_flush_adds_to_what_is_written() -> None:
    make_entry(latency_ms=100)
    for count in (1, 2, 3):
        for _ in range(count):
            ask()
        assert flush()
    stat, tally = EntryStat.objects.get(), Tally.objects.get()
    assert (stat.hit_count, stat.saved_ms, tally.hits, tally.saved_ms) == (6, 600, 6, 600)
    assert stat.last_hit_at == Entry.objects.get().last_hit_at


def test_a_flush_writes_many_entries_by_few_statements(django_assert_max_num_queries: Any) -> None:
    for number in range(20):
        make_entry(f"e{number}")
        ask(f"e{number}")
    with django_assert_max_num_queries(4):  # uses, one tally, and the ends of a savepoint
        flush()
    assert EntryStat.objects.count() == 20
    with django_assert_max_num_queries(0):
        flush()


def test_hits_of_an_entry_that_is_gone_meanwhile_are_tallied_only() -> None:
    make_entry()
    make_entry("stays")
    ask()
    ask("stays")
    invalidate(image_hash=picture())
    assert flush()
    assert (EntryStat.objects.get().entry.image_hash, Tally.objects.get().hits) == (picture("stays"), 2)


def test_figures_go_with_their_entry() -> None:
    make_entry()
    ask()
    flush()
    invalidate(image_hash=picture())
    assert not EntryStat.objects.exists()


def test_a_busy_database_costs_no_answer_and_no_count(monkeypatch: pytest.MonkeyPatch) -> None:
    make_entry()

    def busy(counted: Any) -> None:
        raise OperationalError("database is locked")

    with monkeypatch.context() as broken:
        broken.setattr(tallies, "add", busy)  # after the uses were written: both go or none
        for count in (1, 2, 3):
            assert ask().entry.hit_count == count
            assert not flush()
        assert not EntryStat.objects.exists()
        assert get_stats().total_hits == 0  # what is written; the figures of a busy database are no error
    assert flush()
    assert (EntryStat.objects.get().hit_count, Tally.objects.get().hits) == (3, 3)


@pytest.mark.django_db(transaction=True)
def test_no_flush_is_part_of_a_transaction_that_may_roll_back() -> None:
    make_entry()
    ask()
    with transaction.atomic():
        assert not flush()
    assert Entry.objects.get().hit_count == 1
    assert flush()
    assert EntryStat.objects.get().hit_count == 1


def test_savings_without_end_stop_nobody_from_counting() -> None:
    make_entry(latency_ms=MOST_SAVED, cost_micros=MOST_SAVED)
    make_entry("sane", latency_ms=1)
    for _ in range(3):
        for _ in range(1100):
            ask()
        ask("sane")
        assert flush()
    stat, sane = (Entry.objects.get(image_hash=picture(name)).stat for name in ("shot", "sane"))
    assert (stat.hit_count, stat.saved_ms, stat.saved_cost_micros) == (3300, MOST_SAVED, MOST_SAVED)
    assert (sane.hit_count, sane.saved_ms, Tally.objects.get().saved_ms) == (3, 3, MOST_SAVED)


def test_while_nothing_can_be_written_the_buffer_keeps_within_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffer, "MOST_KEPT", 4)
    kept = Buffer()
    for entry in range(10):
        assert hit(kept, entry) <= 4
    kept.take(2)
    assert hit(kept, 99) <= 4  # nor does what is on its way make room: it may come back
    kept.put_back()
    hit(kept, 0)  # what is kept goes on being counted
    assert (kept.use_of(0).hit_count, kept.use_of(9).hit_count, kept.refused(), kept.refused()) == (2, 0, 9, 0)
    assert kept.take(100).tallies[HOUR].hits == 11


def test_counts_that_found_no_room_are_told_to_the_log(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    monkeypatch.setattr(buffer, "MOST_KEPT", 2)
    for name in ("a", "b", "c"):
        make_entry(name)
        ask(name)
    flush()
    assert "2 counts found no room" in caplog.text
    assert get_stats().total_hits == 3


STEPS = st.lists(
    st.tuples(st.just("hit"), st.integers(0, 5), st.integers(0, 100))
    | st.tuples(st.sampled_from(["write", "fail"]), st.integers(1, 4), st.just(0)),
    max_size=40,
)


@given(STEPS)
def test_whatever_fails_each_hit_is_written_once(steps: list[tuple[str, int, int]]) -> None:
    kept, written, truth, tallied = Buffer(), {}, {}, Tallied()

    def write(most: int) -> None:
        batch = kept.take(most)
        for entry, use in batch.uses.items():
            written.setdefault(entry, Use()).add(use)
        for counted in batch.tallies.values():
            tallied.add(counted)
        kept.written()

    for number, (what, entry, saved) in enumerate(steps):
        if what == "hit":
            at = NOW + timedelta(seconds=number)
            hit(kept, entry, saved_ms=saved, at=at)
            truth.setdefault(entry, Use()).add(Use(hit_count=1, last_hit_at=at, saved_ms=saved))
        elif what == "write":
            write(entry)
        else:
            kept.take(entry)
            kept.put_back()
        for known, use in truth.items():
            seen = kept.use_of(known)
            seen.add(written.get(known, Use()))
            assert seen == use
    while kept.take(3):
        kept.put_back()
        write(3)
    assert written == truth
    assert tallied.hits == sum(use.hit_count for use in truth.values())


def own_flusher(flush: Callable[[], bool] = flush) -> flushing.Flusher:
    return flushing.Flusher(flush, name="counting", at_most=counting.FLUSH_KEYS)


@pytest.mark.django_db(transaction=True)
def test_the_first_hit_starts_the_thread_that_writes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    flusher = own_flusher()
    done = threading.Event()
    monkeypatch.setattr(counting, "FLUSHER", flusher)
    monkeypatch.setattr(flushing, "close_old_connections", lambda: (connection.close(), done.set()))
    monkeypatch.setattr(flushing, "FLUSH_SECONDS", 0.01)
    make_entry()
    for total in (1, 2):
        done.clear()
        ask()
        assert done.wait(240)
        assert EntryStat.objects.get().hit_count == total


@pytest.mark.django_db(transaction=True)
def test_the_thread_tries_again_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([False, True, True])
    done = threading.Event()
    monkeypatch.setattr(counting, "FLUSHER", own_flusher(lambda: next(answers) and not done.set()))
    monkeypatch.setattr(flushing, "FLUSH_SECONDS", 0.01)
    make_entry()
    ask()
    assert done.wait(240)


@pytest.mark.django_db(transaction=True)
def test_a_process_that_leaves_writes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    assert flush in farewell._acts
    leave_no_connection = lambda: connection.close()  # noqa: E731, PLW0108 -- each thread has its own
    monkeypatch.setattr(farewell, "_acts", [flush, leave_no_connection])
    make_entry()
    ask()
    farewell.say_farewell(240)
    assert EntryStat.objects.get().hit_count == 1


def test_a_forked_child_leaves_its_parents_counts_to_the_parent() -> None:
    entry = make_entry().entry.pk
    ask()
    child = os.fork()
    if not child:
        os._exit(BUFFER.use_of(entry).hit_count)
    assert os.waitpid(child, 0)[1] == 0
    assert BUFFER.use_of(entry).hit_count == 1


def test_writers_of_several_entries_take_them_in_the_order_of_their_ids() -> None:
    made = [make_entry(str(number)).entry.pk for number in range(3)]
    taken: list[int] = []
    uses.add({pk: Use(hit_count=1, last_hit_at=NOW) for pk in reversed(made)})
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:  # rows are written as they are locked
            cursor.execute("SELECT entry_id FROM visioncache_entrystat ORDER BY ctid")
            taken = [pk for (pk,) in cursor.fetchall()]
    else:
        taken = list(EntryStat.objects.order_by("pk").values_list("pk", flat=True))
    assert taken == made
