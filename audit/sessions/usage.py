"""What the models of a session took: told by whoever ran it, in numbers alone, and charged by the price of its time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone

from audit import trail
from audit.budgets import spending
from audit.cost import PriceList, Tokens, cost_micros
from audit.models import AgentSession, ModelPrice, SessionUsage
from audit.permissions.records import column
from audit.sessions import gathering
from audit.verdicts import USAGE_TOLD
from config.context import caller
from config.errors import Forbidden
from config.secrets import keyed

ENTITY = "session"
MOST_AT_ONCE = 500
BATCH = 1_000


class NotYourSession(Forbidden):
    """Somebody else's numbers would be charged to whoever it belongs to."""

    code = "not-your-session"
    remedy = "tell it with the key whose calls are in the session, or with one of scope admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One response of a model."""

    id: str
    tokens: Tokens
    model: str = ""
    at: datetime | None = None
    agent_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of what was told."""

    added: int
    changed: int
    known: int
    """Those that said nothing new."""
    total: int
    """Responses of the session that are known now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a model took for the agent or one of its sub-agents."""

    model: str
    agent_id: str
    responses: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cache_write_hour_tokens: int
    cost_micros: int | None


@transaction.atomic
def tell_usage(*, session_id: str, agent: str = "", responses: Sequence[Response]) -> Taken:
    """Keep what responses of a session took, each once however often it is told: of two accounts the larger counts,
    since agents write one while it grows. Raises NotYourSession."""
    session = gathering.begun(keyed(column(session_id)), agent=agent)
    by = caller()
    if session.person != by.actor and by.scope != "admin":
        raise NotYourSession(f"The session {session.session_id[:100]} belongs to another key.")
    told = {row.response_id: row for row in sorted(_rows(session.session_id, responses), key=_size)}
    known = {row.response_id: row for row in SessionUsage.objects.of(session.session_id).filter(response_id__in=told)}
    added = [row for name, row in told.items() if name not in known]
    changed = [_grown(row, told[name]) for name, row in known.items() if _size(told[name]) > _size(row)]
    _charge([*added, *changed], ModelPrice.objects.listed())
    SessionUsage.objects.bulk_create(added)
    SessionUsage.objects.bulk_update(changed, [*SessionUsage.TOKENS, "model", "cost_micros"])
    if added or changed:
        gathering.sum_up(session.session_id)
        session.refresh_from_db()
        _record(session, added, changed)
        spending.look(session)
    total = SessionUsage.objects.of(session.session_id).count()
    return Taken(added=len(added), changed=len(changed), known=len(told) - len(added) - len(changed), total=total)


def parts_of(session: AgentSession) -> list[Part]:
    """What a session took, by model and sub-agent; the dearest first, and those of unknown price at the end."""
    sums: dict[str, Any] = {name: Sum(name) for name in SessionUsage.TOKENS}
    unpriced = Count("id", filter=Q(cost_micros=None))
    rows = SessionUsage.objects.of(session.session_id).values("model", "agent_id")
    told: Any = rows.annotate(responses=Count("id"), unpriced=unpriced, cost=Sum("cost_micros", default=0), **sums)
    return [_part(**row) for row in told.order_by("-cost", "model", "agent_id")]


def _part(*, unpriced: int, cost: int, **known: Any) -> Part:
    return Part(cost_micros=None if unpriced else cost, **known)


def charge_anew(*, since: datetime) -> int:
    """Charge what was used since a time by today's table; returns how many responses cost something else now."""
    prices, done, last = ModelPrice.objects.listed(), 0, 0
    while rows := list(SessionUsage.objects.filter(at__gte=since, pk__gt=last).order_by("pk")[:BATCH]):
        last = rows[-1].pk
        before = {row.pk: row.cost_micros for row in rows}
        _charge(rows, prices)
        others = [row for row in rows if row.cost_micros != before[row.pk]]
        with transaction.atomic():
            SessionUsage.objects.bulk_update(others, ["cost_micros"])
            for session_id in sorted({row.session_id for row in others}):
                gathering.sum_up(session_id)
        done += len(others)
    return done


def _rows(session_id: str, responses: Iterable[Response]) -> list[SessionUsage]:
    """As they are kept; a clock that is ahead of ours says now."""
    now = timezone.now()
    return [
        SessionUsage(
            session_id=session_id,
            response_id=keyed(column(each.id, 200)),
            agent_id=keyed(column(each.agent_id)),
            model=keyed(column(each.model, 200)),
            at=min(each.at or now, now),
            **dict(zip(SessionUsage.TOKENS, each.tokens, strict=True)),
        )
        for each in responses
    ]


def _size(row: SessionUsage) -> int:
    return sum(row.used)


def _grown(known: SessionUsage, told: SessionUsage) -> SessionUsage:
    for name in SessionUsage.TOKENS:
        setattr(known, name, getattr(told, name))
    known.model = told.model or known.model
    return known


def _charge(rows: Iterable[SessionUsage], prices: PriceList) -> None:
    for row in rows:
        row.cost_micros = cost_micros(row.used, prices.at(row.at, row.model))


def _record(session: AgentSession, added: Sequence[SessionUsage], changed: Sequence[SessionUsage]) -> None:
    sums: dict[str, Any] = {name: getattr(session, name) for name in ("model", "tokens", "cost_micros", "responses")}
    trail.record(
        event_type=USAGE_TOLD,
        entity_type=ENTITY,
        entity_id=session.session_id,
        new_value=sums,
        context={"added": len(added), "changed": len(changed)},
        agent=session.agent,
        session_id=session.session_id,
    )
