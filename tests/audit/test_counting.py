"""Counts of events, kept by the sealer: at any moment what counting every row would say."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client.core import CollectorRegistry
from prometheus_client.exposition import generate_latest

from audit import dashboard, metrics, retention, trail
from audit.ledger import counting, sealing
from audit.models import Checkpoint, Event, EventCount, Tile
from config.context import acting_as
from config.database.windows import RANGES, Window, window

# The sealer waits for transactions that still run, the test's own included: these tests commit.
pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 3, 14, 15, 9, 26, 535898, tzinfo=UTC)
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
MIGRATIONS = [
    import_module(f"audit.migrations.{name}") for name in ("0007_event_counts", "0010_decisions_by_agent_and_rule")
]


@pytest.fixture(autouse=True)
def outside(settings: Any, tmp_path: Any) -> Iterator[None]:
    settings.AUDIT_CHECKPOINT_DIR = tmp_path / "checkpoints"
    with time_machine.travel(NOW, tick=False):
        yield


def record(event_type: str = "a.changed", *, ago: timedelta = timedelta(0), actor: str = "ann", **more: Any) -> Event:
    with acting_as(actor=actor):
        return trail.record(event_type=event_type, entity_type="a", entity_id="1", timestamp=NOW - ago, **more)


def decided(verdict: Any, *, rule: str | None = None, **more: Any) -> Event:
    return record("decision.made", new_value={"decision": verdict, "rule": rule}, **more)


def counted_by_hand(since: datetime, until: datetime = FOREVER) -> counting.Counts:
    """A direct GROUP BY of the rows, in Python."""
    found: dict[str, Counter[str]] = {name: Counter() for name in EventCount.Dimension.values}
    for event in Event.objects.filter(timestamp__gte=since, timestamp__lt=until):
        found["type"][event.event_type] += 1
        found["actor"][event.actor] += 1
        if said := verdict_of(event):
            found["decision"][said] += 1
            found["agent"][f"{said} {event.agent}"] += 1
            if said != "allow" and (rule := event.new_value.get("rule")):
                found["rule"][f"{said} {rule}"] += 1
    return {dimension: dict(counts) for dimension, counts in found.items()}


def verdict_of(event: Event) -> str:
    said = event.new_value.get("decision") if isinstance(event.new_value, dict) else None
    return said if event.event_type == "decision.made" and said in ("allow", "deny", "confirm") else ""


def steps_by_hand(window: Window) -> dict[str, Counter[datetime]]:
    found: dict[str, Counter[datetime]] = {}
    for event in Event.objects.filter(timestamp__gte=window.since):
        for name in {verdict_of(event), ""}:
            found.setdefault(name, Counter())[window.beginning(event.timestamp)] += 1
    return found


AGO = st.timedeltas(min_value=timedelta(hours=-2), max_value=timedelta(days=16))
RECORDED = st.tuples(
    st.sampled_from(["a.changed", "b.changed", "decision.made"]),
    AGO,
    st.sampled_from(["ann", "bob"]),
    st.sampled_from(
        [None, 1, "deny", [], {}, *({"decision": verdict} for verdict in ("allow", "deny", "x" * 300))]
        + [{"decision": verdict, "rule": "Bash(rm:*)"} for verdict in ("allow", "deny", "confirm")]
    ),
    st.sampled_from(["", "claude"]),
)
STEPS = st.lists(st.one_of(RECORDED, st.sampled_from(["seal", "fold", "seal all but the last"])), max_size=12)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=STEPS, since=st.lists(AGO, min_size=1, max_size=4))
def test_counters_and_what_is_not_sealed_equal_a_direct_group_by(steps: list[Any], since: list[timedelta]) -> None:
    forget_everything()
    for step in steps:
        take(step)
    for ago in [*since, timedelta(hours=1), timedelta(days=1), timedelta(days=30)]:
        assert counting.counts_since(NOW - ago) == counted_by_hand(NOW - ago)
    for name in RANGES:
        shown = window(name, NOW)
        counted = counting.counted(shown)
        assert counted.now == counted_by_hand(shown.since)
        assert counted.before == counted_by_hand(shown.earlier_since, shown.earlier_until)
        assert counted.steps == steps_by_hand(shown)
    sealed = {"type": sealing.size(), "actor": sealing.size()}
    kept = EventCount.objects.filter(dimension__in=sealed).values_list("dimension", "count")
    totals: Counter[str] = Counter()
    for dimension, count in kept:
        totals[dimension] += count
    assert {name: totals[name] for name in sealed} == sealed


def take(step: Any) -> None:
    match step:
        case "seal":
            sealing.seal()
        case "fold":
            sealing.fold_counts()
        case "seal all but the last":
            record()
            sealing._seal_batch()
            record()
        case (event_type, ago, actor, value, agent):
            record(event_type, ago=ago, actor=actor, new_value=value, agent=agent)


def forget_everything() -> None:
    from audit.ledger.triggers import removal_permit

    with removal_permit("a test"):
        Event.objects.all()._raw_delete("default")
    for model in (Tile, Checkpoint, EventCount):
        model.objects.all().delete()


def test_a_batch_that_fails_is_neither_sealed_nor_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    record()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        sealing._seal_batch()
        raise ZeroDivisionError
    assert (sealing.size(), EventCount.objects.count()) == (0, 0)
    assert counting.counts_since(counting.EVER)["type"] == {"a.changed": 1}
    monkeypatch.setattr(counting, "add", lambda **_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        sealing.seal()
    assert sealing.size() == 0, "nothing is sealed that is not counted"


def test_several_batches_are_counted_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 3)
    for number in range(10):
        record(f"kind.{number % 2}")
    sealing.seal()
    sealing.seal()
    assert counting.counts_since(counting.EVER)["type"] == {"kind.0": 5, "kind.1": 5}


def test_folding_joins_the_hours_of_old_days_and_leaves_the_sums() -> None:
    for hours in range(24 * 6):
        record(ago=timedelta(hours=hours))
    sealing.seal()
    before = counting.counts_since(counting.EVER)
    sealing.fold_counts()
    hours = set(EventCount.objects.filter(dimension="type").values_list("hour", flat=True))
    assert {hour for hour in hours if hour.hour} == {
        hour for hour in hours if hour.hour and hour >= NOW - timedelta(days=4)
    }
    assert counting.counts_since(counting.EVER) == before
    late = record(ago=timedelta(days=5, hours=1))
    sealing.seal()
    sealing.fold_counts()
    assert counting.counts_since(late.timestamp) == counted_by_hand(late.timestamp), "a late one joins its day"


def test_folding_again_changes_nothing() -> None:
    for hours in (100, 101, 125):
        record(ago=timedelta(hours=hours))
    sealing.seal()
    for _ in range(2):
        counting.fold(now=NOW)
        assert sorted(EventCount.objects.filter(dimension="type").values_list("count", flat=True)) == [1, 2]


def test_what_retention_removes_stays_counted() -> None:
    for _ in range(5):
        record("old.one", ago=timedelta(days=10))
    sealing.seal()
    assert retention.prune(days={"old.one": 3}) == 5
    assert counting.counts_since(counting.EVER)["type"]["old.one"] == 5
    assert 'handrail_audit_events_total{event_type="old.one"} 5.0' in scraped()


def test_decisions_are_told_apart_and_only_verdicts_are_counted() -> None:
    for verdict in ("allow", "allow", "deny", "perhaps", 7, None, {"deny": True}):
        decided(verdict)
    record("other.kind", new_value={"decision": "deny"})
    for _ in ("from the rows", "from the counters"):
        assert counting.counts_since(counting.EVER)["decision"] == {"allow": 2, "deny": 1}
        assert 'handrail_audit_decisions_total{decision="deny"} 1.0' in scraped()
        assert {("Calls decided", 3), ("Denied", 1)} <= {(tile.label, tile.value) for tile in permissions().tiles}
        sealing.seal()


class Source:
    def collect(self) -> Any:
        return metrics.collect()


def scraped() -> str:
    registry = CollectorRegistry()
    registry.register(Source())
    return generate_latest(registry).decode()


def permissions() -> Any:
    return next(dashboard.panels(window("24h", NOW)))


def test_an_installation_of_before_has_its_sealed_events_counted() -> None:
    for hours in range(30):
        record(f"kind.{hours % 3}", ago=timedelta(hours=7 * hours), actor=f"key-{hours % 2}")
    decided("deny", rule="Bash(rm:*)", agent="claude")
    decided("allow", agent="codex", ago=timedelta(days=6))
    decided("perhaps")
    sealing.seal()
    sealing.fold_counts()
    expected = list(EventCount.objects.order_by("pk").values_list("dimension", "hour", "value", "count"))
    EventCount.objects.all().delete()
    record("not.sealed")
    migrate_counts()
    assert list(EventCount.objects.order_by("pk").values_list("dimension", "hour", "value", "count")) == expected
    assert counting.counts_since(counting.EVER) == counted_by_hand(counting.EVER)


def migrate_counts() -> None:
    for migration in MIGRATIONS:
        with transaction.atomic():
            migration.count_what_is_sealed(None, SimpleNamespace(connection=connection))


def test_an_installation_without_events_migrates() -> None:
    migrate_counts()
    assert not EventCount.objects.exists()


def test_figures_read_while_the_sealer_runs_count_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The place is read, then somebody seals, then the sums are taken."""
    record()
    run = counting._run

    def seal_first(template: str, **values: Any) -> Any:
        if template.lstrip().startswith("WITH seen"):
            sealing.seal()
        return run(template, **values)

    monkeypatch.setattr(counting, "_run", seal_first)
    assert counting.counts_since(counting.EVER)["type"] == {"a.changed": 1}
    assert sealing.size() == 1


def test_an_event_of_the_future_is_counted_in_its_hour() -> None:
    record(ago=timedelta(hours=-1))
    sealing.seal()
    assert counting.counts_since(NOW)["type"] == {"a.changed": 1}
    assert counting.counts_since(NOW + timedelta(hours=2))["type"] == {}


def test_the_panels_ask_five_times(django_assert_num_queries: Any) -> None:
    record()
    with django_assert_num_queries(5):
        list(dashboard.panels(window("24h", NOW)))


def test_the_panel_tells_by_rule_and_agent_who_was_stopped() -> None:
    for verdict, rule, agent in (("deny", "Bash(rm:*)", "claude"), ("confirm", "Bash(git push:*)", "codex")):
        decided(verdict, rule=rule, agent=agent)
    decided("allow", agent="claude")
    shown = permissions()
    decisions, by_rule = shown.charts
    assert [point.parts for point in decisions.points if point.value] == [(1, 1, 1, 0)]
    assert {point.label for point in by_rule.points} == {"Bash(rm:*)", "Bash(git push:*)"}
    _, by_agent, last = shown.tables
    assert [[cell.text for cell in row] for row in by_agent.rows] == [
        ["claude", "2", "0", "1", "0"],
        ["codex", "1", "1", "0", "0"],
    ]
    assert [row[1].text for row in last.rows] == ["to confirm", "denied"]
