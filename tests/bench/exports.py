"""What an export takes at its peak, and how fast it is, beside the commit before."""

import json
import subprocess
import sys
from pathlib import Path

from tests.bench.sides import DATABASES, sides
from tests.services.stack import Stack

EVENTS = 200_000  # the peak does not grow with them: tests/services/test_export_memory.py
FORMATS = ("json", "ocsf", "jsonl", "csv")

FILL = """
import sys, django
django.setup()
from datetime import UTC, datetime, timedelta
from audit.models import Event
begin = datetime(2026, 1, 1, tzinfo=UTC)

def event(number):
    states = [{"status": status, "score": 12.5, "text": str(number)} for status in ("pending", "resolved")]
    return Event(
        timestamp=begin + timedelta(seconds=number), event_type="bug.resolved", entity_type="bug",
        entity_id=str(number), old_value=states[0], new_value=states[1], actor="key", correlation_id=f"c{number}",
        changes=[{"op": "replace", "path": "/status", "old": "pending", "new": "resolved"}], context={"door": "rest"},
        payload_hash="0" * 64, leaf_hash="0" * 64,
    )

for first in range(0, int(sys.argv[1]), 2000):
    Event.objects.bulk_create([event(number) for number in range(first, first + 2000)])
"""
EXPORT = """
import json, re, runpy, sys, time
sys.argv = ["manage.py", "audit_export", "--format", sys.argv[1], "--output", sys.argv[2]]
began = time.perf_counter(), time.process_time()
runpy.run_path("manage.py", run_name="__main__")
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
print(json.dumps({"peak": peak, "wall": time.perf_counter() - began[0], "cpu": time.process_time() - began[1]}))
"""


def measure(before: Path | None) -> None:
    """Print the table of docs/benchmarks.md."""
    print("| database | format | peak, MB | before | events per s | before | CPU us an event | before |")
    print("|---|---|---|---|---|---|---|---|")
    for database in DATABASES:
        with sides(database, before) as pair:
            for side in pair.values():
                _python(side, FILL, str(EVENTS))
            for form in FORMATS:
                found = {name: _exported(side, form) for name, side in pair.items()}
                columns = [
                    shown(found[name]) if name in found else ""
                    for shown in (_peak, _rate, _cpu)
                    for name in ("now", "before")
                ]
                print(f"| {database} | {form} | {' | '.join(columns)} |", flush=True)


def _exported(side: Stack, form: str) -> dict[str, float]:
    target = side.folder / f"events.{form}"
    said = _python(side, EXPORT, form, str(target))
    target.unlink()
    return dict(json.loads(said.splitlines()[-1]))


def _python(side: Stack, program: str, *arguments: str) -> str:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, env=side.env, cwd=side.root, capture_output=True, text=True, check=True).stdout


def _peak(found: dict[str, float]) -> str:
    return f"{found['peak']:.0f}"


def _rate(found: dict[str, float]) -> str:
    return f"{EVENTS / found['wall']:,.0f}"


def _cpu(found: dict[str, float]) -> str:
    return f"{found['cpu'] * 1e6 / EVENTS:.1f}"
