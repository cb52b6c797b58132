from datetime import timedelta

import pytest
from django.utils import timezone

from config.database.windows import window
from schemacheck import checks, dashboard, health, metrics

pytestmark = pytest.mark.django_db


def test_health_tells_of_checks_that_wait() -> None:
    assert [check.status for check in health.checks()] == ["ok"]
    waiting = checks.request_check(sql="SELECT 1")
    type(waiting).objects.update(created_at=timezone.now() - timedelta(minutes=6))
    assert [check.status for check in health.checks()] == ["warn"]


def test_metrics_count_by_dialect_and_verdict() -> None:
    checks.check_schema(sql="SELECT 1", dialect="postgresql", proof="parse")
    checks.check_schema(sql="SELEC 1", dialect="postgresql", proof="parse")
    kept, duration = metrics.collect()
    assert {tuple(sample.labels.values()): sample.value for sample in kept.samples} == {
        ("postgresql", "valid"): 1,
        ("postgresql", "invalid"): 1,
    }
    assert duration.samples[0].value > 0


def test_the_dashboard_counts_findings_by_rule() -> None:
    checks.check_schema(sql="SELEC 1", dialect="postgresql", proof="parse")
    [panel] = dashboard.panels(window("1h"))
    assert [tile.value for tile in panel.tiles[:2]] == [1, 1]
    over_time, findings, callers = panel.charts
    assert [point.parts for point in over_time.points if point.value] == [(0, 1, 0)]
    assert [point[:2] for point in findings.points] == [("syntax-error", 1)]
    assert [point.value for point in callers.points] == [1]
