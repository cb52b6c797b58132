"""Jobs per second and latency of the broker in the database, beside Redis: each job writes one row."""

import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from statistics import median
from typing import Any

from tests.services.postgres import postgres
from tests.services.redis_server import redis
from tests.services.stack import Stack, stack, wait_until

JOBS = 1000


def measure() -> None:
    """Print the table of docs/benchmarks.md."""
    print("| broker | sent per s | run per s (one worker, 4 threads) | latency, median ms |\n|---|---|---|---|")
    kinds: dict[str, tuple[Any, str]] = {
        "database, SQLite": (lambda: nullcontext(""), "database_url"),
        "database, PostgreSQL": (lambda: postgres(durable=True), "database_url"),
        "Redis (rows in SQLite)": (redis, "broker_url"),
    }
    for name, (server, option) in kinds.items():
        with tempfile.TemporaryDirectory() as folder, server() as url, stack(Path(folder), **{option: url}) as made:
            print(f"| {name} | {_measure_on(made)} |", flush=True)


def _measure_on(made: Stack) -> str:
    started = time.time()
    made.run("-m", "tests.services.soak.produce", "many", str(JOBS))
    sent = JOBS / float((made.folder / "sent").read_text())
    made.worker()
    wait_until(lambda: made.count("soak_ran") >= JOBS, "all ran")
    first, last = (float(str(value)) for value in made.rows("SELECT min(at), max(at) FROM soak_ran")[0])
    assert first > started
    made.run("-m", "tests.services.soak.produce", "pings", "30")
    wait_until(lambda: made.count("soak_ran", "key LIKE 'ping %'") == 30, "all pings ran")
    pings = made.rows("SELECT key, at FROM soak_ran WHERE key LIKE 'ping %'")
    latency = median(float(str(at)) - float(str(key).split()[1]) for key, at in pings)
    return f"{sent:.0f} | {JOBS / (last - first):.0f} | {latency * 1000:.0f}"
