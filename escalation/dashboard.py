"""What the dashboard shows of bugs."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from django.utils import timezone

from config.database.figures import number_of, read_figures, sum_of
from config.database.windows import Window
from config.pages.charts import Point
from config.pages.dashboard import Cell, Chart, Panel, Table, Tile
from config.pages.first_steps import Way
from config.pages.leads import Lead, Listing, admin_list
from escalation.models import OPEN, Alert, Bug, Cycle, Delivery, DeliveryState, Heartbeat, Priority
from escalation.summary import Grid, count_grid

SEEN = Listing(
    app="escalation",
    model="bug",
    endpoint="escalation/bugs",
    time="first_seen_at",
    start="first_seen_after",
    end="first_seen_before",
)
RESOLVED = Listing(
    app="escalation",
    model="bug",
    endpoint="escalation/bugs",
    time="resolved_at",
    start="resolved_after",
    end="resolved_before",
)
SENT = Listing(
    app="escalation",
    model="delivery",
    endpoint="escalation/deliveries",
    time="created_at",
    start="created_after",
    end="created_before",
)
FIRED = Listing(
    app="escalation",
    model="alert",
    endpoint="escalation/alerts",
    time="last_fired_at",
    start="fired_after",
    end="fired_before",
)
REPORTING = Listing(app="escalation", model="heartbeat", endpoint="escalation/heartbeats")
_ANY = {"status__exact": "all"}
"""The admin shows open bugs by default."""


def panels(window: Window) -> Iterator[Panel]:
    grid = count_grid()
    new = window.count_steps("first_seen_at", Bug.objects.all())
    resolved = window.count_steps("resolved_at", Bug.objects.all(), Cycle.objects.all())  # those that came back, too
    yield Panel(
        title="Bug escalation",
        key="escalation",
        lead=SEEN.lead(),
        hint="Nothing was reported in this time. Programs report by REST or MCP; by hand:",
        command="escalation report --error-type KeyError --error-message 'No price' --user-impact medium",
        tiles=list(_tiles(grid, window)),
        charts=[
            Chart(title="New bugs", kind="line", points=list(_line(new, SEEN, window))),
            Chart(title="Resolved bugs", kind="line", points=list(_line(resolved, RESOLVED, window))),
        ],
        tables=[
            Table(
                headers=("Open by priority", *(status.label for status in OPEN)),
                rows=[_level(level, grid) for level in reversed(Priority.values)] if _count_open(grid) else [],
            )
        ],
    )


def first_steps() -> Iterator[Way]:
    yield Way(
        goal="project",
        text="Report a bug from it",
        rows=Bug.objects.all(),
        link=admin_list("escalation", "bug"),
    )


def _count_open(grid: Grid) -> int:
    return sum(grid.get((status, level), 0) for status in OPEN for level in Priority.values)


def _tiles(grid: Grid, window: Window) -> Iterator[Tile]:
    figures = _figures(window)
    is_open = _count_open(grid)
    critical = sum(grid.get((status, Priority.CRITICAL), 0) for status in OPEN)
    flow = f"{figures['now_seen']:,} new, {figures['now_resolved']:,} resolved"
    yield Tile(label="Open bugs", value=is_open, note=flow, lead=_open())
    yield Tile(
        label="Critical",
        value=critical,
        note=f"{figures['new_critical']:,} new",
        lead=_open(Priority.CRITICAL),
        tone="fail" if critical else "ok",
    )
    yield Tile(
        label="Overdue",
        value=figures["overdue"],
        note=f"{figures['newly_overdue']:,} since {window.label(window.since)}",
        lead=SEEN.lead(
            page={"status__exact": "overdue"},
            api={"overdue": "true"},
        ),
        tone="fail" if figures["overdue"] else "ok",
    )
    seen, resolved = (listing.lead(since=window.since, page=_ANY) for listing in (SEEN, RESOLVED))
    yield Tile(label="New", value=figures["now_seen"], before=figures["before_seen"], better="less", lead=seen)
    yield Tile(
        label="Resolved", value=figures["now_resolved"], before=figures["before_resolved"], better="more", lead=resolved
    )
    yield Tile(
        label="Messages nobody got",
        value=figures["dead"],
        note="no attempt is left",
        lead=SENT.lead({"state": DeliveryState.DEAD.value}, since=window.since),
        tone="fail" if figures["dead"] else "ok",
    )
    yield from _watched(figures, window)
    yield _mean("To acknowledge", figures, "acknowledged", seen)
    yield _mean("To resolve", figures, "resolved", resolved)


def _watched(figures: Mapping[str, int], window: Window) -> Iterator[Tile]:
    """Whatever people have no report of themselves."""
    yield Tile(
        label="Stopped reporting",
        value=figures["silent"],
        note=f"of {figures['heartbeats']:,} heartbeats",
        lead=REPORTING.lead({"down": "true"}),
        tone="fail" if figures["silent"] else "ok",
    )
    yield Tile(
        label="Alerts that fired", value=figures["fired"], note="at least once", lead=FIRED.lead(since=window.since)
    )


def _figures(window: Window) -> Mapping[str, int]:
    bugs, now = Bug.objects.all(), timezone.now()
    overdue, critical = Bug.objects.overdue(at=now), Bug.objects.open().filter(priority=Priority.CRITICAL)
    asked = {
        "overdue": number_of(overdue),
        "newly_overdue": number_of(overdue.filter(deadline_at__gte=window.since)),
        "dead": number_of(window.within(Delivery.objects.filter(state=DeliveryState.DEAD), "created_at")),
        "silent": number_of(Heartbeat.objects.down()),
        "heartbeats": number_of(Heartbeat.objects.all()),
        "fired": number_of(window.within(Alert.objects.all(), "last_fired_at")),
        "new_critical": number_of(window.within(critical, "first_seen_at")),
    }
    for when, rows in (("now", window.within), ("before", window.before)):
        noticed = rows(bugs.filter(acknowledge_ms__isnull=False), "first_seen_at")
        resolved = rows(bugs, "resolved_at")
        asked |= {
            f"{when}_seen": number_of(rows(bugs, "first_seen_at")),
            f"{when}_acknowledged": number_of(noticed),
            f"{when}_acknowledged_ms": sum_of(noticed, "acknowledge_ms"),
            f"{when}_resolved": number_of(resolved),
            f"{when}_resolved_ms": sum_of(resolved, "resolve_ms"),
        }
    return read_figures(**asked)


def _mean(label: str, figures: Mapping[str, int], name: str, lead: Lead) -> Tile:
    """Of the bugs that were first seen, or resolved, in each of the two windows."""
    now, before = (
        figures[f"{when}_{name}_ms"] / 1000 / figures[f"{when}_{name}"] if figures[f"{when}_{name}"] else None
        for when in ("now", "before")
    )
    return Tile(label=label, value=now, before=before, kind="span", better="less", lead=lead)


def _open(priority: str = "") -> Lead:
    level = {"priority": priority} if priority else {}
    return SEEN.lead(level, page={"status__exact": "open"}, api={"open": "true"})


def _line(found: Counter[datetime], listing: Listing, window: Window) -> Iterator[Point]:
    for moment in window.moments:
        lead = listing.lead(since=moment, until=moment + window.step.length, page=_ANY)
        yield Point(window.label(moment), found[moment], lead)


def _level(level: str, grid: Grid) -> Sequence[Cell]:
    counts = [
        Cell(
            text=f"{grid.get((status, level), 0):,}",
            lead=SEEN.lead({"priority": level}, page={"status__exact": status}, api={"status": status}),
        )
        for status in OPEN
    ]
    return [Cell(text=level, lead=_open(level)), *counts]
