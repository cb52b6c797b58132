"""What a statement reads, as the database tells: the tables it reads whole although it need not."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import connection

NARROW = ("escalation_bug", "escalation_cycle", "visioncache_entry")
"""Tables that may be counted over a narrow index, whole: 100,000 entries take some ms. The trail may not."""
SHARE = 0.25
"""Reading more than this of a table is reading it whole."""


def read_whole(sql: str, params: Any, rows: Mapping[str, int]) -> list[str]:
    """The large tables (`rows` says how many rows each has) that a statement reads whole, with the plan's line."""
    return list(_DATABASES[connection.vendor](sql, params, rows))


def _sqlite(sql: str, params: Any, rows: Mapping[str, int]) -> Iterator[str]:
    """The plan names the scans; one that ends early, as a page does, is told by the steps the statement took."""
    plan = [line[3] for line in _asked(f"EXPLAIN QUERY PLAN {sql}", params)]
    steps = _steps(sql, params)
    for table, count in rows.items():
        for line in plan:
            scanned = f"{line} ".startswith(f"SCAN {table} ")
            narrow = table in NARROW and "USING COVERING INDEX" in line
            if scanned and not narrow and steps > SHARE * count * _STEPS_A_ROW:
                yield f"{line} ({steps} steps)"


_STEPS_A_ROW = 3  # the least that looking at a row takes: to move on, to read a column, to compare it
_EVERY = 100


def _steps(sql: str, params: Any) -> int:
    """How many instructions SQLite takes for a statement, to a hundred."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += _EVERY
        return 0

    connection.ensure_connection()
    connection.connection.set_progress_handler(count, _EVERY)
    try:
        _asked(sql, params)
    finally:
        connection.connection.set_progress_handler(None, 0)
    return taken


def _postgresql(sql: str, params: Any, rows: Mapping[str, int]) -> Iterator[str]:
    """Run without sequential scans where another way leads there: tables of a test are small enough to be read whole.

    What a scan read is counted, whatever it is called: an index can be read whole, too.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    [(plan,)] = _asked(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", params)
    plan = json.loads(plan) if isinstance(plan, str) else plan
    for node in _nodes(plan[0]["Plan"]):
        table = node.get("Relation Name")
        narrow = table in NARROW and node["Node Type"] == "Index Only Scan"
        removed = sum(node.get(f"Rows Removed by {cause}", 0) for cause in ("Filter", "Index Recheck"))
        read = (node["Actual Rows"] + removed) * node["Actual Loops"]
        if table in rows and not narrow and read > SHARE * rows[table]:
            yield f"{node['Node Type']} of {table} by {node.get('Index Name')} ({read} rows)"


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)


def _asked(sql: str, params: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


_DATABASES = {"sqlite": _sqlite, "postgresql": _postgresql}
