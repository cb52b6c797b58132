"""All bugs in one look: summary, figures, health, dashboard and demo."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone
from prometheus_client import generate_latest
from prometheus_client.core import CollectorRegistry

from config.database.windows import RANGES, window
from escalation import bugs, dashboard, demo, health, metrics, triage
from escalation.models import Bug, Cycle, Heartbeat
from escalation.summary import summarise
from tests.escalation.makers import reported

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def test_the_summary_of_no_bugs_is_all_zero():
    summary = summarise()
    assert summary.by_status == {"pending": 0, "acknowledged": 0, "investigating": 0, "resolved": 0}
    assert summary.by_priority == {"low": 0, "medium": 0, "high": 0, "critical": 0}
    assert (summary.total, summary.open, summary.seconds_to_resolve) == (0, 0, None)


def test_the_summary_counts_and_takes_times():
    with time_machine.travel(NOW, tick=False) as clock:
        reported(bug_id="a", user_impact="critical", deadline_hours=1)
        reported(bug_id="b", error_type="APIError")
        reported(bug_id="c")
        bugs.assign(bug_id="c", assignee="kim")
        bugs.mute(bug_id="c", until=NOW + timedelta(days=2))
        clock.shift(timedelta(minutes=10))
        bugs.acknowledge(bug_id="a")
        clock.shift(timedelta(minutes=50))
        bugs.resolve(bug_id="b", resolution="fixed")
        clock.shift(timedelta(minutes=1))
        summary = summarise()
    assert summary.by_status == {"pending": 0, "acknowledged": 2, "investigating": 0, "resolved": 1}
    assert summary.by_priority == {"low": 1, "medium": 1, "high": 0, "critical": 1}
    assert summary.open_by_priority["critical"] == {"pending": 0, "acknowledged": 1, "investigating": 0}
    assert summary.by_error_type == {"KeyError": 2, "APIError": 1}
    assert (summary.total, summary.open, summary.overdue, summary.muted, summary.unassigned) == (3, 2, 1, 1, 1)
    assert summary.seconds_to_acknowledge == (600 + 3600) / 2
    assert summary.seconds_to_resolve == 3600


@pytest.mark.parametrize("comes_back", ["by a report", "by its verb", "by a change"])
def test_a_bug_that_comes_back_keeps_the_times_it_had(comes_back):
    with time_machine.travel(NOW, tick=False) as clock:
        reported(bug_id="a", user_impact="critical", error_type="DataLoss")
        clock.shift(timedelta(seconds=10))
        bugs.acknowledge(bug_id="a")
        clock.shift(timedelta(seconds=90))
        bugs.resolve(bug_id="a", resolution="fixed")
        clock.shift(timedelta(days=20))
        match comes_back:
            case "by a report":
                reported(bug_id="a", user_impact="critical", error_type="DataLoss")
            case "by its verb":
                bugs.reopen(bug_id="a")
            case _:
                triage.update_bug(bug_id="a", status="pending")
        assert (summarise().seconds_to_acknowledge, summarise().seconds_to_resolve) == (10, 100)
        clock.shift(timedelta(seconds=20))
        bugs.investigate(bug_id="a")
        assert (summarise().seconds_to_acknowledge, summarise().seconds_to_resolve) == (15, 100)
        clock.shift(timedelta(seconds=180))
        bugs.resolve(bug_id="a", resolution="fixed for good")
        summary = summarise()
    assert (summary.seconds_to_acknowledge, summary.seconds_to_resolve) == (15, 150)
    [cycle] = bugs.find_bug(bug_id="a").newest_cycles()
    assert (cycle.began_at, cycle.reopened_at) == (NOW, NOW + timedelta(days=20, seconds=100))
    [panel] = dashboard.panels(window("30d", NOW + timedelta(days=20, hours=1)))
    assert sum(point.value for point in panel.charts[1].points) == 2, "it was resolved twice"


def test_a_refused_return_keeps_no_cycle():
    reported(bug_id="a")
    with pytest.raises(bugs.TransitionRefused):
        bugs.reopen(bug_id="a")
    assert not Cycle.objects.exists()


class Source:
    def collect(self):
        return metrics.collect()


def test_the_figures_are_valid_prometheus_text():
    reported(bug_id="a", user_impact="critical", frequency=3)
    bugs.resolve(bug_id="a", resolution="fixed")
    registry = CollectorRegistry()
    registry.register(Source())
    text = generate_latest(registry).decode()
    assert 'handrail_escalation_bugs{priority="high",status="resolved"} 1.0' in text
    assert "handrail_escalation_reports_total 3.0" in text
    assert "handrail_escalation_seconds_to_resolve" in text


def test_health_tells_of_waiting_critical_bugs_and_of_a_job_that_does_not_run():
    def warned() -> list[str]:
        return [check.name for check in health.checks() if check.status != "ok"]

    assert not warned()
    reported(bug_id="a", error_type="DataLoss", user_impact="critical", deadline_hours=30)
    assert warned() == ["bugs"]
    bugs.acknowledge(bug_id="a")
    Bug.objects.update(weigh_again_at=timezone.now() - timedelta(hours=1))
    assert warned() == ["deadlines"]


@pytest.mark.parametrize("chosen", RANGES)
def test_the_dashboard_shows_the_open_ones_and_the_flow(chosen):
    reported(bug_id="a", user_impact="critical", deadline_hours=1)
    reported(bug_id="b")
    bugs.acknowledge(bug_id="a")
    bugs.resolve(bug_id="b", resolution="fixed")
    [panel] = dashboard.panels(window(chosen))
    tiles = {tile.label: tile for tile in panel.tiles}
    assert (tiles["Open bugs"].value, tiles["Open bugs"].note) == (1, "2 new, 1 resolved")
    assert (tiles["New"].value, tiles["Resolved"].value, tiles["Overdue"].value) == (2, 1, 0)
    assert [row[0].text for row in panel.tables[0].rows] == ["critical", "high", "medium", "low"]
    assert [sum(point.value for point in chart.points) for chart in panel.charts] == [2, 1]


def test_times_are_those_of_the_window_and_of_the_one_before():
    with time_machine.travel(NOW, tick=False) as clock:
        for bug_id, minutes in (("a", 10), ("b", 40)):
            reported(bug_id=bug_id, error_type="DataLoss", user_impact="critical")
            clock.shift(timedelta(minutes=minutes))
            bugs.acknowledge(bug_id=bug_id)
            clock.shift(timedelta(hours=24))
        [panel] = dashboard.panels(window("24h"))
        [tile] = [tile for tile in panel.tiles if tile.label == "To acknowledge"]
    assert (tile.value, tile.before, tile.text) == (None, 2400, "-")


def test_the_demo_loads_once():
    demo.load()
    demo.load()
    assert Bug.objects.count() == 4
    assert Heartbeat.objects.down().count() == 1
    assert Bug.objects.get(bug_id="demo-checkout-database").frequency == 10
    assert Bug.objects.get(error_type="KeyError").frequency == 3


def test_the_demos_bugs_are_noticed_and_resolved_as_people_do():
    with time_machine.travel(NOW, tick=False) as clock:
        for act in sorted(demo._of_today(NOW), key=lambda act: act.at):
            clock.move_to(act.at, tick=False)
            act.do()
    closed, noticed = (Bug.objects.get(bug_id=name) for name in ("demo-login-loop", "demo-report-format"))
    assert closed.status == "resolved"
    assert closed.resolved_at - closed.first_seen_at == timedelta(hours=5)
    assert noticed.acknowledge_ms == 18 * 60 * 1000
    assert noticed.assignee == "dana"
