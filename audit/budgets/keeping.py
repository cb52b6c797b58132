"""Budgets in the database: setting, and removing one."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from audit import trail
from audit.budgets import spending
from audit.models import Budget
from audit.models.budgets import LONGEST_PERSON
from audit.permissions import store
from audit.permissions.latitude.choosing import ScopeRefused, check_scope
from config.errors import NotFound
from config.home import PROGRAM
from config.identifiers import row_of

ENTITY = "budget"
MOST = 10**15
"""Of micro-dollars and of tokens: a thousand million dollars."""


class BudgetNotFound(NotFound):
    code = "budget-not-found"


@transaction.atomic
def set_budget(
    *,
    period: str,
    agent: str = "",
    project: str = "",
    person: str = "",
    most_cost_micros: int | None = None,
    most_tokens: int | None = None,
    denies: bool = False,
) -> Budget:
    """Say what sessions may take; it replaces the one for the same. Holds at once, also where it is passed already.

    Raises ScopeRefused, AdminOnly.
    """
    store.require_admin()
    check_scope(agent, project)
    _check(period, person, most_cost_micros, most_tokens)
    row = Budget.objects.locked().filter(period=period, agent=agent, project=project, person=person).first()
    before = state(row) if row else None
    row = row or Budget(period=period, agent=agent, project=project, person=person)
    row.most_cost_micros, row.most_tokens, row.denies = most_cost_micros, most_tokens, denies
    if state(row) != before:
        row.save()
        row.passings.all().delete()  # what was passed was another one
        _tell(row, "budget.set", before, state(row))
        spending.look_anew(row)
    return row


@transaction.atomic
def remove_budget(*, uid: str) -> None:
    """Raises BudgetNotFound, AdminOnly."""
    store.require_admin()
    missing = BudgetNotFound(f"There is no budget {uid[:64]}. `{PROGRAM} budgets list` shows those there are.")
    row = row_of(Budget.objects.locked(), uid, missing)
    before = state(row)
    row.delete()
    _tell(row, "budget.removed", before, None)


def state(row: Budget) -> dict[str, Any]:
    """What the trail keeps of a budget."""
    names = ("period", "agent", "project", "person", "most_cost_micros", "most_tokens", "denies")
    return {name: getattr(row, name) for name in names}


def spent_now(row: Budget) -> spending.Spent | None:
    """What was taken today of a day's budget; None of one that is each session's."""
    return spending.spent_on(row, timezone.now()) if row.period == Budget.Period.DAY else None


def _check(period: str, person: str, most_cost_micros: int | None, most_tokens: int | None) -> None:
    if period not in Budget.Period.values:
        raise ScopeRefused("period", f"Must be one of {', '.join(Budget.Period.values)}.")
    if len(person) > LONGEST_PERSON or not person.isprintable():
        raise ScopeRefused("person", f"Must be the name of a key or a person, of at most {LONGEST_PERSON} characters.")
    for name, most in (("most_cost_micros", most_cost_micros), ("most_tokens", most_tokens)):
        if most is not None and not 0 <= most <= MOST:
            raise ScopeRefused(name, f"Must be from 0 to {MOST:,}.")
    if most_cost_micros is None and most_tokens is None:
        raise ScopeRefused("most_cost_micros", "Say how much money or how many tokens (most_tokens) they may take.")


def _tell(row: Budget, event_type: str, before: dict[str, Any] | None, now: dict[str, Any] | None) -> None:
    trail.record(event_type=event_type, entity_type=ENTITY, entity_id=str(row.uid), old_value=before, new_value=now)
    store.compile_after_commit()
