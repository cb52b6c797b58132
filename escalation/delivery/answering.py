"""What somebody answers to a message: that they took notice of the bug, or that it is resolved."""

from escalation import bugs
from escalation.delivery.links import LinkInvalid
from escalation.models import Bug, Delivery, Status


def answer(delivery: Delivery, verb: str, *, resolution: str = "") -> str:
    """Acknowledge or resolve the bug of a message; says what is done now. Raises DomainError."""
    bug = bug_of(delivery)
    if bug.began_at > delivery.created_at:
        raise LinkInvalid("This message is of an earlier time: the bug was resolved and came back. Take the newest.")
    if verb == "acknowledge":
        if bug.still_calls:
            bugs.acknowledge(bug_id=bug.bug_id)
        return f"{bug.bug_id} is acknowledged. Nobody is called for it any more."
    if bug.status != Status.RESOLVED:
        bugs.resolve(bug_id=bug.bug_id, resolution=resolution.strip() or "Resolved from a message, without a word.")
    return f"{bug.bug_id} is resolved."


def bug_of(delivery: Delivery) -> Bug:
    """Raises BugNotFound."""
    return bugs.find_bug(bug_id=delivery.bug.bug_id if delivery.bug else "")
