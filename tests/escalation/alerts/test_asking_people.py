"""What agents wait for goes out to people, who answer by the link of a mail or a button in Slack."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from audit.models import Approval
from audit.permissions import decisions, store
from audit.permissions.approvals import answering
from escalation.alerts.alerts import change_alert
from escalation.delivery.channels import add_channel
from escalation.models import Delivery
from tests.escalation.paging.makers import mailbox
from tests.escalation.paging.sinks import MailServer, Receiver
from tests.escalation.paging.test_calling import link_in
from tests.escalation.paging.test_slack_buttons import SECRET, button, press

pytestmark = pytest.mark.django_db
CALL = {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": "git push origin main"}}


def codex_asks() -> Approval:
    decisions.answer_hook(agent="codex", payload={**CALL, "cwd": "/srv/shop", "session_id": "s1"})
    return Approval.objects.latest("pk")


@pytest.fixture
def asked(mail: MailServer, look: Callable[[], int]) -> Approval:
    """A call that waits, and the mail about it."""
    store.create_rule(tool="Bash", specifier="git push *", decision="confirm", reason="seen by others")
    mailbox()
    change_alert(name="approval-requested", channels=["ops-mail"], is_active=True)
    approval = codex_asks()
    look()
    return approval


def test_the_link_shows_the_whole_call_and_approves_it_once(asked: Approval, mail: MailServer, client: Client) -> None:
    assert "Approve or deny it:" in mail.mails[0]
    page = f"/act/{link_in(mail.mails[0])}"
    shown = client.get(page).content.decode()
    assert "git push origin main" in shown
    assert "seen by others" in shown
    asked.refresh_from_db()
    assert asked.status == "pending"  # looking at it answers nothing
    assert "may run it once" in client.post(page, {"verb": "approve"}).content.decode()
    asked.refresh_from_db()
    assert (asked.status, asked.decided_by) == ("approved", "link:ops-mail")
    assert client.post(page, {"verb": "deny"}).status_code == 409
    assert client.post(page, {"verb": "acknowledge"}).status_code == 404


def test_the_link_denies_it_with_a_reason_for_the_agent(asked: Approval, mail: MailServer, client: Client) -> None:
    client.post(f"/act/{link_in(mail.mails[0])}", {"verb": "deny", "words": "not on a Friday"})
    asked.refresh_from_db()
    assert (asked.status, asked.note) == ("denied", "not on a Friday")


def test_a_message_cannot_approve_where_somebody_else_must(
    asked: Approval, mail: MailServer, client: Client, settings: Any
) -> None:
    settings.APPROVAL_BY_OTHERS = True
    answer = client.post(f"/act/{link_in(mail.mails[0])}", {"verb": "approve"})
    assert (answer.status_code, Approval.objects.get().status) == (403, "pending")
    client.post(f"/act/{link_in(mail.mails[0])}", {"verb": "deny"})
    assert Approval.objects.get().status == "denied"


def test_what_was_answered_meanwhile_is_asked_of_nobody(
    asked: Approval, mail: MailServer, look: Callable[[], int], clock: Any, client: Client
) -> None:
    mail.refuses = ["451 later"]
    answering.answer(approval=asked.pk, verdict="denied")
    page = client.get(f"/act/{link_in(mail.mails[0])}").content.decode()
    assert "asked for this" in page
    assert 'value="approve"' not in page
    clock.pass_by(hours=3)
    second = codex_asks()
    assert look() > 0
    assert (len(mail.mails), Delivery.objects.get(approval=second).state) == (1, "waiting")
    answering.answer(approval=second.pk, verdict="approved")
    clock.pass_by(minutes=1)
    look()
    assert (len(mail.mails), Delivery.objects.get(approval=second).state) == (1, "withdrawn")


@pytest.mark.parametrize(("verb", "status"), [("approve", "approved"), ("deny", "denied")])
def test_a_button_in_slack_answers(
    asked: Approval, hook: Receiver, look: Callable[[], int], client: Client, verb: str, status: str
) -> None:
    add_channel(name="chat", kind="slack", details={"url": f"{hook.url}/T0/B0/x", "signing_secret": SECRET})
    change_alert(name="approval-requested", channels=["chat"])
    answering.answer(approval=asked.pk, verdict="denied")
    Approval.objects.update(counts_until=asked.asked_at)
    second = codex_asks()
    look()
    assert press(client, button(hook, verb)).status_code == 200
    second.refresh_from_db()
    assert (second.status, second.decided_by) == (status, "slack:kim")
