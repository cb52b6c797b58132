"""What somebody answers to a message: they took notice of the bug, it is resolved, an agent may do it or not."""

from django.conf import settings

from audit.models import Approval
from audit.permissions.approvals import answering as approvals
from config.errors import Forbidden
from escalation import bugs
from escalation.delivery.links import LinkInvalid
from escalation.models import Bug, Delivery, Status

VERDICTS: dict[str, approvals.Verdict] = {"approve": "approved", "deny": "denied"}
OF_BUG, OF_AGENT = ("acknowledge", "resolve"), tuple(VERDICTS)
"""The verbs of each kind of message, the usual one first."""


class SignInToApprove(Forbidden):
    """A message says nothing sure of who answers it."""

    code = "sign-in-to-approve"
    remedy = "sign in and answer there: APPROVAL_BY_OTHERS wants somebody else's word than that of who asked"


def answers_to(delivery: Delivery) -> tuple[str, ...]:
    """The verbs that a message can be answered by."""
    if delivery.bug_id:
        return OF_BUG
    return OF_AGENT if delivery.approval_id else ()


def answer(delivery: Delivery, verb: str, *, words: str = "") -> str:
    """Do what a message was answered; `words` say how it was resolved, or why a call is denied.

    Says what is done now. Raises DomainError, LinkInvalid for what its message does not offer.
    """
    if verb not in answers_to(delivery):
        raise LinkInvalid("This message is not answered so. Press one of its buttons.")
    if delivery.approval is not None:
        return _answer_agent(delivery.approval, VERDICTS[verb], words.strip())
    return _answer_bug(delivery, verb, words.strip())


def bug_of(delivery: Delivery) -> Bug:
    """Raises BugNotFound."""
    return bugs.find_bug(bug_id=delivery.bug.bug_id if delivery.bug else "")


def _answer_bug(delivery: Delivery, verb: str, words: str) -> str:
    bug = bug_of(delivery)
    if bug.began_at > delivery.created_at:
        raise LinkInvalid("This message is of an earlier time: the bug was resolved and came back. Take the newest.")
    if verb == "acknowledge":
        if bug.still_calls:
            bugs.acknowledge(bug_id=bug.bug_id)
        return f"{bug.bug_id} is acknowledged. Nobody is called for it any more."
    if bug.status != Status.RESOLVED:
        bugs.resolve(bug_id=bug.bug_id, resolution=words or "Resolved from a message, without a word.")
    return f"{bug.bug_id} is resolved."


def _answer_agent(approval: Approval, verdict: approvals.Verdict, note: str) -> str:
    if verdict == "approved" and settings.APPROVAL_BY_OTHERS:
        raise SignInToApprove("Approving needs somebody who is signed in: a message does not say who answers it.")
    approvals.answer(approval=approval.pk, verdict=verdict, note=note)
    told = "may run it once, when it tries again" if verdict == "approved" else "is told that it may not"
    return f"{approval.agent or 'The agent'} {told}."
