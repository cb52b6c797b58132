"""A person's word on what an agent waits for, and the end of what nobody answered.

An agent never answers: no MCP tool does, and it takes the right to change rules.
"""

from datetime import timedelta
from typing import Literal, get_args

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit.models import Approval
from audit.models.latitude import LONGEST_WHY
from audit.permissions.approvals import asking
from config.context import caller
from config.errors import Conflict, DomainError, FieldError, Forbidden, NotFound
from config.home import PROGRAM

Verdict = Literal["approved", "denied"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
KEPT = timedelta(days=90)
"""How long what was answered stays in the list; the trail keeps it as long as it keeps events."""


class ApprovalNotFound(NotFound):
    code = "approval-not-found"


class ApprovalSettled(Conflict):
    """It was answered, or nobody did in time."""

    code = "approval-settled"
    remedy = "read it: it says how it ended; the agent asks anew when it tries again"


class NotYoursToAnswer(Forbidden):
    """Whoever asks does not say yes as well."""

    code = "not-yours-to-answer"
    remedy = "let somebody else answer, with a key of scope admin or signed in"


class InvalidVerdict(DomainError):
    code = "invalid-verdict"

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail, errors=[FieldError(field=field, code="invalid", detail=detail)])


@transaction.atomic
def answer(*, approval: int, verdict: Verdict, by: str = "", note: str = "") -> Approval:
    """Say yes or no to what an agent waits for; the agent finds it when it tries the call again.

    `by` is who says it, where that is not the caller: a channel names the person whose button it was. Raises
    ApprovalNotFound, ApprovalSettled, NotYoursToAnswer, InvalidVerdict.
    """
    if verdict not in VERDICTS:
        raise InvalidVerdict("verdict", f"Must be one of {', '.join(VERDICTS)}.")
    if len(note) > LONGEST_WHY or "\0" in note:
        raise InvalidVerdict("note", f"Must have at most {LONGEST_WHY} characters, and no NUL.")
    row = _found(Approval.objects.select_for_update(), approval)
    _require_answerer(row, by)
    if row.standing != Approval.Status.PENDING:
        by_whom = f" by {row.decided_by}" if row.decided_by else ""
        raise ApprovalSettled(f"Approval {row.pk} is {row.standing}{by_whom} already.")
    row.close(verdict, counts_for=asking.lifetime(), by=(by or caller().actor)[:255], note=note.strip())
    row.save()
    asking.record(row, verdict)
    return row


def find(*, approval: int) -> Approval:
    """Raises ApprovalNotFound."""
    return _found(Approval.objects.all(), approval)


def expire_overdue() -> int:
    """End what nobody answered in time, and forget what ended long ago; returns how many ended."""
    ended = 0
    for pk in list(Approval.objects.overdue().values_list("pk", flat=True)[:1000]):
        with transaction.atomic():
            row = Approval.objects.select_for_update().filter(pk=pk).first()
            if row is not None and row.is_overdue:
                asking.expire(row)
                ended += 1
    old = Approval.objects.exclude(status=Approval.Status.PENDING).filter(asked_at__lt=timezone.now() - KEPT)
    old.delete()
    return ended


def _found(rows: QuerySet[Approval], approval: int) -> Approval:
    row = rows.filter(pk=approval).first() if 0 < approval < 2**63 else None
    if row is None:
        raise ApprovalNotFound(f"There is no approval {approval}. `{PROGRAM} approval list` shows what waits.")
    return row


def _require_answerer(row: Approval, by: str) -> None:
    now = caller()
    if now.door == "mcp" or now.scope != "admin":
        raise NotYoursToAnswer("Answering needs a key of scope admin, or a person: an agent never approves.")
    names = {by, now.actor, now.person, now.actor.removeprefix("console:")} - {""}
    if settings.APPROVAL_BY_OTHERS and names & {row.asked_by, row.asked_for}:
        raise NotYoursToAnswer(f"{row.asked_for or row.asked_by} asked for this: somebody else has to answer.")
