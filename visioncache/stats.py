"""What the cache is worth: totals, and the entries that are used most."""

from dataclasses import dataclass

from django.db.models import Sum

from visioncache.counting import flush
from visioncache.identity import read_hashes, read_namespace
from visioncache.models import Entry, Tally
from visioncache.tallies import COUNTS

MOST_USED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """Entry figures are of what is stored now; hits, misses and savings are of all time."""

    total_entries: int
    live_entries: int
    total_hits: int
    total_misses: int
    total_waits: int
    hit_rate: float | None
    avg_confidence: float | None
    saved_ms: int
    saved_cost_micros: int
    bytes: int
    entries: list[Entry]
    """The most used live entries; with an image hash, those of that image."""


def get_stats(*, namespace: str | None = None, image_hash: str | None = None) -> Stats:
    """Totals of one namespace or of all, and the figures of single entries. Raises InvalidEntry."""
    flush()
    entries, tallies = Entry.objects.all(), Tally.objects.all()
    if namespace is not None:
        entries, tallies = entries.filter(namespace=read_namespace(namespace)), tallies.filter(namespace=namespace)
    used = entries.live()
    if image_hash is not None:
        used = used.of_image(read_hashes([image_hash])[0])
    sums = tallies.aggregate(**{f"sum_{name}": Sum(name, default=0) for name in COUNTS})
    hits, misses = sums["sum_hits"], sums["sum_misses"]
    return Stats(
        **entries.figures(),
        total_hits=hits,
        total_misses=misses,
        total_waits=sums["sum_waits"],
        hit_rate=hits / (hits + misses) if hits + misses else None,
        saved_ms=sums["sum_saved_ms"],
        saved_cost_micros=sums["sum_saved_cost_micros"],
        entries=used.most_used(MOST_USED),
    )
