"""Postures in the database: how much is answered, for whom. Whoever chooses one for everybody takes the packs."""

import re
from typing import Any

from django.db import transaction

from audit import trail
from audit.models import PermissionPosture
from audit.models.latitude import LONGEST_PROJECT
from audit.permissions import held, store
from audit.permissions.posture import POSTURES
from audit.permissions.rules import AGENT_PATTERN, AGENT_RULE
from config.errors import Conflict, DomainError, FieldError, NotFound
from config.home import PROGRAM
from config.identifiers import row_of

ENTITY = "posture"


class ScopeRefused(DomainError):
    """What is set beside the rules cannot be kept as it is."""

    code = "invalid-latitude"

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}", errors=[FieldError(field=field, code="invalid", detail=detail)])


class PostureNotFound(NotFound):
    code = "posture-not-found"


class PostureNeeded(Conflict):
    """Without one for everybody no pack would decide."""

    code = "posture-needed"
    remedy = "choose another posture for everybody instead"


def check_scope(agent: str, project: str) -> None:
    """Raise ScopeRefused unless they can name an agent and a project."""
    if agent and not re.match(AGENT_PATTERN, agent):
        raise ScopeRefused("agent", AGENT_RULE)
    if project and not (project.startswith("/") and project.isprintable() and len(project) <= LONGEST_PROJECT):
        raise ScopeRefused("project", f"Must be a folder's whole path of at most {LONGEST_PROJECT} characters.")


@transaction.atomic
def choose_posture(*, posture: str, agent: str = "", project: str = "") -> PermissionPosture:
    """Set how much is answered, for an agent, a project or everybody.

    The first one for everybody lets the packs decide, in the place of the shipped rules that nobody changed. Raises
    ScopeRefused, AdminOnly.
    """
    store.require_admin()
    check_scope(agent, project)
    if posture not in POSTURES:
        raise ScopeRefused("posture", f"Must be one of {', '.join(POSTURES)}.")
    row = PermissionPosture.objects.locked().filter(agent=agent, project=project).first()
    before = state(row) if row else None
    if row is None and not (agent or project):
        store.remove_shipped()
    row = row or PermissionPosture(agent=agent, project=project)
    if before is None or row.posture != posture:
        row.posture = posture
        row.save()
        _record(row, "changed" if before else "created", before)
    return row


@transaction.atomic
def forget_posture(*, uid: str) -> None:
    """Let what is chosen more widely hold. Raises PostureNotFound, PostureNeeded for that of everybody, AdminOnly."""
    store.require_admin()
    missing = PostureNotFound(f"There is no posture {uid[:64]}. `{PROGRAM} rules postures` shows those there are.")
    row = row_of(PermissionPosture.objects.locked(), uid, missing)
    if not (row.agent or row.project):
        raise PostureNeeded(f"The packs decide by it. Choose another: `{PROGRAM} rules posture strict`.")
    before = state(row)
    row.delete()
    trail.record(event_type="posture.deleted", entity_type=ENTITY, entity_id=str(row.uid), old_value=before)
    store.compile_after_commit()


def state(row: PermissionPosture) -> dict[str, Any]:
    """What the trail keeps of a posture."""
    return {"agent": row.agent, "project": row.project, "posture": row.posture}


def standing() -> str:
    """How much is answered and by what, in a line."""
    default = PermissionPosture.objects.filter(agent="", project="").first()
    own = len(held.load_rules())
    if default is None:
        return f"strict, by {own:,} rules of your own; `{PROGRAM} rules posture balanced` lets the packs decide."
    others = PermissionPosture.objects.exclude(pk=default.pk).count()
    beside = f"; another posture for {others:,}" if others else ""
    return f"{default.posture}, by the packs and {own:,} rules of your own{beside}."


def _record(row: PermissionPosture, change: str, before: dict[str, Any] | None) -> None:
    trail.record(
        event_type=f"posture.{change}",
        entity_type=ENTITY,
        entity_id=str(row.uid),
        old_value=before,
        new_value=state(row),
    )
    store.compile_after_commit()
