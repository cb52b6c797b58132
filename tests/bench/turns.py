"""One side of a comparison: runs a probe's cases a turn at a time, whenever it is told to. See sides.py.

Runs as a file with the code of whichever checkout PYTHONPATH names, so it imports nothing of ours itself.
"""

import asyncio
import inspect
import json
import runpy
import sys
import time
from collections.abc import Callable
from pathlib import Path

Case = Callable[[], object]  # or a coroutine function

WARM_CALLS, TURN_SECONDS = 5, 0.15


def main(probe: str) -> None:
    """Load the probe, then answer each line of stdin by a line of figures."""
    sys.path.remove(str(Path(__file__).parent))  # whose modules would stand before the checkout's
    import django

    django.setup()
    with asyncio.Runner() as runner:
        cases: dict[str, Case] = runpy.run_path(probe)["cases"]()
        counts = {name: _count(_timed(case, WARM_CALLS, runner)["wall"]) for name, case in cases.items()}
        print("ready", flush=True)
        for _ in sys.stdin:
            found = {name: _timed(case, counts[name], runner) for name, case in cases.items()}
            print(json.dumps(found), flush=True)


def _count(microseconds: float) -> int:
    """How many calls make a turn."""
    return max(1, int(TURN_SECONDS * 1e6 / microseconds))


def _timed(case: Case, count: int, runner: asyncio.Runner) -> dict[str, float]:
    """Microseconds a call: of this process's CPU, and by the clock."""
    cpu, wall = time.process_time(), time.perf_counter()
    if inspect.iscoroutinefunction(case):
        runner.run(_awaited(case, count))
    else:
        for _ in range(count):
            case()
    return {
        "cpu": (time.process_time() - cpu) / count * 1e6,
        "wall": (time.perf_counter() - wall) / count * 1e6,
    }


async def _awaited(case: Callable[[], object], count: int) -> None:
    for _ in range(count):
        await case()  # type: ignore[misc]


if __name__ == "__main__":
    main(sys.argv[1])
