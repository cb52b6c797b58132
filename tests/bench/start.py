"""How soon `manage.py up` answers, how much memory it takes, and how soon it stops, beside the commit before."""

import re
import signal
import tempfile
import time
from pathlib import Path

from tests.services.service import Service
from tests.services.stack import ROOT, wait_until

SETTLE_SECONDS = 12  # the first heartbeats and periodic jobs are over
PROCESSES = ("web", "worker", "beat")


def measure(before: Path | None) -> None:
    """Print the table of docs/benchmarks.md."""
    each = "supervisor, web, worker, beat"
    print(f"| start | first answer, s | memory, MB (shared pages once) | memory, MB (sum of RSS) | {each} | stop, s |")
    print("|---|---|---|---|---|---|")
    trees = {"now": ROOT} | ({"before": before.resolve()} if before else {})
    with tempfile.TemporaryDirectory() as folder:
        for name in ("empty data folder", "second"):
            for side, root in trees.items():
                print(f"| {name}, {side} | {_measured(Service(Path(folder) / side, root))} |", flush=True)


def _measured(service: Service) -> str:
    asked_at = time.monotonic()
    process = service.start()
    wait_until(service.answers, "the first answer")
    answered = time.monotonic() - asked_at
    wait_until(service.is_complete, "worker and beat live")
    time.sleep(SETTLE_SECONDS)
    children = service.children()
    pids = [process.pid, *(children[name] for name in PROCESSES)]
    proportional = sum(_kilobytes(pid, "smaps_rollup", "Pss") for pid in pids) / 1024
    resident = [_kilobytes(pid, "status", "VmRSS") / 1024 for pid in pids]
    asked_at = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(240)
    stopped = time.monotonic() - asked_at
    each = ", ".join(f"{own:.0f}" for own in resident)
    return f"{answered:.1f} | {proportional:.0f} | {sum(resident):.0f} | {each} | {stopped:.1f}"


def _kilobytes(pid: int, file: str, field: str) -> int:
    found = re.search(rf"^{field}:\s+(\d+)", Path(f"/proc/{pid}/{file}").read_text(encoding="ascii"), re.MULTILINE)
    return int(found[1]) if found else 0
