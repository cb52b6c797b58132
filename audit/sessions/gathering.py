"""Summing sessions up from the trail, a while behind it: no decision waits for that, and counting again is harmless."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, Min, Q, Sum
from django.utils import timezone

from audit.models import AgentSession, BudgetPassing, Event, EventQuerySet, SessionUsage
from audit.retention import OTHERS
from audit.verdicts import EXECUTED, MADE
from config.context import caller

AT_ONCE = 500
"""Sessions summed up in one go; those left are the next one's."""
OVERLAP = 1_000
"""Ids behind the newest that are looked at again: PostgreSQL gives ids before it commits, so one may come late."""


def gather_sessions() -> int:
    """Sum up the sessions that something happened in since; how many."""
    done = 0
    while changed := _changed():
        for session_id in changed:
            sum_up(session_id)
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
def begun(session_id: str, *, agent: str = "") -> AgentSession:
    """The session, locked; where the trail has nothing of it yet, it is the caller's."""
    first = _events(session_id).order_by("id").first()
    now = timezone.now()
    known = {
        "agent": first.agent if first else agent,
        "person": first.actor if first else caller().actor,
        "started_at": first.timestamp if first else now,
        "last_at": first.timestamp if first else now,
    }
    AgentSession.objects.get_or_create(session_id=session_id, defaults=known)
    return AgentSession.objects.select_for_update().get(session_id=session_id)


@transaction.atomic
def sum_up(session_id: str) -> None:
    """Count it anew: what the trail has of it, and what its models took."""
    session = begun(session_id)
    used, done = _of_usage(session_id), _of_events(session_id)
    for name, value in {**used, **done}.items():
        setattr(session, name, value)
    session.save()


def _of_events(session_id: str) -> dict[str, Any]:
    """Nothing where retention took them meanwhile."""
    events = _events(session_id)
    first = events.order_by("id").first()
    if first is None:
        return {}
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
    return {"agent": first.agent, "person": first.actor, "project": project, **sums}


def _of_usage(session_id: str) -> dict[str, Any]:
    rows = SessionUsage.objects.of(session_id)
    sums: dict[str, Any] = rows.aggregate(
        started_at=Min("at"),
        last_at=Max("at"),
        responses=Count("id"),
        unpriced=Count("id", filter=Q(cost_micros=None)),
        tokens=Sum(SessionUsage.ALL_TOKENS),
        known_cost_micros=Sum("cost_micros", default=0),
    )
    if not sums["responses"]:
        return {}
    wrote = rows.values("model").annotate(wrote=Sum("output_tokens")).order_by("-wrote", "model")
    cost = None if sums["unpriced"] else sums["known_cost_micros"]
    return {**sums, "model": wrote.values_list("model", flat=True)[0], "cost_micros": cost}


def _events(session_id: str) -> EventQuerySet:
    return Event.objects.joined_by("session_id", session_id).filter(event_type__in=[MADE, EXECUTED])


def prune_sessions(days: dict[str, int]) -> int:
    """Forget the sessions whose decisions retention has taken, or older than SESSION_DAYS, and how many those were."""
    bounds = [*filter(None, (days.get(MADE, days.get(OTHERS)), settings.SESSION_DAYS))]
    if not bounds:
        return 0
    kept = min(bounds)
    gone = AgentSession.objects.filter(last_at__lt=timezone.now() - timedelta(days=kept))
    for rows in (SessionUsage.objects, BudgetPassing.objects):
        rows.filter(session_id__in=gone.values("session_id")).delete()
    BudgetPassing.objects.filter(until__lt=timezone.now() - timedelta(days=kept)).delete()
    return gone.delete()[0]
