"""How often a bug was reported, where and when, as its page shows it."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from config.pages.kit import chart, moment
from config.pages.kit.marks import NOTHING
from config.pages.kit.tables import table
from escalation.admin.shown import LONGEST_CELL, NEWEST, impact
from escalation.models import Bug, Occurrence

MOST_DAYS = 90


def reports(bug: Bug) -> SafeString:
    """All reports over time, and those that are kept one by one."""
    now = timezone.now()
    counts = list(bug.hours.since(now - timedelta(days=MOST_DAYS)).values_list("hour", "count"))
    title, points = per_step(counts, now=now)
    kept = bug.occurrences.count()
    newest = list(bug.occurrences.order_by("-id").defer("stack_trace", "metadata", "event")[:NEWEST])
    which = f"The newest {len(newest)} of {kept} reports kept" if kept > len(newest) else "Each report kept"
    rows = [
        (_link(row), Truncator(row.error_message).chars(LONGEST_CELL) or NOTHING, row.reporter, impact(row.user_impact))
        for row in newest
    ]
    listed = table(["Seen", "Message", "Reporter", "Impact"], rows, caption=f"{which}; {bug.frequency} counted in all.")
    drawn = chart(title, "line", points) if counts and bug.frequency > 1 else ""
    return format_html("{}{}", drawn, listed)


def _link(occurrence: Occurrence) -> SafeString:
    address = reverse("admin:escalation_occurrence_change", args=[occurrence.pk])
    return format_html('<a href="{}">{}</a>', address, moment(occurrence.seen_at))


def per_step(counts: Sequence[tuple[datetime, int]], *, now: datetime) -> tuple[str, list[tuple[str, float]]]:
    """Counts of hours by hour up to two days, else by day up to MOST_DAYS; empty steps count as zero."""
    span = now - min((hour for hour, _ in counts), default=now)
    if span <= timedelta(days=2):
        step, form, title = timedelta(hours=1), "%H:00", "Reports, by hour (UTC)"
        start = (now - max(span, timedelta(hours=12))).replace(minute=0, second=0, microsecond=0)
    else:
        step, form, title = timedelta(days=1), "%d %b", "Reports, by day (UTC)"
        start = (now - min(span, timedelta(days=MOST_DAYS))).replace(hour=0, minute=0, second=0, microsecond=0)
    found: Counter[int] = Counter()
    for hour, count in counts:
        found[(hour - start) // step] += count
    return title, [((start + step * index).strftime(form), found[index]) for index in range((now - start) // step + 1)]


def places(bug: Bug) -> SafeString:
    """The releases and environments that reports named."""
    seen = [("Release", bug.sightings.by_release()), ("Environment", bug.sightings.by_environment())]
    rows = [
        (f"{kind} {each['name']}", each["reports"], moment(each["first_at"]), moment(each["last_at"]))
        for kind, found in seen
        for each in found[:NEWEST]
    ]
    return table(["Where", "Reports", "First seen", "Last seen"], rows)
