"""A bug that begins to call starts a policy, and one that ceases to call stops it, in the transaction of the change."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from config.jobs.sending import send
from escalation.calling.steps import delay_before
from escalation.models import Bug, Delivery, Escalation, EscalationState, Policy, Status

if TYPE_CHECKING:
    from datetime import datetime

WAKE = "escalation.page"
"""The job that makes what is due."""


def follow(bugs: Sequence[Bug]) -> None:
    """Begin and end the calling of bugs whose status, priority or person changed; they are saved and locked."""
    if not bugs:
        return
    now = timezone.now()
    if silent := [bug for bug in bugs if not bug.still_calls]:
        _stop(silent, at=now)
    if waiting := [bug for bug in bugs if bug.status == Status.PENDING]:
        _start(waiting, at=now)


def _start(bugs: Sequence[Bug], *, at: "datetime") -> None:
    policies = list(Policy.objects.in_order().filter(is_active=True).prefetch_related("projects"))
    if not policies:
        return
    called = set(Escalation.objects.running().filter(bug__in=bugs).values_list("bug_id", flat=True))
    begun = [
        _begin(bug, policy, at=at)
        for bug in bugs
        if bug.pk not in called and (policy := policy_for(bug, policies)) is not None
    ]
    if begun:
        # What waits for work after an acknowledgement gives way to what calls anew.
        Escalation.objects.filter(bug__in=[run.bug_id for run in begun]).exclude(state=EscalationState.ENDED).update(
            state=EscalationState.ENDED, ended_at=at, due_at=None, ended_because="it calls anew"
        )
        Escalation.objects.bulk_create(begun)
        send(WAKE)


def policy_for(bug: Bug, policies: Sequence[Policy]) -> Policy | None:
    """The first that is for the bug's priority and its project, or for any project."""
    for policy in policies:
        projects = {project.pk for project in policy.projects.all()}
        if bug.priority in policy.priorities and (not projects or bug.project_id in projects):
            return policy
    return None


def _begin(bug: Bug, policy: Policy, *, at: "datetime") -> Escalation:
    rules = policy.rules()
    return Escalation(bug=bug, policy=policy, rules=rules, began_at=at, due_at=at + delay_before(rules, 0))


def _stop(bugs: Sequence[Bug], *, at: "datetime") -> None:
    """The run first: who makes a step holds its row, so no delivery is made after those that are withdrawn here."""
    runs = Escalation.objects.exclude(state=EscalationState.ENDED).filter(bug__in=bugs)
    for run in runs.select_for_update(of=("self",)).select_related("bug"):
        _end_or_wait(run, at=at)
    Delivery.objects.filter(bug__in=bugs, escalation__isnull=False).withdraw(at=at)


def _end_or_wait(run: Escalation, *, at: "datetime") -> None:
    bug, timeout = run.bug, run.rules["ack_timeout_minutes"]
    if bug.status == Status.ACKNOWLEDGED and timeout:
        if run.state != EscalationState.ACKNOWLEDGED:
            run.state, run.due_at = EscalationState.ACKNOWLEDGED, at + timedelta(minutes=timeout)
    else:
        run.state, run.due_at, run.ended_at = EscalationState.ENDED, None, at
    run.ended_because = f"{bug.status} by {bug.resolved_by or bug.acknowledged_by}"[:255]
    run.save()
