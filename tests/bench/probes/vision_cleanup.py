"""Clean-up of expired entries beside a writer: rows per second, and what the writer waits with and without it.

Run without arguments it prints a JSON object; as "writer" it writes a row each 2 ms until its stdin ends.
"""

import json
import runpy
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from visioncache import models  # noqa: E402
from visioncache.models import Entry, Lease  # noqa: E402
from visioncache.removal import cleanup_expired  # noqa: E402

EXPIRED = 30_000
PAUSE_SECONDS = 0.002


def main() -> None:
    fill = runpy.run_path(str(Path(__file__).with_name("vision.py")))["fill"]
    fill(EXPIRED, expires_at=timezone.now() - timedelta(hours=1))
    if stat := getattr(models, "EntryStat", None):  # half of them answered once
        use = {"hit_count": 1, "last_hit_at": timezone.now(), "saved_ms": 1, "saved_cost_micros": 1}
        half = Entry.objects.values_list("pk", flat=True)[: EXPIRED // 2]
        stat.objects.bulk_create([stat(entry_id=pk, **use) for pk in half], batch_size=2_000)
    with writing() as idle:
        time.sleep(3)
    with writing() as beside:
        time.sleep(0.5)
        began = time.perf_counter()
        removed = cleanup_expired()
        seconds = time.perf_counter() - began
    assert removed == EXPIRED
    print(json.dumps({"rows_per_second": removed / seconds, "idle": idle, "beside": beside}))


@contextmanager
def writing() -> Any:
    """A writer in a process of its own; what it waited is there at the end."""
    pipe = subprocess.PIPE
    told: dict[str, float] = {}
    with subprocess.Popen([sys.executable, __file__, "writer"], stdin=pipe, stdout=pipe, text=True) as writer:
        assert writer.stdout
        writer.stdout.readline()
        yield told
        told |= json.loads(writer.communicate()[0])


def write() -> None:
    ended, waits = threading.Event(), []
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    connection.ensure_connection()
    print("ready", flush=True)
    while not ended.wait(PAUSE_SECONDS):
        name, now = f"{time.time_ns():064d}", timezone.now()
        began = time.perf_counter()
        Lease.objects.create(key=name, token=name[-32:], holder="bench", taken_at=now, expires_at=now)
        waits.append(1_000 * (time.perf_counter() - began))
    waits.sort()
    print(json.dumps({"p99_ms": waits[int(len(waits) * 0.99)], "most_ms": waits[-1], "writes": len(waits)}))


if __name__ == "__main__":
    write() if "writer" in sys.argv else main()
