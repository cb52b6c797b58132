"""The vision cache beside the commit before: a look-up, four processes at once, clean-up beside a writer."""

import json
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.sides import DATABASES, heading, in_turns, print_rows, sides
from tests.services.stack import Stack

PROBES = Path(__file__).parent / "probes"
PROCESSES, LOOK_UPS = 4, 2_000
COUNTED = "from visioncache.stats import get_stats; print(get_stats().total_hits)"


def measure(before: Path | None) -> None:
    """Print the tables of docs/benchmarks.md."""
    print(heading("look-up"))
    at_once, cleanups = [], []
    for database in DATABASES:
        with sides(database, before, LOG_LEVEL="critical") as pair:
            print_rows(database, in_turns(pair, PROBES / "vision.py"))
            at_once += [_at_once(database, name, side) for name, side in pair.items()]
        with sides(database, before) as pair:
            cleanups += [_clean_up(database, name, side) for name, side in pair.items()]
    print(
        f"\n| database | commit | look-ups per s by {PROCESSES} processes | counted of those made |\n|---|---|---|---|"
    )
    print("\n".join(at_once))
    print("\n| database | commit | removed per s | a writer's p99 alone, ms | beside clean-up | longest |")
    print("|---|---|---|---|---|---|")
    print("\n".join(cleanups), flush=True)


def _at_once(database: str, name: str, side: Stack) -> str:
    before, began = _hits(side), time.perf_counter()
    command = [sys.executable, str(PROBES / "vision_counter.py"), str(LOOK_UPS)]
    running = [subprocess.Popen(command, env=side.env, cwd=side.root) for _ in range(PROCESSES)]
    assert not any(process.wait() for process in running)
    rate = PROCESSES * LOOK_UPS / (time.perf_counter() - began)
    return f"| {database} | {name} | {rate:,.0f} | {_hits(side) - before:,} of {PROCESSES * LOOK_UPS:,} |"


def _hits(side: Stack) -> int:
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", COUNTED]
    return int(subprocess.check_output(command, env=side.env, cwd=side.root, text=True).split()[-1])


def _clean_up(database: str, name: str, side: Stack) -> str:
    command = [sys.executable, str(PROBES / "vision_cleanup.py")]
    found = json.loads(subprocess.check_output(command, env=side.env, cwd=side.root, text=True))
    waits = f"{found['idle']['p99_ms']:.1f} | {found['beside']['p99_ms']:.1f} | {found['beside']['most_ms']:.0f}"
    return f"| {database} | {name} | {found['rows_per_second']:,.0f} | {waits} |"
