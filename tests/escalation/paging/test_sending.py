"""One message through one channel: signed, logged without secrets, tried again when it should be, and no longer."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.channels.webhook.signature import signatures
from escalation.delivery.channels import add_channel, change_channel, find_channel, try_channel
from escalation.delivery.deliveries import find_delivery
from escalation.delivery.schedule import LONGEST_WAIT, WAITS, wait_after
from escalation.delivery.sending import LEASE, deliver
from escalation.models import Attempt, Channel, Delivery
from tests.escalation.paging.makers import SECRET, mailbox, webhook
from tests.escalation.paging.sinks import MailServer, Receiver

pytestmark = pytest.mark.django_db


def tried(name: str = "ops-hook") -> Delivery:
    delivery = try_channel(name=name)
    deliver(delivery_id=delivery.pk)
    return find_delivery(delivery_id=delivery.pk)


def test_the_published_vector_of_the_signature() -> None:
    """Of github.com/standard-webhooks/standard-webhooks."""
    body = b'{"test": 2432232314}'
    made = signatures(SECRET, message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp=1614265330, body=body)
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_receiver_can_check_what_came(hook: Receiver, clock: Any) -> None:
    webhook(hook)
    assert tried().state == "delivered"
    [got] = hook.got
    signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert got.headers["webhook-signature"] == f"v1,{expected}"
    assert json.loads(got.body)["type"] == "channel.test"


def test_during_a_rotation_both_secrets_sign(hook: Receiver, clock: Any) -> None:
    webhook(hook)
    other = "whsec_" + base64.b64encode(bytes(32)).decode()
    change_channel(name="ops-hook", details={"secret": f"{other} {SECRET}"})
    tried()
    assert len(hook.got[0].headers["webhook-signature"].split()) == 2


def test_secrets_lie_sealed_and_are_not_in_the_log(hook: Receiver, clock: Any) -> None:
    webhook(hook)
    tried()
    channel, attempt = Channel.objects.get(), Attempt.objects.get()
    assert channel.sealed.startswith("v1.")
    assert channel.secrets() == {"secret": SECRET}
    logged = json.dumps([attempt.request, attempt.response])
    assert SECRET not in logged
    assert "v1," not in logged, "A signature is no secret, but it is no use either."
    assert "channel.test" in logged


def test_a_secret_under_a_lost_key_is_an_error_of_the_try_until_it_is_entered_again(
    hook: Receiver, clock: Any, settings: Any
) -> None:
    webhook(hook)
    settings.CREDENTIAL_KEYS = {"k9": bytes(32)}
    delivery = tried()
    assert delivery.state == "waiting"
    assert "is not in CREDENTIAL_KEYS" in delivery.error
    change_channel(name="ops-hook", details={"secret": SECRET})
    assert tried().state == "delivered"


def test_a_failure_is_tried_again_on_the_schedule_and_then_it_is_dead(hook: Receiver, clock: Any) -> None:
    webhook(hook)
    hook.answers = [(503, {})] * 20
    delivery = tried()
    for expected in WAITS:
        wait = delivery.next_attempt_at - clock()
        assert expected <= wait <= expected * 1.1
        assert deliver(delivery_id=delivery.pk) is None, "It is not due."
        clock.pass_by(seconds=wait.total_seconds())
        delivery = deliver(delivery_id=delivery.pk)
    assert (delivery.state, delivery.attempts, delivery.error) == ("dead", 10, "It answered 503.")
    channel = find_channel(name="ops-hook")
    assert (channel.is_active, channel.off_because) == (False, "it failed for three days")


def test_a_success_in_between_keeps_the_channel_on(hook: Receiver, clock: Any) -> None:
    webhook(hook)
    hook.answers = [(503, {})]
    tried()
    assert find_channel(name="ops-hook").failing_since == clock()
    tried()
    assert find_channel(name="ops-hook").failing_since is None


@pytest.mark.parametrize("asked", ["600", "Mon, 30 Nov 2099 12:00:00 GMT", "soon"])
def test_retry_after_is_honoured_to_a_bound(hook: Receiver, clock: Any, asked: str) -> None:
    webhook(hook)
    hook.answers = [(429, {"Retry-After": asked})]
    waits = {"600": timedelta(minutes=10), "soon": None}.get(asked, LONGEST_WAIT)
    wait = tried().next_attempt_at - clock()
    assert wait == waits if waits else wait < timedelta(seconds=6)


def test_a_receiver_that_is_gone_turns_the_channel_off_at_once(hook: Receiver, clock: Any) -> None:
    webhook(hook)
    hook.answers = [(410, {})]
    assert tried().state == "dead"
    assert find_channel(name="ops-hook").off_because == "its receiver is gone (410)"


def test_a_redirect_to_the_metadata_service_is_a_failure(hook: Receiver, clock: Any) -> None:
    webhook(hook)
    hook.answers = [(307, {"Location": "http://169.254.169.254/"})]
    delivery = tried()
    assert delivery.error == "It answered 307, a redirect, which is not followed. Correct the channel's address."
    assert len(hook.got) == 1


def test_an_address_that_is_not_allowed_any_more_gets_nothing(hook: Receiver, clock: Any, settings: Any) -> None:
    webhook(hook)
    settings.OUTBOUND_ALLOW = ()
    assert "an address of this machine or its network" in tried().error
    assert not hook.got


def test_two_workers_send_one_message_once(hook: Receiver, clock: Any) -> None:
    webhook(hook)
    delivery = try_channel(name="ops-hook")
    first, second = (Delivery.objects.get(pk=delivery.pk) for _ in range(2))
    assert first.claim(at=clock(), lease=LEASE)
    assert not second.claim(at=clock(), lease=LEASE)


def test_what_a_dead_worker_had_taken_is_sent_by_another(hook: Receiver, clock: Any) -> None:
    webhook(hook)
    delivery = try_channel(name="ops-hook")
    assert Delivery.objects.get(pk=delivery.pk).claim(at=clock(), lease=LEASE)
    assert deliver(delivery_id=delivery.pk) is None
    clock.pass_by(seconds=LEASE.total_seconds())
    assert deliver(delivery_id=delivery.pk).state == "delivered"


def test_a_mail_server_that_is_away_silent_or_unwilling_is_an_error_of_the_try(
    mail: MailServer, clock: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("escalation.channels.email.transport.TIMEOUT_SECONDS", 0.3)
    mailbox()
    mail.refuses = ["451 later"]
    assert (tried("ops-mail").error, Attempt.objects.latest("id").status) == ("The mail server answered 451.", 451)
    mail.is_silent = True
    assert "could not be used" in tried("ops-mail").error
    settings.MAIL_URL = "smtp://127.0.0.1:1"
    assert "could not be used" in tried("ops-mail").error
    settings.MAIL_URL = "imap://x"
    assert tried("ops-mail").error.startswith("MAIL_URL must be like")
    settings.MAIL_URL = ""
    assert tried("ops-mail").error.startswith("No mail server is set. Set MAIL_URL")


def test_a_password_goes_to_no_mail_server_without_tls(
    mail: MailServer, clock: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("escalation.channels.email.transport._LOCAL", frozenset())
    mailbox()
    settings.MAIL_URL = mail.address.replace("smtp://", "smtp://kim:very-secret-password@")
    delivery = tried("ops-mail")
    assert delivery.error.startswith("The mail server offers no STARTTLS")
    assert not mail.mails
    assert "very-secret" not in json.dumps([delivery.error, *Attempt.objects.values_list("request", flat=True)])


@given(attempts=st.integers(1, 12), asked=st.none() | st.floats(0, 1e9))
def test_a_wait_is_never_shorter_than_asked_nor_longer_than_a_day_and_a_tenth(
    attempts: int, asked: float | None
) -> None:
    wait = wait_after(attempts, retry_after_seconds=asked)
    assert (wait is None) == (attempts > len(WAITS))
    if wait is not None:
        assert min(timedelta(seconds=asked or 0), LONGEST_WAIT) <= wait <= LONGEST_WAIT * 1.1


def test_a_channel_of_every_kind_is_added_and_sends_what_its_service_documents(hook: Receiver, clock: Any) -> None:
    """Fields as Slack's Block Kit, Teams' Adaptive Cards, Discord's and ntfy's reference and Events API v2 name them.

    None of these services was tried live.
    """
    kinds: dict[str, dict[str, Any]] = {
        "slack": {"url": f"{hook.url}/services/T0/B0/slack-secret"},
        "teams": {"url": f"{hook.url}/workflows/teams-secret"},
        "discord": {"url": f"{hook.url}/api/webhooks/1/discord-secret"},
        "ntfy": {"url": hook.url, "topic": "duty", "token": "tk_ntfy-secret"},
        "pagerduty": {"url": hook.url, "routing_key": "a" * 32},
    }
    bodies = {}
    for kind, details in kinds.items():
        add_channel(name=kind, kind=kind, details=details)
        assert tried(kind).state == "delivered"
        bodies[kind] = json.loads(hook.got[-1].body)
    assert [block["type"] for block in bodies["slack"]["blocks"]] == ["header", "section"]
    [card] = bodies["teams"]["attachments"]
    assert (card["contentType"], card["content"]["type"]) == (
        "application/vnd.microsoft.card.adaptive",
        "AdaptiveCard",
    )
    assert bodies["discord"]["allowed_mentions"] == {"parse": []}
    assert (bodies["ntfy"]["topic"], bodies["ntfy"]["priority"]) == ("duty", 3)
    assert hook.got[-2].headers["Authorization"] == "Bearer tk_ntfy-secret"
    assert hook.got[-1].path == "/v2/enqueue"
    assert bodies["pagerduty"]["payload"].keys() >= {"summary", "source", "severity"}
    logged = json.dumps(list(Attempt.objects.values_list("request", flat=True)))
    for secret in ("slack-secret", "teams-secret", "discord-secret", "ntfy-secret", "a" * 32):
        assert secret not in logged
