"""The page at /: who may see it, what it shows, and how it stays fresh."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.utils import timezone

from audit.models import Event
from config.models import BrokerMessage
from config.pages import dashboard
from config.pages.dashboard import Chart, Happening, Job, Panel, Tile

NOW = timezone.now()


pytestmark = pytest.mark.usefixtures("inline_health")


def app(**functions):
    return [("audit", SimpleNamespace(**functions))]


def test_strangers_are_sent_to_the_login(client, db):
    for path in ["/", "/dashboard/figures"]:
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/admin/login/")


def test_people_who_are_not_staff_are_sent_to_the_login(client, db):
    client.force_login(User.objects.create_user("visitor"))
    assert client.get("/").status_code == 302


def test_every_app_has_its_panel(admin_client):
    page = admin_client.get("/").content.decode()
    apps = [app for app, _ in dashboard.panels(NOW - timedelta(hours=1))]
    assert "audit" in apps
    for name in apps:
        assert f'id="panel-{name}"' in page
    assert "could not be read" not in page


@pytest.mark.parametrize("chosen", ["1h", "24h", "7d", "30d"])
def test_a_range_reaches_the_panels(admin_client, monkeypatch, chosen):
    asked = []
    monkeypatch.setattr(
        dashboard, "app_modules", lambda name: app(panel=lambda since: asked.append(since) or Panel("P"))
    )
    page = admin_client.get("/", {"range": chosen}).content.decode()
    assert abs(timezone.now() - asked[0] - dashboard.RANGES[chosen]) < timedelta(seconds=5)
    assert f'<a href="?range={chosen}" aria-current="true">' in page


def test_an_unknown_range_is_a_day(admin_client):
    assert '<a href="?range=24h" aria-current="true">' in admin_client.get("/", {"range": "9y"}).content.decode()


def test_a_panel_shows_tiles_charts_and_rows_escaped(admin_client, monkeypatch):
    shown = Panel(
        title="Tool",
        tiles=[Tile("Open", 1234, "/admin/audit/event/", "warn")],
        charts=[Chart("By <name>", "bar", [("<b>", 3)]), Chart("Over time", "line", [("mon", 1), ("tue", 2)])],
        headers=["Name"],
        rows=[["<script>"]],
    )
    monkeypatch.setattr(dashboard, "app_modules", lambda name: app(panel=lambda since: shown))
    page = admin_client.get("/").content.decode()
    assert '<a href="/admin/audit/event/">1,234</a>' in page
    assert "By &lt;name&gt;" in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert page.count('role="img"') == 2
    assert page.count("As a table") == 2


def test_the_page_has_nothing_a_strict_policy_refuses(admin_client):
    answer = admin_client.get("/")
    page = answer.content.decode()
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert " style=" not in page
    assert "<style" not in page
    assert " onclick=" not in page


def test_a_panel_that_fails_says_so_and_hurts_no_other(admin_client, monkeypatch):
    def broken(since):
        raise RuntimeError("secret-word")

    found = [*app(panel=broken), ("config", SimpleNamespace(panel=lambda since: Panel("Fine")))]
    monkeypatch.setattr(dashboard, "app_modules", lambda name: found[:1])
    page = admin_client.get("/").content.decode()
    assert "could not be read; see the log" in page
    assert "secret-word" not in page


def test_events_and_jobs_of_all_apps_are_shown_in_order(monkeypatch, db):
    older, newer = NOW - timedelta(minutes=2), NOW - timedelta(minutes=1)
    events = [Happening(older, "a.done", "thing 1", "dana"), Happening(newer, "b.done", "thing 2", "sam")]
    jobs = [Job("run tests", "running", newer), Job("count", "pending", older)]
    found = app(recent_events=lambda limit: events, active_jobs=lambda: jobs)
    monkeypatch.setattr(dashboard, "app_modules", lambda name: found)
    assert [event.what for event in dashboard.recent_events()] == ["b.done", "a.done"]
    assert [job.name for job in dashboard.active_jobs()] == ["count", "run tests"]


def test_queued_jobs_are_active_jobs(db):
    BrokerMessage.objects.create(queue="celery", task="prompts.run_test", payload="{}")
    BrokerMessage.objects.create(queue="celery", task="parked", payload="{}", parked_at=NOW)
    assert [(job.name, job.status) for job in dashboard.active_jobs()] == [("prompts.run_test", "waiting")]


def test_unchanged_figures_are_not_sent_again(admin_client, monkeypatch):
    monkeypatch.setattr(dashboard, "app_modules", lambda name: app(panel=lambda since: Panel("Tool", [Tile("A", 1)])))
    first = admin_client.get("/dashboard/figures")
    assert first.status_code == 200
    again = admin_client.get("/dashboard/figures", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    monkeypatch.setattr(dashboard, "app_modules", lambda name: app(panel=lambda since: Panel("Tool", [Tile("A", 2)])))
    cache.clear()
    changed = admin_client.get("/dashboard/figures", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


def test_many_watchers_read_the_figures_once(admin_client, monkeypatch):
    reads = []
    monkeypatch.setattr(dashboard, "app_modules", lambda name: app(panel=lambda since: reads.append(1) or Panel("P")))
    for _ in range(5):
        admin_client.get("/dashboard/figures")
    assert len(reads) == 1


def test_the_demo_fills_the_dashboard_and_loads_once(admin_client, run_command):
    code, out, _ = run_command("demo")
    assert code == 0
    assert "[OK] audit" in out
    before = Event.objects.count()
    assert run_command("demo", "--json")[0] == 0
    assert Event.objects.count() == before
    page = admin_client.get("/").content.decode()
    assert "entry.stored" in page
    assert "could not be read" not in page
