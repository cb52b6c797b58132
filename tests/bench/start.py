"""How soon `manage.py up` answers, how much memory it takes, and how soon it stops."""

import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from tests.services.stack import wait_until
from tests.services.test_up import Service

SETTLE_SECONDS = 12  # the first heartbeats and periodic jobs are over


def measure() -> None:
    """Print the table of docs/benchmarks.md."""
    print("| start | first answer, s | memory, MB (shared pages once) | memory, MB (sum of RSS) | stop, s |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name in ("empty data folder", "second"):
            service = Service(Path(folder))
            asked_at = time.monotonic()
            process = service.start()
            wait_until(service.answers, "the first answer")
            answered = time.monotonic() - asked_at
            wait_until(service.is_complete, "worker and beat live")
            time.sleep(SETTLE_SECONDS)
            pids = [process.pid, *service.children().values()]
            proportional = sum(_kilobytes(pid, "smaps_rollup", "Pss") for pid in pids) / 1024
            resident = sum(_kilobytes(pid, "status", "VmRSS") for pid in pids) / 1024
            asked_at = time.monotonic()
            process.send_signal(signal.SIGTERM)
            process.wait(240)
            stopped = time.monotonic() - asked_at
            print(f"| {name} | {answered:.1f} | {proportional:.0f} | {resident:.0f} | {stopped:.1f} |", flush=True)


def _kilobytes(pid: int, file: str, field: str) -> int:
    text = subprocess.check_output(["cat", f"/proc/{pid}/{file}"], text=True)
    found = re.search(rf"^{field}:\s+(\d+)", text, re.MULTILINE)
    return int(found[1]) if found else 0
