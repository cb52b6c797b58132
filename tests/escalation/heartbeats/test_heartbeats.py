"""Heartbeats: what stops reporting opens a bug, and closes it as it returns."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from audit.models import Event
from config.database.windows import window
from escalation import dashboard, health, tasks
from escalation.bugs import resolve
from escalation.heartbeats.heartbeats import (
    HeartbeatNotFound,
    add_heartbeat,
    change_heartbeat,
    find_heartbeat,
    ping_url,
    remove_heartbeat,
)
from escalation.heartbeats.pulse import fail, miss_overdue, ping
from escalation.models import Bug, Heartbeat
from tests.escalation.paging.conftest import clock

__all__ = ["clock"]
pytestmark = pytest.mark.django_db
BASE = "/api/v1/escalation/heartbeats"


@pytest.fixture
def nightly(clock: Any) -> Heartbeat:
    """Reports every hour, and may be ten minutes late."""
    return add_heartbeat(name="nightly", period_minutes=60, grace_minutes=10)


def stands() -> tuple[str, str]:
    """The heartbeat, and its bug."""
    bug = Bug.objects.first()
    return find_heartbeat(name="nightly").standing, bug.status if bug else "no bug"


def test_what_stops_reporting_opens_a_bug_that_closes_as_it_returns(nightly: Heartbeat, clock: Any) -> None:
    assert (miss_overdue(), stands()) == (0, ("new", "no bug"))
    clock.pass_by(days=3)
    assert miss_overdue() == 0  # it never began
    ping(key=nightly.ping_key)
    assert stands() == ("up", "no bug")
    clock.pass_by(minutes=69)
    assert (miss_overdue(), stands()) == (0, ("late", "no bug"))
    clock.pass_by(minutes=1)
    assert (tasks.page(), stands()) == (1, ("down", "acknowledged"))
    bug = Bug.objects.get()
    assert (bug.bug_id, bug.error_type, bug.user_impact) == ("heartbeat:nightly", "HeartbeatMissed", "high")
    assert "it reports every 60 minutes" in bug.error_message
    clock.pass_by(minutes=200)
    assert miss_overdue() == 0  # once is enough
    ping(key=nightly.ping_key)
    assert stands() == ("up", "resolved")
    bug.refresh_from_db()
    assert (bug.resolution, bug.resolved_by) == ("It reports again, after 200 minutes.", "heartbeat:nightly")
    clock.pass_by(minutes=71)
    assert (miss_overdue(), stands()[0], Bug.objects.get().frequency) == (1, "down", 2)
    kinds = Event.objects.of("heartbeat", "nightly").order_by("id").values_list("event_type", flat=True)
    assert list(kinds) == ["heartbeat.added", "heartbeat.missed", "heartbeat.returned", "heartbeat.missed"]


def test_what_says_that_it_failed_opens_its_bug_at_once(nightly: Heartbeat) -> None:
    fail(key=nightly.ping_key)
    fail(key=nightly.ping_key)
    assert (stands()[0], Bug.objects.get().frequency) == ("down", 2)
    assert "says that it failed" in Bug.objects.get().error_message
    ping(key=nightly.ping_key)
    assert stands() == ("up", "resolved")


def test_a_bug_that_somebody_resolved_stays_as_it_is(nightly: Heartbeat) -> None:
    fail(key=nightly.ping_key)
    resolve(bug_id="heartbeat:nightly", resolution="the disk was full")
    ping(key=nightly.ping_key)
    assert Bug.objects.get().resolution == "the disk was full"


def test_paused_it_is_not_missed_and_resumed_it_has_its_whole_time(nightly: Heartbeat, clock: Any) -> None:
    ping(key=nightly.ping_key)
    change_heartbeat(name="nightly", is_paused=True)
    clock.pass_by(days=2)
    assert (miss_overdue(), stands()) == (0, ("paused", "no bug"))
    change_heartbeat(name="nightly", is_paused=False)
    clock.pass_by(minutes=69)
    assert miss_overdue() == 0
    clock.pass_by(minutes=2)
    assert miss_overdue() == 1


def test_what_stopped_reporting_is_named_by_health_counted_and_listed(nightly: Heartbeat, api: APIClient) -> None:
    def told() -> list[str]:
        return [check.detail for check in health.checks() if check.name == "heartbeats"]

    assert told() == ["whatever should report does"]
    fail(key=nightly.ping_key)
    add_heartbeat(name="idle", period_minutes=5)
    assert told() == ["stopped reporting: nightly"]
    [panel] = dashboard.panels(window("24h"))
    [tile] = [tile for tile in panel.tiles if tile.label == "Stopped reporting"]
    assert (tile.value, tile.note, tile.tone) == (1, "of 2 heartbeats", "fail")
    listed = {down: api.get(f"{BASE}?down={down}").json()["results"] for down in ("true", "false")}
    assert {down: [row["name"] for row in rows] for down, rows in listed.items()} == {
        "true": ["nightly"],
        "false": ["idle"],
    }
    change_heartbeat(name="nightly", is_paused=True)
    assert told() == ["whatever should report does"]


def test_one_that_nobody_missed_in_time_is_the_jobs_fault(nightly: Heartbeat, clock: Any) -> None:
    ping(key=nightly.ping_key)
    clock.pass_by(minutes=70 + 16)
    found = [(check.detail, check.fix) for check in health.checks() if check.name == "heartbeats"]
    assert [detail for detail, _ in found] == ["overdue and not missed yet: 1"]
    assert "worker" in found[0][1]


def test_a_longer_period_counts_from_the_last_report(nightly: Heartbeat, clock: Any) -> None:
    ping(key=nightly.ping_key)
    change_heartbeat(name="nightly", period_minutes=120)
    clock.pass_by(minutes=100)
    assert miss_overdue() == 0
    change_heartbeat(name="nightly", period_minutes=30)
    assert miss_overdue() == 1


def test_its_address_takes_a_get_and_a_post_of_anybody_who_knows_it(nightly: Heartbeat, client: Client) -> None:
    path = f"/ping/{nightly.ping_key}"
    assert ping_url(nightly).endswith(path)
    assert [client.get(path).content, client.post(path).status_code, client.head(path).status_code] == [
        b"OK\n",
        200,
        200,
    ]
    assert client.post(f"{path}/fail").status_code == 200
    assert stands()[0] == "down"
    assert client.delete(path).status_code == 405
    missing = client.get("/ping/nothing")
    assert (missing.status_code, missing.json()["code"]) == (404, "heartbeat-not-found")


def test_a_heartbeat_by_rest_from_adding_to_removing(api: APIClient) -> None:
    made = api.post(BASE, {"name": "nightly", "period_minutes": 60})
    assert (made.status_code, made.json()["standing"], made.json()["grace_minutes"]) == (201, "new", 5)
    assert api.post(BASE, {"name": "nightly", "period_minutes": 60}).json()["code"] == "heartbeat-exists"
    assert api.post(BASE, {"name": "x", "period_minutes": 0}).json()["errors"][0]["field"] == "period_minutes"
    assert api.patch(f"{BASE}/nightly", {"is_paused": True}).json()["standing"] == "paused"
    assert [each["name"] for each in api.get(BASE).json()["results"]] == ["nightly"]
    assert Heartbeat.objects.get().ping_key in api.get(f"{BASE}/nightly").json()["ping_url"]
    assert api.delete(f"{BASE}/nightly").status_code == 204
    assert api.delete(f"{BASE}/nightly").json()["code"] == "heartbeat-not-found"
    assert "ping_key" not in json.dumps(list(Event.objects.values_list("new_value", flat=True)))


def test_the_commands_say_and_do_the_same(run_command: Callable[..., tuple[int, str, str]]) -> None:
    def run(*args: str) -> str:
        status, said, wrong = run_command("heartbeats", *args)
        assert status == 0, wrong
        return said

    assert "/ping/" in run("add", "nightly", "--period-minutes", "60")
    run("change", "nightly", "--pause")
    assert "paused" in run("list")
    run("change", "nightly", "--resume", "--grace-minutes", "7")
    assert json.loads(run("show", "nightly"))["grace_minutes"] == 7
    run("remove", "nightly")
    assert not Heartbeat.objects.exists()
    with pytest.raises(HeartbeatNotFound):
        remove_heartbeat(name="nightly")


def test_the_admin_adds_pauses_resumes_and_removes(admin_client: Client) -> None:
    base = "/admin/escalation/heartbeat"
    form = {"name": "nightly", "period_minutes": 60, "grace_minutes": 5, "bug_impact": "low"}
    admin_client.post(f"{base}/add/", form)
    page = f"{base}/{Heartbeat.objects.get().pk}"
    assert "/ping/" in admin_client.get(f"{page}/change/").content.decode()
    admin_client.post(f"{page}/change/", {**form, "grace_minutes": 9})
    assert (Heartbeat.objects.get().grace_minutes, Heartbeat.objects.get().bug_impact) == (9, "low")
    for verb, standing in (("pause", "paused"), ("resume", "new")):
        admin_client.post(f"{page}/moves/{verb}/")
        assert Heartbeat.objects.get().standing == standing
    assert "nightly" in admin_client.get(f"{base}/").content.decode()
    admin_client.post(f"{page}/delete/", {"post": "yes"})
    assert not Heartbeat.objects.exists()
