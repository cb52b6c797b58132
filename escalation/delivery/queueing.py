"""What is to be sent, as rows: made in the transaction of what it tells of, sent after it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from audit.models import Approval
from config.context import caller
from config.jobs.sending import send
from escalation.models import Bug, Channel, Delivery, DeliveryState, Escalation, Purpose

DELIVER = "escalation.deliver"
SHOWN_MESSAGE = 1000


def queue_call(run: Escalation, targets: Iterable[tuple[Channel, str]]) -> list[Delivery]:
    """A call about a bug to each channel, with whom it is for."""
    notice = bug_notice(run)
    now = timezone.now()
    made = [
        Delivery(
            channel=channel,
            bug=run.bug,
            escalation=run,
            purpose=Purpose.CALL,
            recipient=recipient,
            notice=notice,
            created_at=now,
            **_standing(channel, now),
        )
        for channel, recipient in targets
    ]
    return _queued(made)


def queue_test(channel: Channel) -> Delivery:
    text = f"{caller().actor} tries the channel {channel.name}. Nothing has happened, and nothing is to be done."
    notice = {"type": "channel.test", "title": f"Handrail: a test of {channel.name}", "text": text}
    return queue_notice([channel], notice, purpose=Purpose.TEST)[0]


def queue_notice(
    channels: Iterable[Channel], notice: Mapping[str, Any], *, purpose: Purpose, approval: Approval | None = None
) -> list[Delivery]:
    """The same to each channel."""
    now = timezone.now()
    made = [
        Delivery(
            channel=channel,
            approval=approval,
            purpose=purpose,
            recipient=channel.name,
            notice=dict(notice),
            created_at=now,
            **_standing(channel, now),
        )
        for channel in channels
    ]
    return _queued(made)


def bug_notice(run: Escalation) -> dict[str, Any]:
    """What is said of a bug as it is now."""
    bug, rules = run.bug, run.rules
    title = f"[{bug.priority}] {bug.error_type}: {bug.error_message.strip().partition(chr(10))[0]}"[:200]
    facts = {
        "Bug": bug.bug_id,
        "Project": bug.project.name,
        "Priority": f"{bug.priority} ({bug.score})",
        "Seen": f"{bug.frequency} times, last at {bug.last_seen_at:%Y-%m-%d %H:%M} UTC",
        "Assignee": bug.assignee or "nobody",
        "Deadline": "none" if bug.deadline_at is None else f"{bug.deadline_at:%Y-%m-%d %H:%M} UTC",
        "Called by": f"policy {rules['name']}, step {run.step + 1} of {len(rules['steps'])}",
    }
    return {
        "type": "bug.escalated",
        "title": title,
        "text": bug.error_message[:SHOWN_MESSAGE],
        "facts": facts,
        "data": {"bug": _of_bug(bug), "policy": rules["name"], "step": run.step + 1, "round": run.round + 1},
        "url": settings.PUBLIC_URL + reverse("admin:escalation_bug_change", args=[bug.pk]),
    }


def _of_bug(bug: Bug) -> Mapping[str, Any]:
    names = ("bug_id", "error_type", "status", "priority", "score", "frequency", "users", "assignee")
    return {name: getattr(bug, name) for name in names} | {"project": bug.project.slug}


def _standing(channel: Channel, at: datetime) -> dict[str, Any]:
    """To be sent now; by a channel that is off never, which is seen so."""
    if channel.is_active:
        return {"next_attempt_at": at}
    because = channel.off_because or "somebody turned it off"
    error = f"The channel is off: {because}"
    return {"state": DeliveryState.DEAD, "next_attempt_at": None, "finished_at": at, "error": error}


def _queued(made: list[Delivery]) -> list[Delivery]:
    Delivery.objects.bulk_create(made)
    for delivery in made:
        if delivery.next_attempt_at is not None:
            send(DELIVER, str(delivery.pk))
    return made
