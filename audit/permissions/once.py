"""A call that was refused, allowed once by a person: by the code in its refusal, and this very call alone."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.fields.json import KT
from django.utils import timezone

from audit import trail
from audit.models import Event, PermissionOnce
from audit.models.latitude import LONGEST_PROJECT
from audit.permissions import store
from audit.permissions.bounds import CODE_LENGTH, call_hash, code_of
from audit.permissions.calls import Call
from audit.permissions.deciding import Decision
from audit.permissions.showing import told
from config.errors import Conflict, NotFound
from config.home import PROGRAM
from config.identifiers import row_of

ENTITY = "allowance"
MAX_HOURS, USUAL_HOURS = 24 * 7, 24
_REFUSED_WITHIN = timedelta(hours=24)
_LOOKED_AT = 10_000


class CodeNotFound(NotFound):
    code = "allow-once-code-not-found"


class CallNotWhole(Conflict):
    """Nobody allows what cannot be read."""

    code = "call-not-whole"
    remedy = "run it yourself, or except the rule that `detail` of the refusal names"


class AllowanceNotFound(NotFound):
    code = "allowance-not-found"


@transaction.atomic
def allow_once(*, code: str, hours: int = USUAL_HOURS) -> PermissionOnce:
    """Let the call that was refused with a code of the last day run once, exactly as it was, where it was.

    Allowed again before it ran, it has the hours anew. Raises CodeNotFound, CallNotWhole, AdminOnly.
    """
    store.require_admin()
    refused, call = _refused(code.strip().casefold())
    PermissionOnce.objects.locked().filter(call_hash=call_hash(call)).delete()
    row = PermissionOnce.objects.create(
        call_hash=call_hash(call),
        code=code_of(call),
        told=told(call),
        project=call.project[:LONGEST_PROJECT],
        agent=refused.agent,
        until=timezone.now() + timedelta(hours=hours),
    )
    _record("allowance.created", row)
    return row


@transaction.atomic
def withdraw(*, uid: str) -> None:
    """Let what was allowed once be refused again. Raises AllowanceNotFound, AdminOnly."""
    store.require_admin()
    missing = AllowanceNotFound(
        f"There is no allowance {uid[:64]}. `{PROGRAM} rules allowances` shows those there are."
    )
    row = row_of(PermissionOnce.objects.locked(), uid, missing)
    row.delete()
    _record("allowance.deleted", row)


def decided_anew(call: Call, decision: Decision) -> Decision:
    """The decision, or an allow if a person has allowed this very call, which counts as made from now on."""
    with transaction.atomic():
        row = PermissionOnce.objects.locked().usable().filter(call_hash=call_hash(call)).first()
        if row is None:
            return decision
        if row.used_at is None:
            row.used_at = timezone.now()
            row.save(update_fields=["used_at"])
            _record("allowance.used", row)
    return decision._replace(decision="allow", rule=None, reason=f"a person allowed this once, by the code {row.code}")


def _refused(code: str) -> tuple[Event, Call]:
    """The newest decision that refused with a code, and the call. Raises CodeNotFound, CallNotWhole.

    Callers may record decisions too, so only what the event itself shows counts: its hash is computed anew.
    """
    found = None
    if len(code) >= CODE_LENGTH:
        since = timezone.now() - _REFUSED_WITHIN
        lately = Event.objects.decided().filter(timestamp__gte=since).order_by("-id")
        hashes = lately.values_list("pk", KT("context__call"))[:_LOOKED_AT]
        found = next((pk for pk, known in hashes if known and known.startswith(code)), None)
    if found is None:
        detail = f"No call of the last day was refused with the code {code[:64]!r}. See the decisions in the admin."
        raise CodeNotFound(detail)
    event = Event.objects.get(pk=found)
    context = event.context or {}
    call = _as_recorded(context)
    if not context.get("is_whole") or call_hash(call) != context["call"]:
        raise CallNotWhole("The call cannot be shown as it was: it is long, or holds a secret. Run it yourself.")
    return event, call


def _as_recorded(context: Mapping[str, Any]) -> Call:
    given = context.get("tool_input")
    return Call(
        tool=str(context.get("tool_name", "")),
        input=given if isinstance(given, Mapping) else {},
        cwd=str(context.get("cwd", "")),
        root=str(context.get("root", "")),
    )


def _record(what: str, row: PermissionOnce) -> None:
    said = {"code": row.code, "call": row.told, "project": row.project, "until": row.until.isoformat()}
    trail.record(event_type=what, entity_type=ENTITY, entity_id=str(row.uid), new_value=said, agent=row.agent)
    store.compile_after_commit()
