"""Today's tree beside an older checkout, in one run and taking turns: `make bench ARGS="rest --before PATH"`.

Each side has its own tree, DATA_DIR and database, migrated by its own code. What is measured is a probe: a file with a
function `cases()` that fills the side's database and gives functions (or coroutine functions) by name. It belongs to
today's tree but runs with the code of either, so it may import only what both have.

    for database in DATABASES:
        with sides(database, before) as pair:
            print_rows(database, in_turns(pair, Path(__file__).parent / "probes" / "rest.py"))
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.services.postgres import cluster
from tests.services.stack import ROOT, Stack

DATABASES = ("SQLite", "PostgreSQL")
TURNS = Path(__file__).parent / "turns.py"
ROUNDS = 7


class Figure(NamedTuple):
    """Microseconds a call, the median of the turns."""

    cpu: float
    wall: float


Sides = dict[str, Stack]  # "now", and "before" where a checkout was named
Figures = dict[str, dict[str, Figure]]  # by case, then by side


@contextmanager
def sides(database: str, before: Path | None, *, settings: str = "config.settings", **environ: str) -> Iterator[Sides]:
    """A migrated stack for each tree; on PostgreSQL they share a cluster that keeps what it promises."""
    trees = {"now": ROOT} | ({"before": before.resolve()} if before else {})
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="handrail-bench-")))
        server = stack.enter_context(cluster(durable=True)) if database == "PostgreSQL" else None
        made = {}
        for name, root in trees.items():
            (folder / name).mkdir()
            url = ""
            if server:
                server.run("createdb", "-h", "127.0.0.1", "-p", str(server.port), "-U", "handrail", name)
                url = server.url.removesuffix("handrail") + name
            side = made[name] = Stack(folder / name, database_url=url, settings=settings, root=root)
            side.env |= {"PYTHONPATH": str(root), "THROTTLE_RATE": "0/minute", "LOG_LEVEL": "error"} | environ
            side.migrate()
            stack.callback(side.stop)
        yield made


def in_turns(pair: Sides, probe: Path, rounds: int = ROUNDS) -> Figures:
    """Run the probe's cases on every side, one side at a time, and again."""
    with ExitStack() as stack:
        running = {name: stack.enter_context(_started(side, probe)) for name, side in pair.items()}
        turns: dict[str, list[dict[str, dict[str, float]]]] = {name: [] for name in pair}
        for _ in range(rounds):
            for name, process in running.items():
                turns[name].append(json.loads(_asked(process, "turn")))
    return {
        case: {
            name: Figure(*(statistics.median(turn[case][kind] for turn in found) for kind in Figure._fields))
            for name, found in turns.items()
        }
        for case in turns["now"][0]
    }


def print_rows(database: str, figures: Figures, kind: str = "cpu") -> None:
    """A row for each case, under `heading`."""
    for case, by_side in figures.items():
        now = getattr(by_side["now"], kind)
        was = getattr(by_side["before"], kind) if "before" in by_side else None
        beside = "| |" if was is None else f"| {was / 1000:.2f} | {was / now:.1f} |"
        print(f"| {database} | {case} | {now / 1000:.2f} {beside}", flush=True)


def heading(what: str, unit: str = "CPU ms") -> str:
    return f"| database | {what} | {unit} | before | times |\n|---|---|---|---|---|"


@contextmanager
def _started(side: Stack, probe: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, str(TURNS), str(probe)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=side.env, cwd=side.root, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            _asked(process)
            yield process
        finally:
            process.kill()


def _asked(process: "subprocess.Popen[str]", line: str = "") -> str:
    assert process.stdin
    assert process.stdout
    if line:
        process.stdin.write(line + "\n")
        process.stdin.flush()
    told = process.stdout.readline()
    if not told:
        raise RuntimeError(f"The probe ended with {process.wait()}; its error stands above.")
    return told
