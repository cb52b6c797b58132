"""Today's tree beside an older checkout, in one run and taking turns: `make bench ARGS="rest --before PATH"`.

Each side has its own tree, DATA_DIR and database, migrated by its own code. What is measured is a probe: a file with a
function `cases()` that fills the side's database and gives functions (or coroutine functions) by name. It belongs to
today's tree but runs with the code of either, so it may import only what both have.

    for database in DATABASES:
        with sides(database, before) as pair:
            print_rows(database, in_turns(pair, Path(__file__).parent / "probes" / "rest.py"))
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests.bench.web import server
from tests.services.postgres import cluster
from tests.services.stack import ROOT, Stack

DATABASES = ("SQLite", "PostgreSQL")
TURNS = Path(__file__).parent / "turns.py"
ROUNDS = 15


class Figure(NamedTuple):
    """Microseconds a call: the median of the turns, and the least, which other work on the machine disturbs least."""

    cpu: float
    least_cpu: float
    wall: float
    least_wall: float


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
        case: {name: _figure([turn[case] for turn in found]) for name, found in turns.items()}
        for case in turns["now"][0]
    }


def _figure(turns: list[dict[str, float]]) -> Figure:
    cpu, wall = ([turn[kind] for turn in turns] for kind in ("cpu", "wall"))
    return Figure(statistics.median(cpu), min(cpu), statistics.median(wall), min(wall))


Requests = dict[str, Callable[[Stack, int, dict[str, str]], float]]
"""Requests a second by what is asked, of a side whose server has the port and whose database has what was prepared."""


class Rate(NamedTuple):
    """Requests a second, and what one costs the server: CPU ms, which other work on the machine disturbs less."""

    per_second: float
    cpu: float


def rates(pair: Sides, requests: Requests, rounds: int = 3) -> dict[str, dict[str, Rate]]:
    """Ask every side's web server in turns; medians by what is asked and by side."""
    found: dict[str, dict[str, list[Rate]]] = {what: {name: [] for name in pair} for what in requests}
    with ExitStack() as stack:
        servers = []
        for name, side in pair.items():
            told = json.loads(_output(side, "-m", "tests.bench.site.prepare"))
            servers.append((name, side, stack.enter_context(server(side, ["-m", "config.serving.web"])), told))
        for _ in range(rounds):
            for what, ask in requests.items():
                for name, side, port, told in servers:
                    found[what][name].append(_rate(side.children[-1].pid, partial(ask, side, port, told)))
    return {what: {name: _median(turns) for name, turns in by.items()} for what, by in found.items()}


def _rate(server: int, ask: Callable[[], float]) -> Rate:
    cpu, began = cpu_seconds(server), time.perf_counter()
    per_second = ask()
    answered = max(per_second * (time.perf_counter() - began), 1)
    return Rate(per_second, (cpu_seconds(server) - cpu) / answered * 1000)


def _median(turns: list[Rate]) -> Rate:
    return Rate(*(statistics.median(values) for values in zip(*turns, strict=True)))


def cpu_seconds(process: int) -> float:
    """What a process has used so far: the 14th and 15th of /proc's fields, counted behind its name."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _output(side: Stack, *arguments: str) -> bytes:
    return subprocess.check_output([sys.executable, *arguments], env=side.env, cwd=side.root)


def rates_heading() -> str:
    columns = "per s | before | times | CPU ms of the server | before | times"
    return f"| database | over HTTP | {columns} |\n|{'---|' * 8}"


def print_rates(database: str, found: Mapping[str, Mapping[str, Rate]]) -> None:
    for what, by_side in found.items():
        now, was = by_side["now"], by_side.get("before")
        told = [f"{now.per_second:.0f}", "", "", f"{now.cpu:.2f}", "", ""]
        if was is not None:
            told[1:3] = f"{was.per_second:.0f}", f"{now.per_second / was.per_second:.1f}"
            told[4:6] = f"{was.cpu:.2f}", f"{was.cpu / now.cpu:.1f}"
        print(f"| {database} | {what} | {' | '.join(told)} |", flush=True)


def print_rows(database: str, figures: Figures, kind: str = "cpu") -> None:
    """A row for each case, under `heading`: median (least) of both sides, and the least of before by that of now."""
    for case, by_side in figures.items():
        shown = {
            name: (getattr(figure, kind) / 1000, getattr(figure, f"least_{kind}") / 1000)
            for name, figure in by_side.items()
        }
        columns = [f"{median:.2f} ({least:.2f})" for median, least in shown.values()]
        columns += [f"{shown['before'][1] / shown['now'][1]:.1f}"] if "before" in shown else ["", ""]
        print(f"| {database} | {case} | {' | '.join(columns)} |", flush=True)


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
