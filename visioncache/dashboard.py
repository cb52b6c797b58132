"""What the dashboard shows of the vision cache."""

from datetime import datetime, timedelta

from django.utils import timezone

from config.database.figures import number_of, read_figures
from config.pages.dashboard import Chart, Panel, Tile
from visioncache.counting import flush
from visioncache.models import Entry
from visioncache.tallies import per_hour, totals

_DAILY_FROM = timedelta(days=2)  # a longer window is drawn by day
_MOST_USED = 5


def panel(since: datetime) -> Panel:
    flush()
    sums = totals(since)
    asked = sums["hits"] + sums["misses"]
    # The living are all but the expired, who stand in an index: asked for by themselves they are searched for.
    now = timezone.now()
    figures = read_figures(
        stored=number_of(Entry.objects.all()),
        expired=number_of(Entry.objects.expired(now)),
        soon=number_of(Entry.objects.filter(expires_at__gt=now, expires_at__lte=now + timedelta(hours=1))),
    )
    entries = "/admin/visioncache/entry/"
    return Panel(
        title="Vision cache",
        tiles=[
            Tile(label="Hit rate", value=f"{100 * sums['hits'] / asked:.0f} %" if asked else "-"),
            Tile(label="Hits", value=str(sums["hits"]), link="/admin/visioncache/tally/"),
            Tile(label="Misses", value=str(sums["misses"]), link="/admin/visioncache/tally/"),
            Tile(label="Saved", value=f"${sums['saved_cost_micros'] / 1_000_000:,.2f}"),
            Tile(label="Seconds saved", value=f"{sums['saved_ms'] / 1_000:,.0f}"),
            Tile(label="Live entries", value=str(figures["stored"] - figures["expired"]), link=f"{entries}?life=live"),
            Tile(label="Expiring within an hour", value=str(figures["soon"]), link=entries),
        ],
        charts=[
            Chart(title="Hit rate, %", kind="line", points=_hit_rates(since)),
            Chart(
                title="Most used entries",
                kind="bar",
                points=[(str(entry), entry.hit_count) for entry in Entry.objects.live().used(_MOST_USED)],
            ),
        ],
    )


def _hit_rates(since: datetime) -> list[tuple[str, float]]:
    form = "%m-%d" if timezone.now() - since > _DAILY_FROM else "%H:00"
    points: dict[str, tuple[int, int]] = {}
    for hour, hits, misses in per_hour(since):
        so_far = points.get(hour.strftime(form), (0, 0))
        points[hour.strftime(form)] = (so_far[0] + hits, so_far[1] + misses)
    return [
        (label, round(100 * hits / (hits + misses), 1)) for label, (hits, misses) in points.items() if hits + misses
    ]
