"""Figures: totals, single entries, and the folding of old hours."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from tests.visioncache.makers import ask, make_entry, picture
from visioncache.buffer import Tallied
from visioncache.counting import flush
from visioncache.identity import InvalidEntry
from visioncache.models import Tally
from visioncache.removal import cleanup_expired, invalidate
from visioncache.stats import get_stats
from visioncache.tallies import add, fold_tallies, hour_of, per_hour, total

pytestmark = pytest.mark.django_db


def test_an_empty_cache_has_no_rate() -> None:
    stats = get_stats()
    assert (stats.total_entries, stats.live_entries, stats.total_hits, stats.total_misses, stats.bytes) == (0,) * 5
    assert (stats.hit_rate, stats.avg_confidence, stats.entries) == (None, None, [])


def test_totals_add_up() -> None:
    make_entry("a", confidence_score=0.8, latency_ms=100, cost_micros=10)
    make_entry("b", confidence_score=0.6)
    make_entry("c", confidence_score=0.1, ttl_hours=0)
    for _ in range(3):
        ask("a")
    ask("nowhere")
    ask("nowhere", lease=True)
    ask("nowhere", lease=True)
    stats = get_stats()
    assert (stats.total_entries, stats.live_entries) == (3, 2)
    assert (stats.total_hits, stats.total_misses, stats.total_waits, stats.hit_rate) == (3, 2, 1, 0.6)
    assert stats.avg_confidence == pytest.approx(0.7)
    assert (stats.saved_ms, stats.saved_cost_micros) == (300, 30)
    assert stats.bytes == 3 * len('{"text":"PASSED"}{}')


def test_single_entries_are_ranked_by_use() -> None:
    make_entry("a")
    make_entry("a", model_version="m2")
    make_entry("b")
    ask("b")
    assert get_stats().entries[0].image_hash == picture("b")
    assert [entry.model_version for entry in get_stats(image_hash=picture("a")).entries] == ["m2", "acme-vision-1"]


def test_a_tenant_sees_its_own_figures() -> None:
    make_entry(namespace="team-a")
    make_entry()
    ask(namespace="team-a")
    ask("absent")
    stats = get_stats(namespace="team-a")
    assert (stats.total_entries, stats.total_hits, stats.total_misses, len(stats.entries)) == (1, 1, 0, 1)
    with pytest.raises(InvalidEntry):
        get_stats(namespace="a b")


def test_hits_outlive_their_entries() -> None:
    make_entry()
    ask()
    invalidate(image_hash=picture())
    assert (get_stats().total_hits, get_stats().total_entries) == (1, 0)


def test_old_hours_are_folded_to_days_and_totals_stay() -> None:
    day = datetime(2026, 9, 1, tzinfo=UTC)
    for hour in range(24):
        add({("default", day + timedelta(hours=hour)): Tallied(hits=2, misses=1, saved_ms=5)})
    add({("other", day + timedelta(hours=3)): Tallied(waits=4)})
    add({("default", hour_of(timezone.now())): Tallied(hits=1)})
    before = total(per_hour(day), day)
    assert fold_tallies() == 23
    assert fold_tallies() == 0
    assert total(per_hour(day), day) == before == Tallied(hits=49, misses=24, waits=4, saved_ms=120)
    assert Tally.objects.get(namespace="default", hour=day).hits == 48
    assert per_hour(day)[day] == Tallied(hits=48, misses=24, waits=4, saved_ms=120)


def test_clean_up_folds_too() -> None:
    with time_machine.travel("2026-09-01T05:30:00Z"):
        ask()
        ask(namespace="other")
    flush()
    cleanup_expired()
    assert {row.hour for row in Tally.objects.all()} == {datetime(2026, 9, 1, tzinfo=UTC)}
