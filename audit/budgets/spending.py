"""What was taken of budgets, and what becomes of one that is passed: an event, and denials where it says so."""

from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from audit import trail
from audit.models import AgentSession, Budget, BudgetPassing, SessionUsage
from audit.models.budgets import day_of
from audit.permissions import store

PASSED, ENTITY = "budget.passed", "budget"
MOST_LOOKED_AT = 500
"""Sessions of a day that a new budget is held to at once."""


class Spent(NamedTuple):
    """What was taken; of money what is known of it."""

    cost_micros: int
    tokens: int


def look(session: AgentSession) -> None:
    """Hold a session, of which something new is known, to every budget it is under."""
    for budget in Budget.objects.all():
        if budget.is_for(agent=session.agent, project=session.project, person=session.person):
            _look(budget, session)


def look_anew(budget: Budget) -> None:
    """Hold to a budget what was taken today already."""
    today = AgentSession.objects.filter(_is_under(budget), last_at__gte=day_of(timezone.now())[0]).newest_first()
    for session in today[: 1 if budget.period == Budget.Period.DAY else MOST_LOOKED_AT]:
        _look(budget, session)


def spent_on(budget: Budget, moment: datetime) -> Spent:
    """What its sessions took on the day."""
    start, end = day_of(moment)
    sessions = AgentSession.objects.filter(_is_under(budget)).values("session_id")
    return _sum(SessionUsage.objects.filter(at__gte=start, at__lt=end, session_id__in=sessions))


def _look(budget: Budget, session: AgentSession) -> None:
    now = timezone.now()
    if budget.period == Budget.Period.SESSION:
        spent = Spent(session.known_cost_micros, session.tokens or 0)
        known: dict[str, Any] = {"session_id": session.session_id, "until": None}
    else:
        spent, known = spent_on(budget, now), {"session_id": "", "until": day_of(now)[1]}
    if not _is_passed(budget, spent):
        return
    taken = {"cost_micros": spent.cost_micros, "tokens": spent.tokens}
    passing, is_new = BudgetPassing.objects.get_or_create(budget=budget, **known, defaults=taken)
    if is_new:
        _tell(budget, passing, session)


def _is_passed(budget: Budget, spent: Spent) -> bool:
    money, tokens = budget.most_cost_micros, budget.most_tokens
    return (money is not None and spent.cost_micros > money) or (tokens is not None and spent.tokens > tokens)


def _is_under(budget: Budget) -> Q:
    wanted = Q(**{name: value for name in ("agent", "person") if (value := getattr(budget, name))})
    if place := budget.project.rstrip("/"):
        wanted &= Q(project=place) | Q(project__startswith=f"{place}/")
    return wanted


def _sum(rows: QuerySet[SessionUsage]) -> Spent:
    sums = rows.aggregate(cost=Sum("cost_micros", default=0), tokens=Sum(SessionUsage.ALL_TOKENS, default=0))
    return Spent(sums["cost"], sums["tokens"])


def _tell(budget: Budget, passing: BudgetPassing, session: AgentSession) -> None:
    spent = {"cost_micros": passing.cost_micros, "tokens": passing.tokens}
    most = {"most_cost_micros": budget.most_cost_micros, "most_tokens": budget.most_tokens}
    trail.record(
        event_type=PASSED,
        entity_type=ENTITY,
        entity_id=str(budget.uid),
        new_value={"budget": str(budget), **most, **spent, "denies": budget.denies},
        context={"project": session.project, "person": session.person},
        agent=session.agent,
        session_id=session.session_id,
    )
    if budget.denies:
        store.compile_after_commit()
