"""What commands cost from the start of their process to its end, beside the commit before."""

import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.sides import DATABASES, ROUNDS, Figure, Figures, Sides, heading, print_rows, sides
from tests.services.stack import Stack

COMMANDS = (
    "version",
    "schemacheck x.sql",
    "visioncache stats",
    "prompt list",
    "rules list",
    "audit_verify",
    "tokens x.sql",
)
SCRIPT = "CREATE TABLE t (id bigint PRIMARY KEY);\n"


def measure(before: Path | None) -> None:
    """Print the tables of docs/benchmarks.md."""
    found = {}
    for database in DATABASES:
        with sides(database, before) as pair:
            found[database] = _in_turns(pair)
    for kind in Figure._fields:
        print(heading("command", f"{kind} ms"))
        for database, figures in found.items():
            print_rows(database, figures, kind)
        print()


def _in_turns(pair: Sides) -> Figures:
    for side in pair.values():
        (side.folder / "x.sql").write_text(SCRIPT, encoding="utf-8")
    return {command: _sides_of(command, pair) for command in COMMANDS}


def _sides_of(command: str, pair: Sides) -> dict[str, Figure]:
    runs: dict[str, list[Figure]] = {name: [] for name in pair}
    for number in range(ROUNDS + 1):
        for name, side in pair.items():
            run = _run(side, command)
            if number:  # the first writes bytecode and fills the system's cache
                runs[name].append(run)
    return {name: Figure(*map(statistics.median, zip(*found, strict=True))) for name, found in runs.items()}


def _run(side: Stack, command: str) -> Figure:
    """Microseconds, those of the processes it waited for included."""
    words = [str(side.folder / word) if word == "x.sql" else word for word in command.split()]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    program = [sys.executable, str(side.root / "manage.py"), *words]
    subprocess.run(program, env=side.env, cwd=side.root, capture_output=True, check=True)
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Figure(cpu * 1e6, took * 1e6)
