"""What an alert does when it fires: the bug it opens, the messages it sends."""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from django.conf import settings

from audit.models import Approval, Event
from audit.permissions.approvals import reach
from config.pages.leads import admin_page
from escalation.alerts.matching import told
from escalation.delivery.queueing import queue_notice
from escalation.fields import LONGEST_TEXT, check_metadata
from escalation.models import Alert, Bug, Channel, Delivery, Purpose
from escalation.reports import report_bug

ASKED = "approval.requested"
TEST = "This is a test of the alert. Nothing has happened."
LONGEST_TITLE = 200


def open_bug(alert: Alert, subject: str, events: Sequence[Event]) -> Bug | None:
    """One bug of each subject, which counts however often it happens; None where the alert opens none."""
    if not alert.bug_impact:
        return None
    newest = events[-1]
    return report_bug(
        bug_id=_bug_id(alert.name, subject),
        error_type=error_type_of(alert.name),
        error_message=told(alert.message, newest)[:LONGEST_TEXT],
        user_impact=alert.bug_impact,
        frequency=len(events) if alert.count == 1 else 1,
        metadata=_metadata(newest),
        tags=["alert"],
    )


def send(alert: Alert, events: Sequence[Event]) -> list[Delivery]:
    """A message by each of its channels."""
    newest = events[-1]
    approval = _approval_of(newest)
    return queue_notice(_channels(alert), _notice(alert, newest, approval), purpose=Purpose.ALERT, approval=approval)


def open_test_bug(alert: Alert, like: Event) -> Bug | None:
    if not alert.bug_impact:
        return None
    return report_bug(
        bug_id=f"{alert.name}:test",
        error_type=error_type_of(alert.name),
        error_message=f"{TEST} It would say: {told(alert.message, like)}",
        user_impact=alert.bug_impact,
        tags=["alert", "test"],
    )


def send_test(alert: Alert, like: Event) -> list[Delivery]:
    notice = _notice(alert, like, None)
    said = {**notice, "type": "alert.test", "title": f"Test: {notice['title']}"[:LONGEST_TITLE], "text": TEST}
    return queue_notice(_channels(alert), said, purpose=Purpose.TEST)


def error_type_of(name: str) -> str:
    """`prompt-regression` is PromptRegression."""
    return "".join(word.capitalize() for word in name.split("-"))


def _channels(alert: Alert) -> list[Channel]:
    return list(Channel.objects.filter(name__in=alert.channels).order_by("name"))


def _approval_of(event: Event) -> Approval | None:
    """The request that the message can answer, while it waits."""
    if event.event_type != ASKED or not event.entity_id.isascii() or not event.entity_id.isdigit():
        return None
    return Approval.objects.waiting().filter(pk=int(event.entity_id[:18])).first()


def _notice(alert: Alert, event: Event, approval: Approval | None) -> dict[str, Any]:
    facts = {"Event": event.event_type, "Of": f"{event.entity_type} {event.entity_id}"[:LONGEST_TITLE]}
    facts |= {"By": event.actor, "Agent": event.agent} if event.agent else {"By": event.actor}
    said = told(alert.message, event)
    notice = {
        "type": "alert.fired",
        "title": said[:LONGEST_TITLE],
        "text": said if len(said) > LONGEST_TITLE else "",
        "data": {"alert": alert.name, "event": str(event.uid), "event_type": event.event_type},
    }
    if approval is None:
        page = admin_page("audit", "event", event.pk) if event.pk else admin_page("escalation", "alert", alert.pk)
        return {**notice, "facts": {**facts, "Alert": alert.name}, "url": settings.PUBLIC_URL + page}
    facts = {"Why": approval.reason, "Folder": approval.cwd, "Until": f"{approval.expires_at:%Y-%m-%d %H:%M} UTC"}
    facts = {"Agent": approval.agent or approval.asked_by, **{name: value for name, value in facts.items() if value}}
    return {**notice, "text": approval.told, "facts": facts, "url": reach.address(approval)}


def _metadata(event: Event) -> dict[str, Any]:
    """Where to look, and what was found unless it is too much."""
    where = {"event": str(event.uid), "entity_type": event.entity_type, "entity_id": event.entity_id}
    found = {"context": event.context, "result": event.new_value}
    return where if any(check_metadata("metadata", found)) else where | found


def _bug_id(name: str, subject: str) -> str:
    """The subject itself where it can stand in a path, else the same with a hash that keeps it unlike others."""
    if not subject:
        return name
    plain = re.sub(r"[^A-Za-z0-9._:-]+", "-", subject)[:150]
    suffix = "" if plain == subject else f"-{hashlib.sha256(subject.encode()).hexdigest()[:12]}"
    return f"{name}:{plain}{suffix}"
