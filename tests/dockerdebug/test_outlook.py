"""What health, metrics, dashboard and demo show."""

from typing import Any

import pytest

from config.database.windows import window
from dockerdebug import dashboard, demo, diagnoses, health, metrics
from dockerdebug.models import Diagnosis, Infrastructure, Insight
from tests.dockerdebug.makers import stopped, traceback

pytestmark = pytest.mark.django_db


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Diagnosis:
    facts = stopped(logs=traceback("ModuleNotFoundError: No module named 'flask'"))
    monkeypatch.setattr(diagnoses, "collect", lambda container: facts)
    return diagnoses.diagnose(container="api")


def test_a_missing_engine_is_a_warning_with_its_fix(settings: Any) -> None:
    settings.DOCKER_HOST = "unix:///nowhere/docker.sock"
    (check,) = health.checks()
    assert (check.status, check.critical) == ("warn", False)
    assert "DOCKER_HOST" in check.detail
    assert check.fix


def test_the_panel_counts_diagnoses_and_findings(faulty: Diagnosis) -> None:
    [panel] = dashboard.panels(window("1h"))
    assert {tile.label: tile.value for tile in panel.tiles} == {
        "Diagnoses": 1,
        "With errors": 1,
        "Containers": 1,
        "Insights": 0,
    }
    assert {point.label: point.value for point in panel.charts[0].points} == {
        "module_not_found": 1,
        "container_stopped": 1,
    }
    [row] = panel.tables[0].rows
    assert [cell.text for cell in row] == ["api", "5/7", "error", "module_not_found", ""]


def test_what_waits_or_runs_is_an_active_job(faulty: Diagnosis) -> None:
    diagnoses.request_diagnosis(container="other")
    assert [(job.name, job.status) for job in dashboard.active_jobs()] == [("diagnosis of other", "pending")]


def test_the_metrics_name_findings_by_their_key(faulty: Diagnosis) -> None:
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for metric in metrics.collect()
        for sample in metric.samples
    }
    assert samples["handrail_dockerdebug_diagnoses", "finished"] == 1
    assert samples["handrail_dockerdebug_diagnoses", "pending"] == 0
    assert samples["handrail_dockerdebug_findings", "module_not_found"] == 1
    assert samples["handrail_dockerdebug_insights",] == 0


def test_the_demo_is_loaded_once() -> None:
    demo.load()
    demo.load()
    assert (Diagnosis.objects.count(), Insight.objects.count(), Infrastructure.objects.count()) == (2, 4, 3)
    assert {row.status for row in Diagnosis.objects.all()} == {"finished"}


def test_the_demo_shows_what_the_tool_is_for_although_there_is_no_engine() -> None:
    demo.load()
    shown = Diagnosis.objects.get(container="shop-worker")
    assert shown.finding_keys[0] == "module_not_found"
    assert len(shown.finding_keys) > 1
    for finding in shown.findings:
        assert all(finding[part] for part in ("evidence", "cause", "fix", "verify"))
    assert shown.findings[0]["fix"].endswith("pip install -r /srv/shop/requirements.txt")
