"""The page at /: who may see it, what it shows, and how it stays fresh."""

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.utils import timezone
from django.utils.html import escape

from audit.models import Event
from config.database.windows import RANGES, window
from config.models import BrokerMessage
from config.pages import dashboard
from config.pages.charts import Point, Series
from config.pages.dashboard import Cell, Chart, Happening, Job, Panel, Table, Tile
from config.pages.leads import Lead
from config.watching import health
from config.watching.health import Check

NOW = timezone.now()


pytestmark = pytest.mark.usefixtures("inline_health")


PANEL = Panel(title="Tool", key="tool")


def app(**functions):
    return [("audit", SimpleNamespace(**functions))]


@pytest.fixture
def show(monkeypatch):
    """Make a panel all there is; given a function, what it makes of the window."""

    def make(panel):
        panels = panel if callable(panel) else lambda window: panel
        found = app(panels=lambda window: [panels(window)])
        monkeypatch.setattr(dashboard, "app_modules", lambda name: found)
        cache.clear()

    return make


def test_strangers_are_sent_to_the_login(client, db):
    for path in ["/", "/dashboard/figures", "/dashboard/live"]:
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/admin/login/")


def test_people_who_are_not_staff_are_sent_to_the_login(client, db):
    client.force_login(User.objects.create_user("visitor"))
    assert client.get("/").status_code == 302


def test_every_app_has_its_panel(admin_client):
    page = admin_client.get("/").content.decode()
    keys = [panel.key for panel in dashboard.panels(window("1h"))]
    assert {"permissions", "audit", "schemacheck"} <= set(keys)
    assert len(keys) == len(set(keys))
    for key in keys:
        assert f'id="panel-{key}-title"' in page
    assert "could not be read" not in page


@pytest.mark.parametrize("chosen", ["1h", "24h", "7d", "30d"])
def test_a_range_reaches_the_panels(admin_client, show, chosen):
    asked = []
    show(lambda window: asked.append(window) or PANEL)
    page = admin_client.get("/", {"range": chosen}).content.decode()
    assert [window.name for window in asked] == [chosen]
    assert f'<a href="?range={chosen}" aria-current="true">' in page


def test_an_unknown_range_is_a_day(admin_client):
    assert '<a href="?range=24h" aria-current="true">' in admin_client.get("/", {"range": "9y"}).content.decode()


def test_a_panel_shows_tiles_charts_and_rows_escaped(admin_client, show):
    series = [Series("<good>", "good"), Series("bad", "bad")]
    show(
        Panel(
            title="Tool",
            key="tool",
            tiles=[Tile(label="Open", value=1234, lead=Lead(page="/admin/audit/event/", api="/api/v1/audit/events"))],
            charts=[
                Chart(title="By <name>", kind="bar", points=[Point("<b>", 3)]),
                Chart(title="Over time", kind="line", points=[Point("mon", 1), Point("tue", 2)]),
                Chart(title="Parts", kind="columns", points=[Point("wed", 0, parts=(1, 2))], series=series),
            ],
            tables=[Table(headers=["Name"], rows=[[Cell(text="<script>")]])],
        )
    )
    page = admin_client.get("/").content.decode()
    assert '<a href="/admin/audit/event/">1,234</a>' in page
    assert 'href="/api/v1/audit/events"' in page
    assert "By &lt;name&gt;" in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert "<good>" not in page
    assert page.count('role="img"') == 3
    assert page.count("As a table") == 3
    assert "wed 3 (&lt;good&gt; 1, bad 2)" in page


def test_a_tile_says_how_it_differs_from_the_window_before(admin_client, show):
    show(Panel(title="Tool", key="tool", tiles=[Tile(label="Denied", value=30, before=20, better="less")]))
    page = admin_client.get("/", {"range": "7d"}).content.decode()
    assert '<span class="change worse" title="20 in the 7d before">+50 %' in page


def test_what_is_shown_beside_nothing_says_what_to_do_first(admin_client, show):
    empty = Chart(title="Checks", kind="bar", points=[Point("none", 0)])
    show(Panel(title="Tool", key="tool", charts=[empty], hint="Run it `twice`.", command="tool"))
    page = admin_client.get("/").content.decode()
    assert "Run it <code>twice</code>." in page
    assert f"{escape(settings.COMMAND)}</span> tool</code>" in page
    assert "Nothing in this range" not in page


def test_the_page_has_nothing_a_strict_policy_refuses(admin_client):
    answer = admin_client.get("/")
    page = answer.content.decode()
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert " style=" not in page
    assert "<style" not in page
    assert " onclick=" not in page


def test_panels_that_fail_say_so_and_hurt_no_other(admin_client, monkeypatch):
    def broken(window):
        raise RuntimeError("secret-word")

    fine = SimpleNamespace(panels=lambda window: [Panel(title="Fine", key="fine")])
    found = [*app(panels=broken), ("config", fine)]
    monkeypatch.setattr(dashboard, "app_modules", lambda name: found)
    page = admin_client.get("/").content.decode()
    assert "could not be read; see the log" in page
    assert "Fine" in page
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


def test_unchanged_figures_are_not_sent_again(admin_client, show):
    show(Panel(title="Tool", key="tool", tiles=[Tile(label="A", value=1)]))
    first = admin_client.get("/dashboard/figures")
    assert first.status_code == 200
    assert "Tool" in first.json()["panel-tool"]
    again = admin_client.get("/dashboard/figures", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    show(Panel(title="Tool", key="tool", tiles=[Tile(label="A", value=2)]))
    changed = admin_client.get("/dashboard/figures", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


def test_the_page_and_who_polls_see_the_same(admin_client, show):
    show(Panel(title="Tool", key="tool", tiles=[Tile(label="A", value=1)]))
    page = admin_client.get("/").content.decode()
    polled = admin_client.get("/dashboard/figures")
    assert f'data-etag="{escape(polled.headers["ETag"])}"' in page
    for html in polled.json().values():
        assert html in page


def test_many_watchers_read_the_figures_once(admin_client, show):
    reads = []
    show(lambda window: reads.append(1) or PANEL)
    for _ in range(5):
        admin_client.get("/dashboard/figures")
    assert len(reads) == 1


@pytest.mark.parametrize("name", RANGES)
def test_nothing_changes_within_a_minute_in_which_nothing_happens(admin_client, name, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=9_000_000_000))  # others fill it
    with time_machine.travel("2026-03-04T12:34:05Z", tick=False) as clock:
        first = admin_client.get("/dashboard/figures", {"range": name})
        clock.shift(timedelta(seconds=50))
        cache.clear()
        later = admin_client.get("/dashboard/figures", {"range": name})
    assert [section for section, html in later.json().items() if html != first.json()[section]] == []


def test_health_is_one_line_when_all_is_well_and_else_says_what_to_do(admin_client, monkeypatch):
    well = Check("disk", "ok", "9 GB free")
    monkeypatch.setattr(health, "components", lambda: [well])
    told = admin_client.get("/dashboard/figures").json()["health"]
    assert "Everything is well" in told
    assert "1 component checked" in told
    wrong = Check("worker", "warn", "none is alive", "Start the processes.")
    monkeypatch.setattr(health, "components", lambda: [well, wrong])
    cache.clear()
    told = admin_client.get("/dashboard/figures").json()["health"]
    assert "something to look at" in told
    assert told.index("Start the processes.") < told.index("9 GB free")


def test_the_demo_fills_the_dashboard_and_loads_once(admin_client, run_command):
    code, out, _ = run_command("demo")
    assert code == 0
    assert "[OK] audit" in out
    before = Event.objects.count()
    assert run_command("demo", "--json")[0] == 0
    assert Event.objects.count() == before
    page = admin_client.get("/").content.decode()
    assert set(Event.objects.values_list("event_type", flat=True)) & set(re.findall(r"[a-z]+\.[a-z_]+", page))
    assert "could not be read" not in page
