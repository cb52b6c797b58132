"""What the dashboard shows of the vision cache."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils import timezone

from config.database.figures import number_of, read_figures
from config.database.windows import Window
from config.pages.charts import Point, Series
from config.pages.dashboard import Chart, Panel, Tile
from config.pages.first_steps import Way
from config.pages.leads import Lead, Listing, admin_list, admin_page
from visioncache import tallies
from visioncache.counting import flush
from visioncache.models import Entry

ENTRIES = Listing(
    app="visioncache",
    model="entry",
    endpoint="visioncache/entries",
    time="stored_at",
    start="stored_after",
    end="stored_before",
)
TALLIES = Listing(app="visioncache", model="tally", time="hour")
STATISTICS = "/api/v1/visioncache/stats"
COMMANDS = (
    """visioncache store --image shot.png --model acme-1 --data '{"total": "12.50"}' --confidence 0.97""",
    "visioncache lookup --image shot.png --model acme-1",
)
"""An answer that is kept, and found."""
HOUR = timedelta(hours=1)
_MOST_USED = 5


def panels(window: Window) -> Iterator[Panel]:
    flush()
    hours = tallies.per_hour(window.earlier_since)
    yield Panel(
        title="Vision cache",
        key="visioncache",
        lead=ENTRIES.lead(),
        hint="Nothing was looked up in this time. With an image of yours in place of shot.png:",
        command="\n".join(COMMANDS),
        tiles=[*_look_ups(hours, window), *_entries(window)],
        charts=[*_over_time(hours, window), Chart(title="Most used entries", kind="bar", points=list(_most_used()))],
    )


def first_steps() -> Iterator[Way]:
    yield Way(
        goal="project",
        text="Keep what a vision model answered it",
        rows=Entry.objects.all(),
        link=admin_list("visioncache", "entry"),
    )


def _look_ups(hours: tallies.Hours, window: Window) -> Iterator[Tile]:
    now = tallies.total(hours, window.since)
    before = tallies.total(hours, window.earlier_since, window.earlier_until)
    lead = _tallied(tallies.hour_of(window.since))
    yield Tile(label="Hit rate", value=now.hit_rate, before=before.hit_rate, kind="share", better="more", lead=lead)
    yield Tile(label="Hits", value=now.hits, before=before.hits, better="more", lead=lead)
    yield Tile(label="Misses", value=now.misses, before=before.misses, better="less", lead=lead)
    yield Tile(
        label="Saved",
        value=now.saved_cost_micros,
        before=before.saved_cost_micros,
        kind="money",
        better="more",
        lead=lead,
    )
    saved, saved_before = now.saved_ms / 1000, before.saved_ms / 1000
    yield Tile(label="Time saved", value=saved, before=saved_before, kind="span", better="more", lead=lead)


def _entries(window: Window) -> Iterator[Tile]:
    # The living are all but the expired, who stand in an index: asked for by themselves they are searched for.
    now = timezone.now()
    in_an_hour = now + timedelta(hours=1)
    figures = read_figures(
        kept=number_of(Entry.objects.all()),
        expired=number_of(Entry.objects.expired(now)),
        soon=number_of(Entry.objects.filter(expires_at__gt=now, expires_at__lte=in_an_hour)),
    )
    live = figures["kept"] - figures["expired"]
    lead = ENTRIES.lead(page={"life": "live"})
    yield Tile(label="Live entries", value=live, note=f"{figures['soon']:,} expire within an hour", lead=lead)


def _over_time(hours: tallies.Hours, window: Window) -> Iterator[Chart]:
    steps = [(moment, tallies.total(hours, moment, moment + length)) for moment, length in _steps(window)]
    yield Chart(
        title="Look-ups",
        kind="columns",
        series=[Series("hits", "good"), Series("misses", "quiet")],
        points=[
            Point(window.label(moment), step.hits + step.misses, _lead(moment, window), (step.hits, step.misses))
            for moment, step in steps
        ],
    )
    yield Chart(
        title="Hit rate, %",
        kind="line",
        points=[
            Point(window.label(moment), round(100 * step.hit_rate, 1), _lead(moment, window))
            for moment, step in steps
            if step.hit_rate is not None
        ],
    )


def _steps(window: Window) -> Iterator[tuple[datetime, timedelta]]:
    """Those of the window, or the hours it touches: look-ups are counted by the hour."""
    length = max(window.step.length, HOUR)
    moment = tallies.hour_of(window.since)
    while moment <= window.until:
        yield moment, length
        moment += length


def _lead(moment: datetime, window: Window) -> Lead:
    return _tallied(moment, moment + max(window.step.length, HOUR))


def _tallied(since: datetime, until: datetime | None = None) -> Lead:
    return Lead(page=TALLIES.lead(since=since, until=until).page, api=STATISTICS)


def _most_used() -> Iterator[Point]:
    for entry in Entry.objects.live().used(_MOST_USED):
        api = f"/api/v1/{ENTRIES.endpoint}/{entry.uid}"
        yield Point(str(entry), entry.hit_count, Lead(page=admin_page("visioncache", "entry", entry.pk), api=api))
