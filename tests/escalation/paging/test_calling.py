"""A policy from an urgent bug to the acknowledgement, by a real receiver and a real mail server."""

import email
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from config.context import acting_as
from escalation.bugs import acknowledge, find_bug, investigate, mute, reopen, resolve
from escalation.models import Delivery, Escalation
from escalation.policies.policies import change_policy, remove_policy
from tests.escalation.makers import events, reported
from tests.escalation.paging.makers import mailbox, policy, webhook
from tests.escalation.paging.sinks import MailServer, Receiver

pytestmark = pytest.mark.django_db
Run = Callable[[], None]
URGENT = {"error_type": "DataLoss", "error_message": "rows are gone", "user_impact": "critical"}


def link_in(mail: str) -> str:
    text = email.message_from_string(mail).get_payload(decode=True)
    [found] = re.findall(r"http://\S+/act/\S+", bytes(text).decode())
    return found.partition("/act/")[2]


def test_an_urgent_bug_calls_step_by_step_until_the_link_is_used(
    hook: Receiver, mail: MailServer, clock: Any, send_all: Run, client: Client
) -> None:
    webhook(hook), mailbox()
    policy((0, "ops-hook"), (5, "ops-mail"), (10, "ops-hook"))
    bug = reported(**URGENT)
    send_all()
    assert [json.loads(got.body)["data"]["bug"]["bug_id"] for got in hook.got] == [bug.bug_id]
    clock.pass_by(minutes=4)
    send_all()
    assert not mail.mails, "The second step is made after five minutes."
    clock.pass_by(minutes=1)
    send_all()
    assert mail.recipients == ["kim@example.org"]
    assert "Subject: [critical] DataLoss: rows are gone" in mail.mails[0]

    page = f"/act/{link_in(mail.mails[0])}"
    assert b"Acknowledge" in client.get(page).content
    assert find_bug(bug_id=bug.bug_id).status == "pending", "Opening a link changes nothing."
    answer = client.post(page, {"verb": "acknowledge"})
    assert b"Nobody is called for it any more" in answer.content
    assert find_bug(bug_id=bug.bug_id).acknowledged_by == "link:ops-mail"

    clock.pass_by(hours=5)
    send_all()
    assert len(hook.got) == 1
    assert len(mail.mails) == 1
    assert events(bug.bug_id) == ["bug.reported", "bug.called", "bug.called", "bug.acknowledged"]
    run = Escalation.objects.get()
    assert (run.state, run.ended_because) == ("ended", "acknowledged by link:ops-mail")


def test_a_message_that_is_tried_again_is_withdrawn_by_the_acknowledgement(
    hook: Receiver, clock: Any, send_all: Run
) -> None:
    webhook(hook)
    policy((0, "ops-hook"))
    bug = reported(**URGENT)
    hook.answers = [(500, {})]
    send_all()
    assert Delivery.objects.get().state == "waiting"
    acknowledge(bug_id=bug.bug_id)
    clock.pass_by(days=4)
    send_all()
    assert len(hook.got) == 1
    assert Delivery.objects.get().state == "withdrawn"


def test_an_agents_acknowledgement_goes_on_calling_for_a_person(hook: Receiver, clock: Any, send_all: Run) -> None:
    webhook(hook)
    policy((0, "ops-hook"), renotify_minutes=10)
    bug = reported(**URGENT)
    send_all()
    with acting_as(actor="bot", door="mcp"):
        acknowledge(bug_id=bug.bug_id)
    clock.pass_by(minutes=10)
    send_all()
    assert len(hook.got) == 2
    with acting_as(actor="kim", door="rest"):
        assert acknowledge(bug_id=bug.bug_id).acknowledged_by == "kim"
    clock.pass_by(minutes=30)
    send_all()
    assert len(hook.got) == 2


def test_a_low_bug_calls_nobody_until_it_becomes_urgent(hook: Receiver, clock: Any, send_all: Run) -> None:
    webhook(hook)
    policy((0, "ops-hook"))
    bug = reported(error_type="DatabaseError", user_impact="low")
    send_all()
    assert (bug.status, bug.acknowledged_by, len(hook.got)) == ("acknowledged", "", 0)
    reported(bug_id=bug.bug_id, error_type="DatabaseError", user_impact="critical")
    send_all()
    assert find_bug(bug_id=bug.bug_id).status == "pending"
    assert len(hook.got) == 1


def test_the_steps_begin_anew_as_often_as_the_policy_says_and_then_nobody_came(
    hook: Receiver, clock: Any, send_all: Run
) -> None:
    webhook(hook)
    policy((0, "ops-hook"), (5, "ops-hook"), repeat=1)
    bug = reported(**URGENT)
    for _ in range(20):
        send_all()
        clock.pass_by(minutes=5)
    assert len(hook.got) == 4
    assert Escalation.objects.get().ended_because == "nobody came"
    assert events(bug.bug_id)[-1] == "bug.unanswered"


def test_an_acknowledged_bug_that_nobody_works_on_calls_again(hook: Receiver, clock: Any, send_all: Run) -> None:
    webhook(hook)
    policy((0, "ops-hook"), ack_timeout_minutes=30)
    bug = reported(**URGENT)
    send_all()
    acknowledge(bug_id=bug.bug_id)
    clock.pass_by(minutes=31)
    send_all()
    send_all()
    assert find_bug(bug_id=bug.bug_id).status == "pending"
    assert len(hook.got) == 2
    acknowledge(bug_id=bug.bug_id)
    investigate(bug_id=bug.bug_id)
    clock.pass_by(hours=9)
    send_all()
    assert len(hook.got) == 2
    assert "bug.acknowledgement_expired" in events(bug.bug_id)


def test_a_muted_bug_waits_and_goes_on_when_it_is_unmuted(hook: Receiver, clock: Any, send_all: Run) -> None:
    webhook(hook)
    policy((0, "ops-hook"))
    bug = reported(**URGENT)
    mute(bug_id=bug.bug_id, until=clock().replace(hour=15))
    send_all()
    assert not hook.got
    mute(bug_id=bug.bug_id, until=None)
    send_all()
    assert len(hook.got) == 1


def test_quiet_hours_hold_a_step_back_but_not_for_critical_bugs(hook: Receiver, clock: Any, send_all: Run) -> None:
    webhook(hook)
    quiet = {"from": "11:00", "until": "14:00", "timezone": "UTC", "except": ["critical"]}
    policy((0, "ops-hook"), quiet=quiet)
    reported(error_type="DatabaseError", user_impact="high")
    reported(**URGENT)
    send_all()
    assert [json.loads(got.body)["data"]["bug"]["priority"] for got in hook.got] == ["critical"]
    clock.pass_by(hours=2)
    send_all()
    assert len(hook.got) == 2


def test_a_run_follows_the_policy_as_it_was_when_it_began(hook: Receiver, clock: Any, send_all: Run) -> None:
    webhook(hook)
    policy((0, "ops-hook"), (5, "ops-hook"))
    reported(**URGENT)
    change_policy(name="day-and-night", steps=[{"delay_minutes": 600, "targets": [{"channel": "ops-hook"}]}])
    remove_policy(name="day-and-night")
    send_all()
    clock.pass_by(minutes=5)
    send_all()
    assert len(hook.got) == 2


def test_a_bug_that_comes_back_calls_anew_and_its_old_link_is_refused(
    mail: MailServer, clock: Any, send_all: Run, client: Client
) -> None:
    mailbox()
    policy((0, "ops-mail"))
    bug = reported(**URGENT)
    send_all()
    page = f"/act/{link_in(mail.mails[0])}"
    client.post(page, {"verb": "resolve", "words": "restored"})
    assert find_bug(bug_id=bug.bug_id).resolution == "restored"
    clock.pass_by(minutes=1)
    reopen(bug_id=bug.bug_id)
    send_all()
    assert len(mail.mails) == 2
    assert client.post(page, {"verb": "acknowledge"}).status_code == 404
    assert find_bug(bug_id=bug.bug_id).status == "pending"
    resolve(bug_id=bug.bug_id, resolution="again")


@pytest.mark.parametrize("spoil", [lambda t: t[:-1], lambda t: "x" + t, lambda t: "a.b.c", lambda t: "nothing"])
def test_an_altered_link_does_nothing(
    mail: MailServer, clock: Any, send_all: Run, client: Client, spoil: Callable[[str], str]
) -> None:
    mailbox()
    policy((0, "ops-mail"))
    bug = reported(**URGENT)
    send_all()
    assert client.post(f"/act/{spoil(link_in(mail.mails[0]))}", {"verb": "acknowledge"}).status_code == 404
    assert find_bug(bug_id=bug.bug_id).status == "pending"
