"""What the cache tells the dashboard, the metrics and the health page, and its demonstration data."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from config.database.windows import RANGES, window
from tests.visioncache.makers import ask, make_entry
from visioncache import dashboard, demo, health, metrics
from visioncache.counting import flush
from visioncache.models import Entry

pytestmark = pytest.mark.django_db


def test_the_panel_shows_what_the_cache_saved() -> None:
    make_entry(latency_ms=1500, cost_micros=2_500_000, ttl_hours=0.5)
    ask()
    ask("absent")
    for chosen in RANGES:
        [panel] = dashboard.panels(window(chosen))
        assert {tile.label: tile.text.replace("\xa0", " ") for tile in panel.tiles} == {
            "Hit rate": "50 %",
            "Hits": "1",
            "Misses": "1",
            "Saved": "$2.50",
            "Time saved": "1.5 s",
            "Live entries": "1",
        }
        assert panel.tiles[-1].note == "1 expire within an hour"
        look_ups, rates, used = panel.charts
        assert [point.parts for point in look_ups.points if point.value] == [(1, 1)]
        assert [point.value for point in rates.points] == [50.0]
        assert [point.value for point in used.points] == [1]


def test_look_ups_are_compared_with_those_of_the_window_before() -> None:
    make_entry()
    with time_machine.travel(timezone.now() - timedelta(days=1, hours=1)):
        for _ in range(3):
            ask("absent")
        flush()
    ask()
    [panel] = dashboard.panels(window("24h"))
    tiles = {tile.label: tile for tile in panel.tiles}
    assert (tiles["Misses"].value, tiles["Misses"].before) == (0, 3)
    assert (tiles["Hit rate"].value, tiles["Hit rate"].before) == (1, 0)


def test_an_unused_cache_has_a_panel_too() -> None:
    [panel] = dashboard.panels(window("1h"))
    assert panel.tiles[0].text == "-"


def test_metrics_count_by_namespace_and_result() -> None:
    make_entry(latency_ms=1500, cost_micros=2_500_000, namespace="team-a")
    make_entry(ttl_hours=0)
    ask(namespace="team-a")
    ask()
    samples = {
        (sample.name.removeprefix("handrail_visioncache_"), *sample.labels.values()): sample.value
        for metric in metrics.collect()
        for sample in metric.samples
    }
    assert samples[("lookups_total", "team-a", "hit")] == 1
    assert samples[("lookups_total", "default", "miss")] == 1
    assert samples[("saved_seconds_total", "team-a")] == 1.5
    assert samples[("saved_dollars_total", "team-a")] == 2.5
    assert (samples[("entries", "live")], samples[("entries", "expired")]) == (1, 1)
    assert samples[("bytes",)] > 0


def test_health_warns_when_nobody_cleans_up() -> None:
    make_entry(ttl_hours=0)
    assert [check.status for check in health.checks()] == ["ok"]
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        [check] = health.checks()
    assert (check.status, "visioncache cleanup" in check.fix) == ("warn", True)


def test_the_demonstration_is_loaded_once() -> None:
    demo.load()
    entries, hits = Entry.objects.count(), sum(entry.hit_count for entry in Entry.objects.all())
    demo.load()
    assert (entries, hits) == (5, 24)
    assert Entry.objects.count() == 5
