"""A call to confirm where the agent has nobody to ask: the request for it, and the answer once there is one.

A request is about one call: who asks, for which agent and session, in which folder, by which tool, with which input.
"""

import hashlib
import json
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import trail
from audit.models import Approval
from audit.permissions.approvals import reach
from audit.permissions.deciding import Asked, Decision
from audit.permissions.hooks import Request
from audit.permissions.records import column
from audit.permissions.showing import cannot_be_shown, told
from config.context import caller

ENTITY = "approval"
MOST_WAITING = 200
"""Requests of one caller: more would keep people from reading any."""
_TALK = frozenset({"description", "explanation", "justification"})
"""What an agent says about a command, in other words each time; it changes nothing that runs."""
_MOST_TOLD = 2_000
_TRIES = 3


def settled(request: Request, decision: Decision) -> tuple[Decision, Approval | None]:
    """A decision to confirm, with what a person has said of this very call, or with the request that waits for it."""
    if why := cannot_be_shown(request.call):
        return decision._replace(asked=Asked(f"A person must confirm this and cannot be asked here: {why}.")), None
    row = _current(request, decision)
    if row is None:
        crowded = f"A person must confirm this, and {MOST_WAITING} requests of yours wait already: wait for answers."
        return decision._replace(asked=Asked(crowded)), None
    asked = Asked(_sentence(row), row.pk)
    match row.status:
        case Approval.Status.APPROVED:
            allowed = f"{row.decided_by} approved this call (approval {row.pk})"
            return decision._replace(decision="allow", rule=None, reason=allowed, asked=asked), row
        case Approval.Status.PENDING:
            return decision._replace(asked=asked), row
    return decision._replace(decision="deny", reason=asked.sentence, asked=asked), row


def call_hash(request: Request, actor: str) -> str:
    """Of the exact call, and of whose it is."""
    call = request.call
    given = {name: value for name, value in call.input.items() if call.tool != "Bash" or name not in _TALK}
    whole = [actor, request.agent, request.session_id, call.cwd, call.root, call.tool, given]
    return hashlib.sha256(json.dumps(whole, sort_keys=True, default=str).encode()).hexdigest()


def _current(request: Request, decision: Decision) -> Approval | None:
    """The request that speaks of the call: one that is there, else a new one; None where too many wait."""
    key = call_hash(request, caller().actor)
    for _ in range(_TRIES):
        with transaction.atomic():
            row = Approval.objects.select_for_update().filter(call_hash=key).first()
            if row is not None and row.is_overdue:
                expire(row)
            if row is not None and row.counts_for(request.tool_use_id):
                return _joined(row, request)
        if Approval.objects.waiting().filter(asked_by=caller().actor).count() >= MOST_WAITING:
            return None
        try:
            return _requested(key, request, decision)
        except IntegrityError:  # another process asked the same a moment before
            continue
    raise RuntimeError("An approval came and went at each try.")


def _joined(row: Approval, request: Request) -> Approval:
    """Asked again: one more who waits, or the one use of a yes."""
    if row.status == Approval.Status.PENDING:
        row.times += 1
        row.save(update_fields=["times"])
    elif row.status == Approval.Status.APPROVED and row.used_at is None:
        row.used_at, row.used_by = timezone.now(), request.tool_use_id[:128]
        row.save(update_fields=["used_at", "used_by"])
        record(row, "used")
    return row


@transaction.atomic
def _requested(key: str, request: Request, decision: Decision) -> Approval:
    call, by = request.call, caller()
    row = Approval.objects.create(
        call_hash=key,
        agent=column(request.agent, 100),
        session_id=request.session_id,
        tool_name=call.tool[:200],
        tool_input=dict(call.input),
        told=told(call),
        cwd=_text(call.cwd),
        rule=decision.rule.text if decision.rule else "",
        reason=_text(decision.reason),
        asked_by=by.actor,
        asked_for=by.person or by.actor.removeprefix("console:"),
        expires_at=timezone.now() + lifetime(),
    )
    record(row, "requested")
    return row


def expire(row: Approval) -> None:
    """Nobody answered: denied."""
    row.close(Approval.Status.EXPIRED, counts_for=lifetime())
    row.save()
    record(row, "expired")


def lifetime() -> timedelta:
    """How long a request waits, and how long an answer counts."""
    return timedelta(minutes=settings.APPROVAL_MINUTES)


def state(row: Approval) -> dict[str, Any]:
    """What the trail keeps of a request."""
    call = row.told if len(row.told) <= _MOST_TOLD else f"{row.told[:_MOST_TOLD]}... ({len(row.told):,} characters)"
    known = {name: getattr(row, name) for name in ("status", "cwd", "rule", "reason", "decided_by", "note")}
    named = {"tool": row.tool_name, "call": call, "expires_at": row.expires_at.isoformat()}
    return {name: value for name, value in {**named, **known}.items() if value}


def record(row: Approval, what: str) -> None:
    """An event for each step; who sends requests on to people listens for them on the bus."""
    trail.record(
        event_type=f"approval.{what}",
        entity_type=ENTITY,
        entity_id=str(row.pk),
        new_value=state(row),
        agent=row.agent,
        session_id=row.session_id,
    )


def _sentence(row: Approval) -> str:
    """What the agent is told of it."""
    note = f": {row.note}" if row.note else ""
    match row.status:
        case Approval.Status.APPROVED:
            return f"{row.decided_by} approved this{note}"
        case Approval.Status.DENIED:
            return f"{row.decided_by} denied this (approval {row.pk}){note}. Do not try it again."
        case Approval.Status.EXPIRED:
            return f"Nobody answered approval {row.pk} in time, so it is denied. Ask the user."
    until = f"{row.expires_at:%H:%M} UTC"
    pending = f"Denied for now: a person must confirm this, and approval {row.pk} is pending until {until}"
    nobody = reach.nobody()
    if nobody:
        return f"{pending}; but {nobody}. Tell the user."
    return f"{pending} ({reach.address(row)}). Go on with other work, then retry the same call: it finds the answer."


def _text(value: str) -> str:
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
