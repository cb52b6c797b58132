"""Maintenance: nobody is called while it is on, who is to know is told at both ends, and who waited is called then."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from audit.models import Event
from escalation import tasks
from escalation.bugs import acknowledge
from escalation.calling.windows import Window
from escalation.delivery.channels import ChannelInUse, remove_channel
from escalation.delivery.sending import deliver
from escalation.maintenance.maintenance import (
    InvalidMaintenance,
    MaintenanceExists,
    MaintenanceOver,
    add_maintenance,
    change_maintenance,
    end_maintenance,
    find_maintenance,
    remove_maintenance,
)
from escalation.models import Delivery, Escalation, Maintenance
from escalation.projects import create_project
from tests.escalation.makers import reported
from tests.escalation.paging.conftest import clock, mail
from tests.escalation.paging.makers import mailbox, policy
from tests.escalation.paging.sinks import MailServer

__all__ = ["clock", "mail"]
pytestmark = pytest.mark.django_db
BASE = "/api/v1/escalation/maintenance"
URGENT = {"error_type": "DataLoss", "error_message": "rows are gone", "user_impact": "critical"}
SUNDAYS = {"from": "02:00", "until": "04:00", "timezone": "Europe/Berlin", "days": ["sun"]}


@pytest.fixture
def told(mail: MailServer, clock: Any) -> Callable[[], list[str]]:
    """Makes what is due, and gives the subject of each mail that came since."""
    mailbox()
    policy((0, "ops-mail"))
    seen = [0]

    def run() -> list[str]:
        tasks.page()
        for pk in list(Delivery.objects.due(at=clock()).order_by("id").values_list("pk", flat=True)):
            deliver(delivery_id=pk)
        subjects = [
            line for text in mail.mails[seen[0] :] for line in text.splitlines() if line.startswith("Subject: ")
        ]
        seen[0] = len(mail.mails)
        return [subject.removeprefix("Subject: ") for subject in subjects]

    return run


def planned(clock: Any, **said: Any) -> Maintenance:
    times = {"starts_at": clock() + timedelta(hours=1), "ends_at": clock() + timedelta(hours=3)}
    return add_maintenance(**{"name": "disks", "reason": "new disks", "channels": ["ops-mail"], **times, **said})


def test_nobody_is_called_while_it_is_on_and_whoever_waited_is_called_at_its_end(
    told: Callable[[], list[str]], clock: Any
) -> None:
    planned(clock)
    assert told() == []
    clock.pass_by(hours=1)
    assert told() == ["Maintenance disks began: all projects"]
    reported(**URGENT)
    assert told() == []
    run = Escalation.objects.get()
    assert (run.held_by_id, run.due_at) == (Maintenance.objects.get().pk, clock() + timedelta(hours=2))
    clock.pass_by(hours=2)
    assert told() == ["Maintenance disks ended: all projects", "[critical] DataLoss: rows are gone"]
    assert Escalation.objects.get().held_by_id is None
    assert Maintenance.objects.get().due_at is None
    kinds = Event.objects.of("maintenance", "disks").order_by("id").values_list("event_type", flat=True)
    assert list(kinds) == ["maintenance.added", "maintenance.began", "maintenance.ended"]


def test_what_was_acknowledged_meanwhile_calls_nobody_at_its_end(told: Callable[[], list[str]], clock: Any) -> None:
    planned(clock, starts_at=None, channels=[])
    bug = reported(**URGENT)
    assert told() == []
    acknowledge(bug_id=bug.bug_id)
    clock.pass_by(hours=5)
    assert told() == []


@pytest.mark.parametrize("end", [lambda: end_maintenance(name="disks"), lambda: remove_maintenance(name="disks")])
def test_one_that_ends_early_or_is_removed_holds_nobody_any_longer(
    told: Callable[[], list[str]], clock: Any, end: Callable[[], Any]
) -> None:
    planned(clock, starts_at=None, channels=[])
    reported(**URGENT)
    assert told() == []
    clock.pass_by(minutes=10)
    end()
    assert told() == ["[critical] DataLoss: rows are gone"]


def test_whoever_waits_does_so_until_the_end_that_was_changed(told: Callable[[], list[str]], clock: Any) -> None:
    planned(clock, starts_at=None, channels=[])
    reported(**URGENT)
    told()
    later = clock() + timedelta(hours=5)
    assert change_maintenance(name="disks", ends_at=later).due_at == clock()
    told()
    assert (Escalation.objects.get().due_at, find_maintenance(name="disks").due_at) == (later, later)
    change_maintenance(name="disks", ends_at=clock() + timedelta(minutes=5))
    told()
    clock.pass_by(minutes=5)
    assert told() == ["[critical] DataLoss: rows are gone"]


def test_only_what_is_on_can_be_ended(clock: Any) -> None:
    mailbox()
    planned(clock)
    with pytest.raises(MaintenanceOver):
        end_maintenance(name="disks")
    clock.pass_by(hours=2)
    assert end_maintenance(name="disks").ends_at == clock()
    with pytest.raises(MaintenanceOver):
        end_maintenance(name="disks")


def test_one_of_a_project_holds_up_no_other(told: Callable[[], list[str]], clock: Any) -> None:
    create_project(name="Web shop", slug="web-shop")
    planned(clock, starts_at=None, projects=["web-shop"], channels=[])
    reported(**URGENT)
    assert told() == ["[critical] DataLoss: rows are gone"]


def test_one_of_every_week_tells_at_both_ends_each_time(told: Callable[[], list[str]], clock: Any) -> None:
    """The clock begins on a Monday; Berlin is an hour ahead."""
    planned(clock, name="sundays", starts_at=None, ends_at=None, hours=SUNDAYS)
    assert told() == []
    for week in range(2):
        due = Maintenance.objects.get().due_at
        assert due == datetime(2026, 12, 6 + 7 * week, 1, tzinfo=UTC)
        clock.now = due
        assert told() == ["Maintenance sundays began: all projects"]
        clock.pass_by(hours=2)
        assert told() == ["Maintenance sundays ended: all projects"]


@pytest.mark.parametrize(
    ("hours", "moment", "until", "change"),
    [
        (None, 0, None, 1),
        (None, 1, 3, 3),
        (None, 2, 3, 3),
        (None, 3, None, None),
        ({"from": "14:00", "until": "14:30"}, 1, None, 2),
        ({"from": "14:00", "until": "14:30"}, 2, 2.5, 2.5),
        ({"from": "14:00", "until": "20:00"}, 2, 3, 3),
        ({"from": "14:00", "until": "14:30", "days": ["fri"]}, 1, None, None),
        ({"from": "08:00", "until": "20:00"}, 0, None, 1),
    ],
)
def test_when_a_window_is_on_and_when_it_next_changes(
    hours: dict[str, Any] | None, moment: float, until: float | None, change: float | None
) -> None:
    """Hours after noon of a Monday; the window is from 13:00 to 15:00."""
    noon = datetime(2026, 11, 30, 12, tzinfo=UTC)

    def at(hour: float | None) -> datetime | None:
        return None if hour is None else noon + timedelta(hours=hour)

    window = Window(starts_at=noon + timedelta(hours=1), ends_at=noon + timedelta(hours=3), hours=hours)
    assert window.until(noon + timedelta(hours=moment)) == at(until)
    assert window.next_change(noon + timedelta(hours=moment)) == at(change)


def test_what_cannot_be_is_refused(clock: Any) -> None:
    mailbox()
    planned(clock)
    with pytest.raises(MaintenanceExists):
        planned(clock)
    for said in (
        {"ends_at": None},
        {"ends_at": clock()},
        {"channels": ["nowhere"]},
        {"hours": {"from": "9"}},
        {"reason": "a\nb"},
        {"name": "No"},
    ):
        with pytest.raises(InvalidMaintenance):
            planned(clock, **{"name": "other", **said})
    with pytest.raises(ChannelInUse, match="Maintenance send by ops-mail: disks"):
        remove_channel(name="ops-mail")


def test_a_maintenance_by_rest_from_planning_to_removing(api: APIClient) -> None:
    mailbox()
    made = api.post(BASE, {"name": "sundays", "reason": "updates", "hours": SUNDAYS, "channels": ["ops-mail"]})
    assert (made.status_code, made.json()["ends_at"], made.json()["projects"]) == (201, None, [])
    assert api.post(BASE, {"name": "x", "reason": "y"}).json()["code"] == "invalid-maintenance"
    assert api.patch(f"{BASE}/sundays", {"reason": "disks"}).json()["reason"] == "disks"
    assert api.get(f"{BASE}/sundays").json()["hours"] == SUNDAYS
    assert [row["name"] for row in api.get(BASE).json()["results"]] == ["sundays"]
    assert api.post(f"{BASE}/sundays/end", {}).json()["ends_at"] is not None
    assert api.post(f"{BASE}/sundays/end", {}).json()["code"] == "maintenance-over"
    assert api.delete(f"{BASE}/sundays").status_code == 204
    assert api.get(f"{BASE}/sundays").json()["code"] == "maintenance-not-found"


def test_the_commands_say_and_do_the_same(run_command: Callable[..., tuple[int, str, str]]) -> None:
    def run(*args: str) -> str:
        status, said, wrong = run_command("maintenance", *args)
        assert status == 0, wrong
        return said

    run("add", "disks", "--reason", "new disks", "--ends-at", "2199-01-01")
    tasks.page()
    assert "on" in run("list")
    run("change", "disks", "--reason", "old disks")
    assert json.loads(run("show", "disks"))["reason"] == "old disks"
    run("end", "disks")
    tasks.page()
    assert "over" in run("list")
    run("remove", "disks")
    assert not Maintenance.objects.exists()


def test_the_admin_plans_ends_and_removes(admin_client: Client) -> None:
    mailbox()
    base = "/admin/escalation/maintenance"
    form = {"name": "disks", "reason": "new disks", "starts_at_0": "2026-01-01", "starts_at_1": "09:00"}
    form |= {"ends_at_0": "2199-01-01", "ends_at_1": "09:00", "channel_names": ["ops-mail"]}
    admin_client.post(f"{base}/add/", form)
    page = f"{base}/{Maintenance.objects.get().pk}"
    admin_client.post(f"{page}/change/", {**form, "reason": "old disks"})
    assert (Maintenance.objects.get().reason, Maintenance.objects.get().channels) == ("old disks", ["ops-mail"])
    assert b"planned" in admin_client.get(f"{base}/").content
    tasks.page()
    assert b"End it now" in admin_client.get(f"{page}/change/").content
    admin_client.post(f"{page}/moves/end_now/")
    tasks.page()
    assert b"over" in admin_client.get(f"{base}/").content
    admin_client.post(f"{page}/delete/", {"post": "yes"})
    assert not Maintenance.objects.exists()
