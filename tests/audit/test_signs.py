"""What the trail shows on the dashboard, in health and metrics, and in the demo."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from audit import dashboard, demo, health, metrics, trail
from audit.ledger import sealing
from audit.models import BackupRun, Event, Tile
from config.database.windows import window

pytestmark = pytest.mark.django_db


def test_the_demo_tells_of_a_mistake_and_its_rollback_once() -> None:
    demo.load()
    demo.load()
    assert Event.objects.filter(entity_type="role").count() == 4
    assert Event.objects.filter(event_type="entity.rolled_back").get().new_value["can"] == ["read", "deploy"]


def test_the_panel_counts_what_happened_since() -> None:
    demo.load()
    trail.record(event_type="old.thing", entity_type="a", entity_id="1", timestamp=timezone.now() - timedelta(days=9))
    _, panel = dashboard.panels(window("24h"))
    assert {tile.label: tile.text for tile in panel.tiles}["Rollbacks"] == "1"
    by_type = {point.label: point.value for point in panel.charts[1].points}
    assert by_type["role.changed"] == 3
    assert "old.thing" not in by_type


def test_the_newest_events_come_first() -> None:
    demo.load()
    assert dashboard.recent_events(1)[0].what == "setting changed"


def test_metrics_count_events_by_type() -> None:
    demo.load()
    samples = {tuple(sample.labels.values()): sample.value for family in metrics.collect() for sample in family.samples}
    assert samples["role.changed",] == 3


@pytest.mark.parametrize(
    ("vendor", "loss"),
    [
        ("sqlite", "DROP TRIGGER audit_event_no_delete"),
        ("sqlite", "DROP TRIGGER audit_event_no_update"),
        ("postgresql", "DROP TRIGGER audit_event_guard ON audit_event"),
        ("postgresql", "ALTER TABLE audit_event DISABLE TRIGGER audit_event_guard_truncate"),
    ],
)
def test_health_sees_missing_triggers(vendor: str, loss: str) -> None:
    assert {check.status for check in health.checks()} == {"ok"}
    if vendor != connection.vendor:
        pytest.skip(f"Triggers of {vendor}: run the tests on it.")
    with connection.cursor() as cursor:
        cursor.execute(loss)
    assert next(check for check in health.checks() if check.name == "audit-guard").status == "fail"


def test_health_sees_a_sealer_that_does_not_come(settings: Any, tmp_path: Path) -> None:
    settings.AUDIT_CHECKPOINT_DIR = tmp_path
    trail.record(event_type="a.b", entity_type="a", entity_id="1", timestamp=timezone.now() - timedelta(hours=1))
    late = next(check for check in health.checks() if check.name == "audit-ledger")
    assert (late.status, "audit seal" in late.fix) == ("warn", True)
    if connection.vendor == "sqlite":  # PostgreSQL's sealer waits for this very transaction
        sealing.seal()
        assert Tile.objects.exists()
        assert {check.status for check in health.checks()} == {"ok"}


def test_metrics_tell_how_old_the_backup_and_the_window_are(settings: Any) -> None:
    def figures() -> dict[str, float]:
        return {sample.name: sample.value for family in metrics.collect() for sample in family.samples}

    trail.record(event_type="a.b", entity_type="a", entity_id="1", timestamp=timezone.now() - timedelta(minutes=3))
    assert figures()["handrail_audit_unsealed_seconds"] == pytest.approx(180, abs=20)
    assert "handrail_audit_last_backup_timestamp_seconds" not in figures()
    made = timezone.now() - timedelta(hours=2)
    BackupRun.objects.create(status="completed", verification="passed", completed_at=made)
    assert figures()["handrail_audit_last_backup_timestamp_seconds"] == pytest.approx(made.timestamp())
    settings.AUDIT_STREAM_URL = "http://127.0.0.1:9/"
    assert figures()["handrail_audit_stream_waiting_events"] == 0


def test_types_of_event_beyond_a_hundred_are_one_label(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_TYPES", 2)
    for number in range(4):
        trail.record(event_type=f"{number}.made", entity_type="a", entity_id="1")
    samples = [sample for sample in next(iter(metrics.collect())).samples if sample.name.endswith("_total")]
    assert {sample.labels["event_type"]: sample.value for sample in samples} == {"0.made": 1, "1.made": 1, "other": 2}
