"""The life of a bug: finding it, moving it from state to state, and weighing it as time passes."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from config.context import caller
from config.errors import Conflict, NotFound
from config.secrets import blank
from escalation import fields
from escalation.changes import Change, tell
from escalation.fields import check_name, check_text, require
from escalation.models import Bug, Cycle, Status, Tag
from escalation.muting import Until, put_on
from escalation.oncall.people import check_assignee


class BugNotFound(NotFound):
    code = "bug-not-found"


class TransitionRefused(Conflict):
    code = "transition-refused"
    remedy = "`detail` names the statuses that can follow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A move a caller may ask for: from which states, to which, and what the trail calls it."""

    sources: tuple[Status, ...]
    target: Status
    event_type: str


# The system makes two moves more: a report of a resolved bug reopens it (digest.py), and an acknowledged
# bug that nobody ever looked at goes back to pending when it becomes high or critical (changes.py).
TRANSITIONS = {
    "acknowledge": Transition(sources=(Status.PENDING,), target=Status.ACKNOWLEDGED, event_type="bug.acknowledged"),
    "investigate": Transition(
        sources=(Status.PENDING, Status.ACKNOWLEDGED),
        target=Status.INVESTIGATING,
        event_type="bug.investigation_started",
    ),
    "resolve": Transition(
        sources=(Status.PENDING, Status.ACKNOWLEDGED, Status.INVESTIGATING),
        target=Status.RESOLVED,
        event_type="bug.resolved",
    ),
    "reopen": Transition(sources=(Status.RESOLVED,), target=Status.PENDING, event_type="bug.reopened"),
}
VERB_OF = {move.target: verb for verb, move in TRANSITIONS.items()}


def find_bug(*, bug_id: str) -> Bug:
    """Raises BugNotFound."""
    bug = Bug.objects.select_related("project").prefetch_related("tags", "tickets").called(bug_id).first()
    if bug is None:
        raise _not_found(bug_id)
    return bug


def acknowledge(*, bug_id: str) -> Bug:
    """Take notice of a bug that is pending, or that only a program saw. Raises BugNotFound, TransitionRefused."""
    with changed(bug_id=bug_id, event_type=TRANSITIONS["acknowledge"].event_type) as bug:
        move(bug, "acknowledge")
    return bug


def investigate(*, bug_id: str) -> Bug:
    """Begin to work on a bug. Raises BugNotFound, TransitionRefused."""
    with changed(bug_id=bug_id, event_type=TRANSITIONS["investigate"].event_type) as bug:
        move(bug, "investigate")
    return bug


def resolve(*, bug_id: str, resolution: str, resolved_by: str = "", in_next_release: bool = False) -> Bug:
    """Close a bug, saying how and by whom (by default the caller).

    Resolved in the next release, it is not opened again by reports of those that are there already. Raises BugNotFound,
    TransitionRefused.
    """
    with changed(bug_id=bug_id, event_type=TRANSITIONS["resolve"].event_type) as bug:
        move(bug, "resolve")
        close(bug, resolution=resolution, resolved_by=resolved_by)
        bug.holds_from_next_release = in_next_release
    return bug


def reopen(*, bug_id: str, reason: str = "") -> Bug:
    """Take back a resolution. Raises BugNotFound, TransitionRefused."""
    require(check_text("reason", reason))
    context = {"reason": blank(reason)} if reason else None
    with changed(bug_id=bug_id, event_type=TRANSITIONS["reopen"].event_type, context=context) as bug:
        move(bug, "reopen")
        open_again(bug, at=timezone.now())
    return bug


def assign(*, bug_id: str, assignee: str) -> Bug:
    """Say whose bug it is; an empty name takes it from everybody. Raises BugNotFound, InvalidBug."""
    require(check_assignee("assignee", assignee))
    with changed(bug_id=bug_id, event_type="bug.assigned" if assignee else "bug.unassigned") as bug:
        bug.assignee = blank(assignee)[: fields.LONGEST_NAME]
    return bug


def mute(
    *,
    bug_id: str,
    until: datetime | None = None,
    reports: int | None = None,
    users: int | None = None,
    escalating: bool = False,
) -> Bug:
    """Keep an open bug from calling for attention; nothing but its id lets it call again at once.

    It ends at a time, after so many more reports or users, or in an hour with more reports than usual, whichever comes
    first. Raises BugNotFound, InvalidBug, TransitionRefused for a resolved bug.
    """
    asked, now = Until(at=until, reports=reports, users=users, unusual=escalating), timezone.now()
    require(asked.problems(now=now))
    context = {name: value for name, value in (("reports", reports), ("users", users)) if value}
    context |= {"escalating": True} if escalating else {}
    event_type = "bug.muted" if asked else "bug.unmuted"
    with changed(bug_id=bug_id, event_type=event_type, context=context or None) as bug:
        if not bug.is_open:
            raise TransitionRefused(f"Bug {bug_id} is resolved; only an open bug can be muted. Allowed now: reopen.")
        put_on(bug, asked, now=now)
    return bug


def weigh_due_bugs(*, limit: int = 500) -> int:
    """Weigh open bugs anew whose deadline came near or whose muting ended; returns how many were looked at."""
    due = Bug.objects.due_for_weighing(at=timezone.now()).order_by("weigh_again_at")
    bug_ids = list(due.values_list("bug_id", flat=True)[:limit])
    for bug_id in bug_ids:
        with suppress(BugNotFound), changed(bug_id=bug_id, event_type="bug.weighed"):
            pass  # every change weighs an open bug
    return len(bug_ids)


def move(bug: Bug, verb: str) -> None:
    """Change the status by a verb of TRANSITIONS, or raise TransitionRefused naming the verbs that would do."""
    transition = TRANSITIONS[verb]
    again = verb == "acknowledge" and bug.awaits_a_person
    if bug.status not in transition.sources and not again:
        needed = " or ".join(transition.sources)
        allowed = ", ".join(name for name, other in TRANSITIONS.items() if bug.status in other.sources)
        raise TransitionRefused(f"Bug {bug.bug_id} is {bug.status}; {verb} needs {needed}. Allowed now: {allowed}.")
    if not again:
        bug.status = transition.target
    if verb == "reopen":
        return
    if bug.acknowledged_at is None:
        bug.take_notice(at=timezone.now())
    bug.acknowledged_by = bug.acknowledged_by or _person()


def close(bug: Bug, *, resolution: str, resolved_by: str) -> None:
    """Fill in how and by whom a bug was resolved."""
    require(check_text("resolution", resolution, blank=False))
    require(check_name("resolved_by", resolved_by, blank=True))
    bug.resolution = blank(resolution)
    bug.resolved_by = blank(resolved_by)[: fields.LONGEST_NAME] or caller().actor
    bug.end(at=timezone.now())
    bug.holds_from_next_release = False
    bug.unmute()
    bug.weigh_again_at = None


def open_again(bug: Bug, *, at: datetime) -> None:
    """Back to the start: somebody must look again, whatever the priority. The times of the cycle that ends are kept."""
    _keep_cycle(bug, at)
    bug.status = Status.PENDING
    bug.begin_again(at=at)
    bug.unmute()
    bug.resolution = bug.resolved_by = ""
    bug.holds_from_next_release = False


def _keep_cycle(bug: Bug, reopened_at: datetime) -> None:
    if bug.resolved_at is not None:
        times = {name: getattr(bug, name) for name in Cycle.TIMES}
        Cycle.objects.create(bug=bug, reopened_at=reopened_at, **times)


@contextmanager
def changed(*, bug_id: str, event_type: str, context: Mapping[str, Any] | None = None) -> Iterator[Bug]:
    """A bug to change: locked, then weighed, saved and recorded, all in one transaction. Raises BugNotFound."""
    with transaction.atomic():
        bug = Bug.objects.select_for_update(of=("self",)).select_related("project").called(bug_id).first()
        if bug is None:
            raise _not_found(bug_id)
        change = Change(bug, before=bug.state(), event_type=event_type, context=context)
        yield bug
        change.weigh(at=timezone.now())
        bug.save()
        tell([change])


def add_tags(wanted: Mapping[Bug, Iterable[str]]) -> None:
    """Tag bugs; tags are lower-case, and made when first used.

    The new ones of all bugs are made at once and in one order: two batches that bring the same would otherwise wait
    for each other on PostgreSQL.
    """
    missing = {bug: set(map(_tag_name, names)) - {tag.name for tag in bug.tags.all()} for bug, names in wanted.items()}
    names = sorted(set().union(*missing.values()))
    if not names:
        return
    Tag.objects.bulk_create([Tag(name=name) for name in names], ignore_conflicts=True)
    tags = {tag.name: tag for tag in Tag.objects.filter(name__in=names)}
    for bug, new in missing.items():
        if new:
            bug.tags.add(*(tags[name] for name in new))


def _person() -> str:
    """Who took notice. Agents and jobs do not count: what only a program has seen goes on calling for a person."""
    return "" if caller().door in {"mcp", "job"} else caller().actor[: fields.LONGEST_NAME]


def _tag_name(name: str) -> str:
    return blank(name).lower()[: fields.LONGEST_TAG]


def _not_found(bug_id: str) -> BugNotFound:
    return BugNotFound(f"There is no bug {bug_id[:100]!r}. List the bugs to find its id.")
