"""One try of a delivery: taken, sent outside of any transaction, and what became of it written down."""

import json
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.trail import record
from config.errors import DomainError
from config.jobs.sending import send, send_after
from config.outbound import Call
from config.outbound import send as send_out
from escalation.channels.kinds import kind_of
from escalation.channels.notice import Given, Notice
from escalation.channels.outcome import Outcome
from escalation.delivery.answering import answers_to
from escalation.delivery.links import act_url
from escalation.delivery.queueing import DELIVER
from escalation.delivery.schedule import wait_after
from escalation.models import Attempt, Channel, Delivery, DeliveryState

LEASE = timedelta(minutes=2)
"""How long a sender that was killed keeps others from trying; a try takes at most 20 seconds."""
SOON = timedelta(minutes=1)
"""A next try that is nearer has a job of its own; the others are found when they are due."""
MOST_AT_ONCE = 200
GIVE_UP_ON = timedelta(days=3)
"""A channel that failed so long when a message dies is turned off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    outcome: Outcome
    began_at: datetime
    duration_ms: int


def send_due(*, limit: int = MOST_AT_ONCE) -> int:
    """Give every delivery that is due to a job of its own: a receiver that hangs holds up nobody else."""
    due = Delivery.objects.due(at=timezone.now()).order_by("next_attempt_at").values_list("pk", flat=True)[:limit]
    for pk in list(due):
        send(DELIVER, str(pk))
    return len(due)


def deliver(*, delivery_id: UUID | str) -> Delivery | None:
    """Try once what is due; None when it is not, or somebody else is at it."""
    delivery = Delivery.objects.select_related("channel", "approval").filter(pk=delivery_id).first()
    now = timezone.now()
    if delivery is not None and delivery.asks_in_vain:
        Delivery.objects.filter(pk=delivery.pk).withdraw(at=now)
    if delivery is None or not delivery.claim(at=now, lease=LEASE):
        return None
    started = time.monotonic()
    outcome = _tried(delivery, delivery.channel, now)
    took = round((time.monotonic() - started) * 1000)
    return _settle(delivery, _Tried(outcome=outcome, began_at=now, duration_ms=took))


def say_in_slack(*, address: str, text: str) -> int:
    """To the address that Slack gave with a press of a button. Raises OutboundRefused, OutboundFailed."""
    body = json.dumps({"text": text, "replace_original": False, "response_type": "in_channel"}).encode()
    return send_out(Call(url=address, headers={"Content-Type": "application/json"}, body=body)).status


def notice_of(delivery: Delivery, at: datetime) -> Notice:
    """What is sent at this moment, with the link by which this very message may be answered."""
    said = dict(delivery.notice)
    if delivery.bug_id:
        said["data"] = {**said.get("data", {}), "thread": f"bug-{delivery.bug_id}"}
    answers = answers_to(delivery)
    url = act_url(delivery) if answers else ""
    return Notice(id=f"msg_{delivery.pk.hex}", act_url=url, answers=answers, sent_at=int(at.timestamp()), **said)


def _tried(delivery: Delivery, channel: Channel, at: datetime) -> Outcome:
    if not channel.is_active:
        return Outcome(request={}, error=f"The channel is off: {channel.off_because or 'somebody turned it off'}")
    try:
        given = Given(details=channel.details, secrets=channel.secrets())
        return kind_of(channel.kind).send(notice_of(delivery, at), given)
    except DomainError as error:  # a secret under a key that is not here
        return Outcome(request={}, error=error.detail)


@transaction.atomic
def _settle(delivery: Delivery, tried: _Tried) -> Delivery:
    outcome, now = tried.outcome, timezone.now()
    _keep(delivery, tried)
    channel = Channel.objects.select_for_update().get(pk=delivery.channel_id)
    locked = Delivery.objects.select_for_update().get(pk=delivery.pk)
    if locked.state == DeliveryState.WITHDRAWN:
        return locked  # somebody took notice while it was on its way
    locked.error = outcome.error
    if not outcome.error:
        _end(locked, DeliveryState.DELIVERED, now)
        Channel.objects.filter(pk=channel.pk).update(failing_since=None, last_sent_at=now)
    else:
        _fail(locked, channel, outcome, now)
    locked.save()
    return locked


def _fail(delivery: Delivery, channel: Channel, outcome: Outcome, now: datetime) -> None:
    channel.failing_since = channel.failing_since or now
    wait = wait_after(delivery.attempts, retry_after_seconds=outcome.retry_after_seconds)
    if outcome.is_gone or wait is None or not channel.is_active:
        _end(delivery, DeliveryState.DEAD, now)
        _tell_dead(delivery, channel)
        if channel.is_active and (outcome.is_gone or now - channel.failing_since >= GIVE_UP_ON):
            _turn_off(channel, "its receiver is gone (410)" if outcome.is_gone else "it failed for three days")
    else:
        delivery.state, delivery.next_attempt_at = DeliveryState.WAITING, now + wait
        if wait < SOON:
            pk = str(delivery.pk)
            transaction.on_commit(lambda: send_after(wait.total_seconds(), DELIVER, pk))
    channel.save(update_fields=["failing_since", "is_active", "off_because"])


def _end(delivery: Delivery, state: DeliveryState, now: datetime) -> None:
    delivery.state, delivery.next_attempt_at, delivery.finished_at = state, None, now


def _turn_off(channel: Channel, because: str) -> None:
    before = channel.state()
    channel.is_active, channel.off_because = False, because
    record(
        event_type="channel.turned_off",
        entity_type="channel",
        entity_id=channel.name,
        old_value=before,
        new_value=channel.state(),
    )


def _tell_dead(delivery: Delivery, channel: Channel) -> None:
    record(
        event_type="delivery.died",
        entity_type="delivery",
        entity_id=str(delivery.pk),
        context={
            "purpose": delivery.purpose,
            "channel": channel.name,
            "attempts": delivery.attempts,
            "error": delivery.error,
        },
    )


def _keep(delivery: Delivery, tried: _Tried) -> None:
    outcome = tried.outcome
    Attempt.objects.create(
        delivery=delivery,
        began_at=tried.began_at,
        duration_ms=tried.duration_ms,
        succeeded=not outcome.error,
        status=outcome.status,
        error=outcome.error,
        request=outcome.request,
        response=outcome.response,
    )
