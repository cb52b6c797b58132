"""Summing sessions up from the trail, a while behind it: no decision waits for that, and counting again is harmless."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from audit.models import AgentSession, Event
from audit.retention import OTHERS
from audit.verdicts import EXECUTED, MADE

AT_ONCE = 500
"""Sessions summed up in one go; those left are the next one's."""
OVERLAP = 1_000
"""Ids behind the newest that are looked at again: PostgreSQL gives ids before it commits, so one may come late."""


def gather_sessions() -> int:
    """Sum up the sessions that something happened in since; how many."""
    done = 0
    while changed := _changed():
        for session_id in changed:
            _sum_up(session_id)
        done += len(changed)
    return done


def _changed() -> list[str]:
    """The sessions whose newest event is not counted yet, those that waited longest first."""
    counted: int = AgentSession.objects.aggregate(newest=Max("last_event"))["newest"] or 0
    told = Event.objects.filter(pk__gt=counted - OVERLAP, event_type__in=[MADE, EXECUTED]).exclude(session_id="")
    newest = dict(told.values("session_id").annotate(last=Max("id")).order_by("last").values_list("session_id", "last"))
    known = dict(AgentSession.objects.filter(session_id__in=list(newest)).values_list("session_id", "last_event"))
    return [name for name, last in newest.items() if known.get(name, 0) < last][:AT_ONCE]


@transaction.atomic
def _sum_up(session_id: str) -> None:
    events = Event.objects.joined_by("session_id", session_id).filter(event_type__in=[MADE, EXECUTED])
    first = events.order_by("id").first()
    if first is None:  # retention took them meanwhile
        return
    context = first.context or {}
    sums: dict[str, Any] = events.aggregate(
        started_at=Min("timestamp"),
        last_at=Max("timestamp"),
        last_event=Max("id"),
        calls=Count("id", filter=Q(event_type=MADE)),
        allowed=Count("id", filter=Q(decision="allow")),
        denied=Count("id", filter=Q(decision="deny")),
        asked=Count("id", filter=Q(decision="confirm")),
        run=Count("id", filter=Q(event_type=EXECUTED)),
    )
    project = str(context.get("root") or context.get("cwd") or "")
    known = {"agent": first.agent, "person": first.actor, "project": project, **sums}
    AgentSession.objects.update_or_create(session_id=first.session_id, defaults=known)


def prune_sessions(days: dict[str, int]) -> int:
    """Forget the sessions whose decisions retention has taken, and how many those were."""
    kept = days.get(MADE, days.get(OTHERS))
    if kept is None:
        return 0
    gone = AgentSession.objects.filter(last_at__lt=timezone.now() - timedelta(days=kept))
    return gone.delete()[0]
