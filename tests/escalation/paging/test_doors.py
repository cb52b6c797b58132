"""Channels, deliveries and policies by REST, command, job and admin."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from escalation import tasks
from escalation.delivery.channels import ChannelNotFound, change_channel, find_channel, remove_channel, try_channel
from escalation.delivery.deliveries import find_delivery, replay
from escalation.delivery.sending import send_due
from escalation.models import Channel, Delivery, Policy, Project
from tests.escalation.makers import reported
from tests.escalation.paging.makers import SECRET, mailbox, policy, webhook
from tests.escalation.paging.sinks import MailServer, Receiver

pytestmark = pytest.mark.django_db
BASE = "/api/v1/escalation"
MAIL = {"name": "ops-mail", "kind": "email", "details": {"to": ["kim@example.org"]}}
STEPS = [{"delay_minutes": 0, "targets": [{"channel": "ops-mail"}]}]


def test_a_channel_by_rest_from_adding_to_removing(api: APIClient, hook: Receiver) -> None:
    body = {"name": "hook", "kind": "webhook", "details": {"url": hook.url, "secret": SECRET}}
    made = api.post(f"{BASE}/channels", body)
    assert (made.status_code, made.json()["details"], made.json()["secrets"]) == (
        201,
        {"url": hook.url},
        {"secret": SECRET[-4:]},
    )
    assert api.post(f"{BASE}/channels", body).json()["code"] == "channel-exists"
    tested = api.post(f"{BASE}/channels/hook/test", {})
    assert tasks.deliver(tested.json()["id"]) == "delivered"
    shown = api.get(f"{BASE}/deliveries/{tested.json()['id']}").json()
    assert (shown["state"], shown["tries"][0]["response"]["status"]) == ("delivered", 200)
    moved = api.patch(f"{BASE}/channels/hook", {"details": {"url": f"{hook.url}/new"}}).json()
    assert (moved["details"]["url"], moved["secrets"]) == (f"{hook.url}/new", {"secret": SECRET[-4:]})
    assert SECRET not in json.dumps([made.json(), shown, moved, api.get(f"{BASE}/channels").json()])
    assert api.delete(f"{BASE}/channels/hook").status_code == 204
    assert api.get(f"{BASE}/channels/hook").status_code == 404


@pytest.mark.parametrize(
    ("kind", "details", "field"),
    [
        ("email", {}, "details.to"),
        ("email", {"to": []}, "details.to"),
        ("email", {"to": ["kim\nBcc: x@example.org"]}, "details.to[0]"),
        ("email", {"to": ["kim@example.org"], "cc": "x"}, "details.cc"),
        ("webhook", {"url": "https://example.org"}, "details.secret"),
        ("webhook", {"url": "ftp://example.org", "secret": SECRET}, "details.url"),
        ("webhook", {"url": "http://169.254.169.254/", "secret": SECRET}, "details.url"),
        ("webhook", {"url": "http://93.184.215.14", "secret": "whsec_short"}, "details.secret"),
        ("slack", {"url": 17}, "details.url"),
        ("ntfy", {"url": "http://93.184.215.14", "topic": "a b"}, "details.topic"),
        ("pagerduty", {"routing_key": "short"}, "details.routing_key"),
    ],
)
def test_what_a_kind_does_not_take_is_named(api: APIClient, kind: str, details: dict[str, Any], field: str) -> None:
    answer = api.post(f"{BASE}/channels", {"name": "x", "kind": kind, "details": details})
    assert answer.status_code == 400
    assert [wrong["field"] for wrong in answer.json()["errors"]] == [field]


@pytest.fixture
def default_project() -> Project:
    """A migration makes it, and tests that empty all tables take it along."""
    return Project.objects.default()


def test_a_policy_by_rest_from_adding_to_removing(api: APIClient, default_project: Project) -> None:
    api.post(f"{BASE}/channels", MAIL)
    wrong = api.post(f"{BASE}/policies", {"name": "p", "steps": [{"delay_minutes": 0, "targets": [{"channel": "x"}]}]})
    assert wrong.json()["errors"][0]["detail"] == "There is no channel x."
    made = api.post(f"{BASE}/policies", {"name": "p", "steps": STEPS, "projects": ["default"], "repeat": 2})
    assert (made.status_code, made.json()["projects"]) == (201, ["default"])
    assert api.post(f"{BASE}/policies", {"name": "p", "steps": STEPS}).json()["code"] == "policy-exists"
    changed = api.patch(f"{BASE}/policies/p", {"renotify_minutes": 15}).json()
    assert (changed["renotify_minutes"], changed["repeat"], changed["projects"]) == (15, 2, ["default"])
    assert api.delete(f"{BASE}/channels/ops-mail").json()["code"] == "channel-in-use"
    assert [each["name"] for each in api.get(f"{BASE}/policies").json()["results"]] == ["p"]
    assert api.get(f"{BASE}/policies/p").json()["steps"] == STEPS
    assert api.delete(f"{BASE}/policies/p").status_code == 204
    assert api.delete(f"{BASE}/policies/p").json()["code"] == "policy-not-found"


@pytest.mark.parametrize(
    "steps",
    [
        [{"delay_minutes": -1, "targets": [{"channel": "ops-mail"}]}],
        [{"delay_minutes": 0, "targets": []}],
        [{"delay_minutes": 0, "targets": [{"channel": "ops-mail", "person": "kim"}]}],
        [{"delay_minutes": 0, "targets": ["ops-mail"]}],
        [{"targets": [{"channel": "ops-mail"}]}],
        [{"delay_minutes": True, "targets": [{"channel": "ops-mail"}]}],
    ],
)
def test_a_step_that_is_none_is_refused(api: APIClient, steps: Any) -> None:
    api.post(f"{BASE}/channels", MAIL)
    answer = api.post(f"{BASE}/policies", {"name": "p", "steps": steps})
    assert answer.json()["code"] == "invalid-policy"
    assert answer.json()["errors"][0]["field"].startswith("steps[0]")


def test_the_commands_say_and_do_the_same(run_command: Callable[..., tuple[int, str, str]], mail: MailServer) -> None:
    def run(*args: str) -> str:
        status, said, wrong = run_command(*args)
        assert status == 0, wrong
        return said

    run("channels", "add", "ops-mail", "email", json.dumps(MAIL["details"]))
    run("policies", "add", "p", "--step", json.dumps(STEPS[0]))
    assert "ops-mail" in run("channels", "list")
    assert "critical, high" in run("policies", "list")
    run("policies", "change", "p", "--repeat", "3", "--off")
    assert json.loads(run("policies", "show", "p"))["repeat"] == 3
    run("channels", "test", "ops-mail")
    delivery = Delivery.objects.get()
    tasks.deliver(str(delivery.pk))
    assert "delivered" in run("deliveries", "list")
    assert "queued as 17" in run("deliveries", "show", str(delivery.pk))
    run("deliveries", "replay", str(delivery.pk))
    tasks.deliver(str(delivery.pk))
    assert len(mail.mails) == 2
    run("channels", "change", "ops-mail", "--off")
    assert not Channel.objects.get().is_active
    run("policies", "remove", "p")
    run("channels", "remove", "ops-mail")
    assert not Channel.objects.exists()
    assert not Policy.objects.exists()


def test_the_admin_adds_changes_tries_and_removes(
    admin_client: Client, mail: MailServer, default_project: Project
) -> None:
    base = "/admin/escalation"
    admin_client.post(f"{base}/channel/add/", {"name": "ops-mail", "kind": "email", "details": '{"to": ["a@b.org"]}'})
    channel = Channel.objects.get()
    page = f"{base}/channel/{channel.pk}/"
    admin_client.post(f"{page}change/", {"details": '{"to": ["kim@example.org"]}', "is_active": "on"})
    admin_client.post(f"{page}moves/send_test/")
    assert tasks.deliver(str(Delivery.objects.get().pk)) == "delivered"
    assert mail.recipients == ["kim@example.org"]
    shown = admin_client.get(f"{base}/delivery/{Delivery.objects.get().pk}/change/").content.decode()
    assert "queued as 17" in shown
    policy_form = {"name": "p", "priorities": ["high"], "repeat": 0, "position": 5}
    policy_form |= {"steps-TOTAL_FORMS": 1, "steps-INITIAL_FORMS": 0, "steps-0-targets": ["channel:ops-mail"]}
    admin_client.post(f"{base}/policy/add/", policy_form | {"is_active": "on", "project_slugs": ["default"]})
    found = Policy.objects.get()
    assert (found.position, [each.slug for each in found.projects.all()]) == (5, ["default"])
    refused = admin_client.post(f"{base}/channel/{channel.pk}/delete/", {"post": "yes"}, follow=True)
    assert "Policies send by ops-mail: p" in refused.content.decode()
    admin_client.post(f"{base}/policy/{found.pk}/delete/", {"post": "yes"})
    admin_client.post(f"{base}/channel/{channel.pk}/delete/", {"post": "yes"})
    assert not Channel.objects.exists()


def test_the_page_of_a_bug_shows_who_was_called(
    admin_client: Client, hook: Receiver, clock: Any, send_all: Callable[[], None]
) -> None:
    webhook(hook)
    policy((0, "ops-hook"))
    bug = reported(error_type="DataLoss", user_impact="critical")
    send_all()
    page = admin_client.get(f"/admin/escalation/bug/{bug.pk}/change/").content.decode()
    assert "Who was called" in page
    assert "ops-hook" in page
    runs = admin_client.get("/admin/escalation/escalation/").content.decode()
    assert "unanswered" in runs


def test_what_is_on_its_way_is_not_replayed(hook: Receiver, clock: Any, api: APIClient) -> None:
    webhook(hook)
    api.post(f"{BASE}/channels/ops-hook/test", {})
    delivery = Delivery.objects.get()
    answer = api.post(f"{BASE}/deliveries/{delivery.pk}/replay", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "replay-refused")
    tasks.deliver(str(delivery.pk))
    assert replay(delivery_id=delivery.pk).state == "waiting"
    tasks.deliver(str(delivery.pk))
    assert [got.headers["webhook-id"] for got in hook.got] == [f"msg_{delivery.pk.hex}"] * 2
    assert find_delivery(delivery_id=delivery.pk).state == "delivered"


def test_old_messages_are_forgotten_and_waiting_ones_are_not(hook: Receiver, clock: Any, api: APIClient) -> None:
    mailbox()
    webhook(hook)
    for name in ("ops-mail", "ops-hook"):
        api.post(f"{BASE}/channels/{name}/test", {})
    tasks.deliver(str(Delivery.objects.get(channel__name="ops-hook").pk))
    clock.pass_by(days=91)
    assert tasks.clean_up_deliveries() == 1
    assert Delivery.objects.get().channel.name == "ops-mail"


def test_the_job_of_the_schedule_makes_steps_and_sends(hook: Receiver, clock: Any) -> None:
    webhook(hook)
    policy((0, "ops-hook"))
    reported(error_type="DataLoss", user_impact="critical")
    assert tasks.page() == 2
    assert Delivery.objects.get().state == "waiting"


def test_a_channel_that_is_off_sends_nothing_and_shows_what_it_did_not_send(clock: Any) -> None:
    mailbox()
    change_channel(name="ops-mail", is_active=False)
    died = try_channel(name="ops-mail")
    assert (died.state, died.error) == ("dead", "The channel is off: somebody turned it off")
    assert send_due() == 0
    remove_channel(name="ops-mail")
    with pytest.raises(ChannelNotFound):
        find_channel(name="ops-mail")
