"""Buttons in Slack: one press of whoever has the signing secret, once and in time."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from escalation import tasks
from escalation.bugs import find_bug
from escalation.delivery.channels import add_channel
from escalation.delivery.sending import say_in_slack
from escalation.models import Bug
from tests.escalation.makers import reported
from tests.escalation.paging.makers import policy
from tests.escalation.paging.sinks import Receiver

pytestmark = pytest.mark.django_db
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


@pytest.fixture
def called(hook: Receiver, send_all: Callable[[], None]) -> Bug:
    add_channel(name="chat", kind="slack", details={"url": f"{hook.url}/T0/B0/x", "signing_secret": SECRET})
    policy((0, "chat"))
    bug = reported(error_type="DataLoss", user_impact="critical")
    send_all()
    return bug


def button(hook: Receiver, verb: str) -> dict[str, Any]:
    blocks = json.loads(hook.got[-1].body)["blocks"]
    return next(each for each in blocks[-1]["elements"] if each.get("action_id") == verb)


def press(client: Client, pressed: dict[str, Any], *, secret: str = SECRET, at: float = 0.0, name: str = "chat") -> Any:
    payload = {"type": "block_actions", "user": {"username": "kim"}, "actions": [pressed]}
    body = urlencode({"payload": json.dumps(payload)})
    when = str(int(time.time() + at))
    signed = hmac.new(secret.encode(), f"v0:{when}:{body}".encode(), hashlib.sha256).hexdigest()
    headers = {"X-Slack-Request-Timestamp": when, "X-Slack-Signature": f"v0={signed}"}
    kind = "application/x-www-form-urlencoded"
    return client.post(f"/hooks/slack/{name}", body, content_type=kind, headers=headers)


def test_a_press_acknowledges_once_and_its_copy_is_refused(called: Bug, hook: Receiver, client: Client) -> None:
    pressed = button(hook, "acknowledge")
    at = time.time()
    assert press(client, pressed).status_code == 200
    bug = find_bug(bug_id=called.bug_id)
    assert (bug.status, bug.acknowledged_by) == ("acknowledged", "slack:kim")
    copy = press(client, pressed, at=at - time.time())
    assert (copy.status_code, copy.json()["code"]) == (403, "signature-invalid")


def test_the_other_button_resolves(called: Bug, hook: Receiver, client: Client) -> None:
    assert press(client, button(hook, "resolve")).status_code == 200
    assert find_bug(bug_id=called.bug_id).resolved_by == "slack:kim"


@pytest.mark.parametrize(
    "wrong", [{"secret": "another"}, {"secret": ""}, {"at": -600.0}, {"at": 600.0}, {"name": "no-such-channel"}]
)
def test_a_wrong_signature_does_nothing(called: Bug, hook: Receiver, client: Client, wrong: dict[str, Any]) -> None:
    assert press(client, button(hook, "acknowledge"), **wrong).status_code == 403
    assert find_bug(bug_id=called.bug_id).status == "pending"


def test_a_button_of_another_channel_does_nothing(called: Bug, hook: Receiver, client: Client) -> None:
    add_channel(name="other", kind="slack", details={"url": f"{hook.url}/T0/B0/y", "signing_secret": SECRET})
    assert press(client, button(hook, "acknowledge"), name="other").status_code == 403
    assert find_bug(bug_id=called.bug_id).status == "pending"


@pytest.mark.parametrize("pressed", [{}, {"action_id": "delete", "value": "x"}, {"action_id": 1, "value": []}])
def test_what_is_no_button_of_ours_does_nothing(called: Bug, client: Client, pressed: dict[str, Any]) -> None:
    assert press(client, pressed).status_code == 200
    assert find_bug(bug_id=called.bug_id).status == "pending"


def test_whoever_pressed_is_told_at_the_address_that_slack_gives(hook: Receiver) -> None:
    hook.got.clear()
    address, text = f"{hook.url}/actions/T0/1", "shop-1 is resolved."
    assert (say_in_slack(address=address, text=text), tasks.answer_in_slack(address, text)) == (200, 200)
    assert json.loads(hook.got[-1].body)["text"] == "shop-1 is resolved."
