"""What the pages of a bug show, and why it is as urgent as it is."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from audit import history, trail
from audit.models import Event
from config.pages.kit import Step, badge, code, empty, moment, timeline
from config.pages.kit.marks import NOTHING, Tone
from config.pages.kit.tables import table
from escalation.changes import ENTITY_TYPE
from escalation.grouping.traces.frame import Frame
from escalation.grouping.traces.reading import Trace, parse_stack_trace
from escalation.models import Bug, Occurrence, Priority, Status, TicketLink
from escalation.priority import DEFAULT_POLICY

NEWEST = 20
"""Of what a bug may have very many of, on its page."""
MOST_EVENTS = 50
LONGEST_CELL = 160

_PRIORITIES: dict[str, Tone] = {
    Priority.CRITICAL: "bad",
    Priority.HIGH: "wait",
    Priority.MEDIUM: "info",
    Priority.LOW: "quiet",
}
_STATUSES: dict[str, Tone] = {
    Status.PENDING: "wait",
    Status.ACKNOWLEDGED: "info",
    Status.INVESTIGATING: "info",
    Status.RESOLVED: "good",
}


def priority_badge(bug: Bug) -> SafeString:
    return badge(bug.priority, _PRIORITIES.get(bug.priority, "quiet"))


def priority(bug: Bug) -> SafeString:
    return format_html('<span class="urgency">{} {}</span>', priority_badge(bug), bug.score)


def impact(value: str) -> SafeString:
    return badge(value, _PRIORITIES.get(value, "quiet"))


def status(bug: Bug) -> SafeString:
    shown = badge(bug.status, _STATUSES.get(bug.status, "quiet"))
    muted = format_html(" {}", badge("muted", "quiet")) if bug.is_muted(at=timezone.now()) else ""
    return format_html("{}{}", shown, muted)


def muting(bug: Bug) -> SafeString | str:
    """What ends it."""
    if not bug.is_muted(at=timezone.now()):
        return ""
    ends: list[SafeString | str] = [moment(bug.muted_until)]
    ends += [f"{bug.muted_past_reports:,} reports"] if bug.muted_past_reports else []
    ends += [f"{bug.muted_past_users:,} users"] if bug.muted_past_users else []
    ends += ["more reports than usual in an hour"] if bug.muted_until_unusual else []
    return format_html_join(" or ", "{}", ((end,) for end in ends))


def error(row: Bug | Occurrence) -> SafeString:
    """What went wrong, of a row that has the beginning of its message."""
    message = Truncator(getattr(row, "beginning", "")).chars(LONGEST_CELL - 40)
    return format_html('{} <span class="said">{}</span>', row.error_type, message)


def why_there(bug: Bug) -> SafeString | str:
    """Why nobody is called for a bug that nobody has noticed."""
    if bug.status != Status.ACKNOWLEDGED or bug.acknowledged_at is not None:
        return ""
    return format_html('<span class="kit-quiet">{}</span>', "Nobody is called for it: it is neither high nor critical.")


def deadline(bug: Bug) -> SafeString:
    """What is left of it; of a bug that is over, whether it was in time."""
    if bug.deadline_at is None:
        return NOTHING
    if not bug.is_open:
        in_time = bug.resolved_at is None or bug.resolved_at <= bug.deadline_at
        return badge("in time", "good") if in_time else badge("too late", "bad")
    late = bug.is_open and bug.deadline_at < timezone.now()
    return format_html("{}{}", moment(bug.deadline_at), format_html(" {}", badge("overdue", "bad")) if late else "")


def why(bug: Bug) -> SafeString:
    """The addends of the score, and what the sum is called."""
    rows = [(factor["name"].replace("_", " "), factor["reason"], factor["points"]) for factor in bug.priority_factors]
    levels = ", ".join(f"{least} and more is {name}" for least, name in DEFAULT_POLICY.thresholds)
    total = format_html("<b>{}</b>", bug.score)
    return table(["Factor", "Because", "Points"], [*rows, (priority_badge(bug), f"{levels}.", total)])


def trace(stack_trace: str | None) -> SafeString:
    """What came of it first, then its causes; of each the own frames, the innermost first."""
    if not stack_trace:
        return empty("The report had no stack trace. With one, reports of one place in the code become one bug.")
    traces = [_own_and_others(trace) for trace in reversed(parse_stack_trace(stack_trace))]
    return render_to_string("escalation/trace.html", {"traces": traces, "text": stack_trace})


def _own_and_others(trace: Trace) -> dict[str, Any]:
    innermost: Sequence[Frame] = trace.frames[::-1]
    own = [frame for frame in innermost if frame.in_app]
    # Where every frame is a library's, these are what there is to read.
    others = [frame for frame in innermost if not frame.in_app] if own else []
    return {"error_type": trace.error_type, "own": own or innermost, "others": others}


def cycles(bug: Bug) -> SafeString:
    """Resolutions that did not hold."""
    times = [(row.began_at, row.acknowledged_at, row.resolved_at, row.reopened_at) for row in bug.cycles.all()[:NEWEST]]
    if not times:
        return format_html('<p class="kit-quiet">{}</p>', "It has not come back after a resolution.")
    return table(["Began", "Noticed", "Resolved", "Came back"], [[moment(at) for at in row] for row in times])


def tickets(bug: Bug) -> SafeString:
    rows = [
        (
            _ticket(row),
            row.get_link_type_display(),
            badge(row.status) if row.status else NOTHING,
            moment(row.updated_at),
        )
        for row in bug.tickets.all()
    ]
    if not rows:
        return format_html('<p class="kit-quiet">{}</p>', "No ticket is linked.")
    return table(["Ticket", "Link", "Status", "Updated"], rows)


def _ticket(ticket: TicketLink) -> SafeString | str:
    name = f"{ticket.get_system_display()} {ticket.ticket_id}"
    return format_html('<a href="{}" rel="noreferrer">{}</a>', ticket.url, name) if ticket.url else name


def events(bug: Bug) -> SafeString:
    """What the trail says happened."""
    told = trail.history(entity_type=ENTITY_TYPE, entity_id=bug.bug_id, limit=MOST_EVENTS)
    return timeline(_step(event) for event in told)


def _step(event: Event) -> Step:
    """As any event is told, but for what became of the bug."""
    lines = format_html_join("", "<div>{}</div>", ([line] for line in _told(event)))
    return replace(history.step(event), detail=lines)


_TOLD = ("status", "priority", "user_impact", "assignee", "resolution", "deadline_at", "muted_until", "frequency")
"""Of a bug's state, what a person asks of its past."""


def _told(event: Event) -> Iterator[str]:
    """What became of the bug, in a line each."""
    if event.old_value is not None:
        for change in event.changes:
            if change["path"] in _TOLD:
                name = change["path"].removesuffix("_at").replace("_", " ")
                yield f"{name}: {_became(change['old'], change['new'])}"
    context = event.context or {}
    if reason := context.get("reason"):
        yield f"because {reason}"
    if because := context.get("because"):
        yield f"because {', '.join(because) if isinstance(because, list) else because}"


def _became(old: object, new: object) -> str:
    if old in (None, ""):
        return str(new)
    return f"{old} to {new}" if new not in (None, "") else f"no longer {old}"


def message(text: str) -> SafeString:
    return code(text) if text else NOTHING
