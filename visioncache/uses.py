"""Hits by the entry: one narrow row each, added to by one statement for many."""

from collections.abc import Mapping

from django.db import connection

from visioncache.buffer import MOST_SAVED, Use

_ADD = """
INSERT INTO visioncache_entrystat (entry_id, hit_count, last_hit_at, saved_ms, saved_cost_micros)
{rows}
ON CONFLICT (entry_id) DO UPDATE
   SET hit_count = visioncache_entrystat.hit_count + excluded.hit_count,
       last_hit_at = {greatest}(visioncache_entrystat.last_hit_at, excluded.last_hit_at),
       saved_ms = {least}(visioncache_entrystat.saved_ms + excluded.saved_ms, {most}),
       saved_cost_micros =
           {least}(visioncache_entrystat.saved_cost_micros + excluded.saved_cost_micros, {most})
"""

# The entries' rows are held until the commit, so that none is removed meanwhile, and in the order of their ids, as
# everybody does who holds several: two who held them in different orders would wait for each other in a circle.
_AT_ONCE = _ADD.format(
    most=MOST_SAVED,
    least="LEAST",
    greatest="GREATEST",
    rows="""
SELECT entry.id, use.hits, use.at, use.ms, use.cost
  FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::bigint[], %s::bigint[]) AS use (id, hits, at, ms, cost)
  JOIN visioncache_entry entry ON entry.id = use.id
 ORDER BY entry.id FOR KEY SHARE OF entry""",
)
_EACH = _ADD.format(
    most=MOST_SAVED, least="MIN", greatest="MAX", rows="SELECT id, %s, %s, %s, %s FROM visioncache_entry WHERE id = %s"
)


def add(uses: Mapping[int, Use]) -> None:
    """Add to what the hits of entries come to; those that are gone meanwhile are passed by."""
    adapt = connection.ops.adapt_datetimefield_value
    rows = [
        (use.hit_count, adapt(use.last_hit_at), use.saved_ms, use.saved_cost_micros, entry)
        for entry, use in sorted(uses.items())
    ]
    if not rows:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            *counts, entries = (list(column) for column in zip(*rows, strict=True))
            cursor.execute(_AT_ONCE, [entries, *counts])
        else:
            cursor.executemany(_EACH, rows)
