"""What people and agents add to a bug: its impact, deadline, owner, tags, metadata and tickets."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import chain
from typing import Any, TypedDict, Unpack

from django.utils import timezone

from config.secrets import blank, keyed, scrub
from escalation import fields
from escalation.bugs import TRANSITIONS, VERB_OF, add_tags, changed, close, find_bug, move, open_again
from escalation.models import Bug, Impact, LinkType, Status, System, TicketLink
from escalation.oncall.people import check_assignee


class Changes(TypedDict, total=False):
    """What `update_bug` can change; a field that is left out stays as it is."""

    status: str
    resolution: str
    resolved_by: str
    user_impact: str
    deadline_hours: float | None
    assignee: str
    tags: Sequence[str]
    metadata: Mapping[str, Any]


def update_bug(*, bug_id: str, **changes: Unpack[Changes]) -> Bug:
    """Change a bug in one go. A status is reached by its verb and keeps the verb's rules; the same one is no change.

    `deadline_hours` counts from now, None takes the deadline away; `tags` and `metadata` replace what is there.
    Raises BugNotFound, InvalidBug, TransitionRefused.
    """
    fields.require(_problems(changes))
    verb = _verb(bug_id, changes)
    event_type = TRANSITIONS[verb].event_type if verb else "bug.updated"
    with changed(bug_id=bug_id, event_type=event_type) as bug:
        if verb and bug.status != changes["status"]:
            _move(bug, verb, changes)
        _set(bug, changes)
    return bug


def link_ticket(
    *, bug_id: str, system: str, ticket_id: str, url: str = "", link_type: str = LinkType.RELATED, status: str = ""
) -> TicketLink:
    """Link a bug to a ticket elsewhere; the same ticket again updates its link. Raises BugNotFound, InvalidBug."""
    fields.require(
        chain(
            fields.check_choice("system", system, System.values),
            fields.check_name("ticket_id", ticket_id),
            fields.check_url("url", url),
            fields.check_choice("link_type", link_type, LinkType.values),
            fields.check_name("status", status, longest=50, blank=True),
        )
    )
    with changed(bug_id=bug_id, event_type="bug.ticket_linked") as bug:
        link, _ = TicketLink.objects.update_or_create(
            bug=bug,
            system=system,
            ticket_id=keyed(ticket_id),
            defaults={"url": blank(url), "link_type": link_type, "status": blank(status)[:50]},
        )
    return link


def _problems(changes: Changes) -> fields.Problems:
    return chain(
        fields.check_choice("status", changes.get("status", Status.PENDING), Status.values),
        fields.check_choice("user_impact", changes.get("user_impact", Impact.LOW), Impact.values),
        fields.check_hours("deadline_hours", changes.get("deadline_hours")),
        check_assignee("assignee", changes.get("assignee", "")),
        fields.check_tags("tags", changes.get("tags", ())),
        fields.check_metadata("metadata", changes.get("metadata", {})),
    )


def _verb(bug_id: str, changes: Changes) -> str | None:
    """The verb that leads to the status asked for; None when the bug is there already."""
    status = changes.get("status")
    if status is None or find_bug(bug_id=bug_id).status == status:
        return None
    return VERB_OF[Status(status)]


def _move(bug: Bug, verb: str, changes: Changes) -> None:
    move(bug, verb)
    if verb == "resolve":
        close(bug, resolution=changes.get("resolution", ""), resolved_by=changes.get("resolved_by", ""))
    elif verb == "reopen":
        open_again(bug, at=timezone.now())


def _set(bug: Bug, changes: Changes) -> None:
    bug.user_impact = changes.get("user_impact", bug.user_impact)
    bug.assignee = blank(changes.get("assignee", bug.assignee))[: fields.LONGEST_NAME]
    if "deadline_hours" in changes:
        hours = changes["deadline_hours"]
        bug.deadline_at = None if hours is None else timezone.now() + timedelta(hours=hours)
    if "metadata" in changes:
        bug.metadata = scrub(dict(changes["metadata"]))
    if "tags" in changes:
        bug.tags.clear()
        add_tags({bug: changes["tags"]})
