"""Exceptions in the database: a rule that does not hold for somebody, for a while."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from audit import trail
from audit.models import PermissionException, PermissionRule
from audit.models.latitude import LONGEST_WHY
from audit.permissions import held, store
from audit.permissions.latitude.choosing import ScopeRefused, check_scope
from config.errors import Conflict, NotFound
from config.home import PROGRAM
from config.identifiers import is_uuid, row_of

ENTITY = "exception"


class ExceptionExists(Conflict):
    code = "exception-exists"
    remedy = "end the one that is there first"


class ExceptionNotFound(NotFound):
    code = "exception-not-found"


@transaction.atomic
def except_rule(
    *, rule_id: str, agent: str = "", project: str = "", until: datetime | None = None, reason: str = ""
) -> PermissionException:
    """Let a rule, or all of a pack, not hold for an agent, a project or everybody; for ever, or until a time.

    What no other rule speaks of is then asked, or left to the agent, as the posture has it. Raises ScopeRefused,
    ExceptionExists, AdminOnly.
    """
    store.require_admin()
    check_scope(agent, project)
    _check_rule(rule_id)
    if until is not None and until <= timezone.now():
        raise ScopeRefused("until", "Must be a time that is yet to come.")
    if len(reason) > LONGEST_WHY:
        raise ScopeRefused("reason", f"Must have at most {LONGEST_WHY} characters.")
    known = PermissionException.objects.locked().filter(rule_id=rule_id, agent=agent, project=project).first()
    if known and not known.is_over:
        raise ExceptionExists(f"There is an exception already: {known}.")
    if known:
        known.delete()
    row = PermissionException.objects.create(rule_id=rule_id, agent=agent, project=project, until=until, reason=reason)
    _record("exception.created", row, None, state(row))
    return row


@transaction.atomic
def end_exception(*, uid: str) -> None:
    """Let the rule hold again. Raises ExceptionNotFound, AdminOnly."""
    store.require_admin()
    missing = ExceptionNotFound(
        f"There is no exception {uid[:64]}. `{PROGRAM} rules exceptions` shows those there are."
    )
    row = row_of(PermissionException.objects.locked(), uid, missing)
    before = state(row)
    row.delete()
    _record("exception.deleted", row, before, None)


def state(row: PermissionException) -> dict[str, Any]:
    """What the trail keeps of an exception."""
    until = row.until.isoformat() if row.until else None
    kept = {name: getattr(row, name) for name in ("rule_id", "agent", "project", "reason")}
    return {**kept, "until": until}


def _check_rule(rule_id: str) -> None:
    if is_uuid(rule_id) and PermissionRule.objects.filter(uid=rule_id).exists():
        return
    ids = {rule.id for rule in held.deciding_packs()}
    if rule_id not in ids | {known.partition(".")[0] for known in ids}:
        detail = f"There is no such rule. A refusal names its rule, as git.reset; `{PROGRAM} rules explain` tells too."
        raise ScopeRefused("rule_id", detail)


def _record(what: str, row: PermissionException, before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
    trail.record(event_type=what, entity_type=ENTITY, entity_id=str(row.uid), old_value=before, new_value=after)
    store.compile_after_commit()
