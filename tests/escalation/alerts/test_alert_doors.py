"""Alerts by REST, command and admin."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from escalation.alerts.alerts import AlertShips, find_alert, remove_alert, try_alert
from escalation.models import Alert, Bug, Delivery
from tests.escalation.paging.makers import mailbox
from tests.escalation.paging.sinks import MailServer

pytestmark = pytest.mark.django_db
BASE = "/api/v1/escalation/alerts"
MINE = {"name": "mine", "event_type": "backup.removed", "message": "{entity_id} is gone", "channels": ["ops-mail"]}


def test_an_alert_by_rest_from_adding_to_removing(api: APIClient, mail: MailServer, send_all: Any) -> None:
    assert api.post(BASE, MINE).json()["errors"][0]["detail"] == "There is no channel ops-mail."
    mailbox()
    made = api.post(BASE, MINE)
    assert (made.status_code, made.json()["count"], made.json()["where"]) == (201, 1, {})
    assert api.post(BASE, MINE).json()["code"] == "alert-exists"
    changed = api.patch(f"{BASE}/mine", {"where": {"context.why": "age"}, "count": 2}).json()
    assert (changed["where"], changed["count"], changed["channels"]) == ({"context.why": "age"}, 2, ["ops-mail"])
    tried = api.post(f"{BASE}/mine/test", {})
    assert (tried.status_code, tried.json()["bug"], tried.json()["deliveries"][0]["purpose"]) == (202, None, "test")
    send_all()
    assert "This is a test of the alert" in mail.mails[0]
    assert api.delete("/api/v1/escalation/channels/ops-mail").json()["code"] == "channel-in-use"
    assert "mine" in [each["name"] for each in api.get(BASE).json()["results"]]
    assert api.get(f"{BASE}/mine").json()["event_type"] == "backup.removed"
    assert api.delete(f"{BASE}/mine").status_code == 204
    assert api.delete(f"{BASE}/mine").json()["code"] == "alert-not-found"
    assert api.delete(f"{BASE}/backup-failed").json()["code"] == "alert-ships"


def test_an_alert_that_would_do_nothing_cannot_be_on(api: APIClient) -> None:
    answer = api.post(BASE, {**MINE, "channels": []})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "channels")
    assert api.patch(f"{BASE}/approval-requested", {"is_active": True}).status_code == 400
    assert api.patch(f"{BASE}/approval-requested", {"message": "{agent} asks"}).status_code == 200


def test_what_ships_is_turned_off_and_not_removed() -> None:
    assert try_alert(name="job-parked").bug is not None
    with pytest.raises(AlertShips):
        remove_alert(name="job-parked")
    assert find_alert(name="job-parked").last_fired_at is None


def test_a_test_of_an_alert_opens_the_bug_it_would_open(api: APIClient) -> None:
    assert api.post(f"{BASE}/ledger-fault/test", {}).json() == {"bug": "ledger-fault:test", "deliveries": []}
    assert Bug.objects.get().error_message.startswith("This is a test of the alert.")


def test_the_commands_say_and_do_the_same(run_command: Callable[..., tuple[int, str, str]]) -> None:
    def run(*args: str) -> str:
        status, said, wrong = run_command("alerts", *args)
        assert status == 0, wrong
        return said

    mailbox()
    assert "a critical bug" in run("list")
    run("change", "approval-requested", "--channel", "ops-mail", "--on")
    assert json.loads(run("show", "approval-requested"))["channels"] == ["ops-mail"]
    run(
        "add",
        "mine",
        "--event-type",
        "backup.removed",
        "--message",
        "gone",
        "--bug-impact",
        "low",
        "--where",
        '{"decision": "deny"}',
    )
    assert Alert.objects.get(name="mine").where == {"decision": "deny"}
    run("change", "mine", "--off")
    assert "mine:test" in run("test", "mine")
    run("remove", "mine")
    assert not Alert.objects.filter(name="mine").exists()
    assert run_command("alerts", "remove", "ledger-fault")[0] != 0


def test_the_admin_adds_changes_tries_and_removes(admin_client: Client) -> None:
    channel = mailbox()
    base = "/admin/escalation/alert"
    form = {"name": "mine", "event_type": "backup.removed", "message": "gone", "count": 1, "window_minutes": 10}
    form |= {"again_after_minutes": 60, "is_active": "on", "channel_names": [channel.name]}
    admin_client.post(f"{base}/add/", form)
    made = Alert.objects.get(name="mine")
    assert (made.channels, made.where) == (["ops-mail"], {})
    assert "ops-mail" in admin_client.get(f"{base}/").content.decode()
    admin_client.post(f"{base}/{made.pk}/change/", {**form, "where": '{"agent": "codex"}', "is_active": ""})
    made.refresh_from_db()
    assert (made.where, made.is_active) == ({"agent": "codex"}, False)
    admin_client.post(f"{base}/{made.pk}/moves/send_test/")
    assert Delivery.objects.get().purpose == "test"
    admin_client.post(f"{base}/{made.pk}/delete/", {"post": "yes"})
    assert not Alert.objects.filter(name="mine").exists()
