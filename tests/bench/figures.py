"""How long people wait for figures and lists of a large installation, and how long it takes to migrate to them.

The code of before fills the database, where there is one, and both are measured in turns.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.services.postgres import cluster
from tests.services.stack import ROOT

SCRIPT = Path(__file__).parent / "site" / "figures.py"
ROUNDS = 3

Figures = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Side:
    """A tree, and the installation it runs."""

    tree: Path
    folder: Path
    database_url: str = ""

    def run(self, *arguments: str) -> str:
        known = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        told = {"DATA_DIR": str(self.folder), "THROTTLE_RATE": "0/minute"}
        told |= {"DATABASE_URL": self.database_url} if self.database_url else {}
        return subprocess.check_output([sys.executable, *arguments], env=known | told, cwd=self.tree, text=True)

    def migrate(self) -> float:
        """How many seconds it took."""
        started = time.perf_counter()
        self.run("manage.py", "migrate", "-v0", "--skip-checks")
        return time.perf_counter() - started


Copy = Callable[[], Side]
"""Makes the installation of today out of that of before."""


def measure(before: Path | None) -> None:
    """Print the table of docs/benchmarks.md."""
    for name, installations in (("SQLite", _files), ("PostgreSQL", _databases)):
        with installations((before or ROOT).resolve()) as (old, copied):
            old.migrate()
            old.run(str(SCRIPT), "fill")
            new = copied()
            print(f"\n{name}: migrated in {new.migrate():.1f} s\n")
            new.run(str(SCRIPT), "analyze")
            _tell(*_in_turns([old, new] if before else [new]))


def _in_turns(sides: list[Side]) -> list[Figures]:
    found: list[list[Figures]] = [[] for _ in sides]
    for _ in range(ROUNDS):
        for side, figures in zip(sides, found, strict=True):
            figures.append(json.loads(side.run(str(SCRIPT), "measure")))
    return [
        {what: min((turn[what] for turn in turns), key=lambda figure: figure["ms"]) for what in turns[0]}
        for turns in found
    ]


def _tell(*sides: Figures) -> None:
    names = ["before", "now"][-len(sides) :]
    print("| | " + " | ".join(f"{name}, ms | CPU | queries" for name in names) + " |")
    print("|---" * (3 * len(sides) + 1) + "|")
    for what in sides[0]:
        cells = " | ".join(
            f"{side[what]['ms']:,.0f} | {side[what]['cpu']:,.0f} | {side[what]['queries']:.0f}" for side in sides
        )
        print(f"| {what} | {cells} |", flush=True)


@contextmanager
def _files(old: Path) -> Iterator[tuple[Side, Copy]]:
    with tempfile.TemporaryDirectory() as folder:
        was, now = Path(folder, "before"), Path(folder, "now")
        yield Side(old, was), lambda: Side(ROOT, Path(shutil.copytree(was, now)))


@contextmanager
def _databases(old: Path) -> Iterator[tuple[Side, Copy]]:
    with tempfile.TemporaryDirectory() as folder, cluster(durable=True) as server:

        def copied() -> Side:
            where = ["-h", "127.0.0.1", "-p", str(server.port), "-U", "handrail"]
            server.run("createdb", *where, "-T", "handrail", "now")
            return Side(ROOT, Path(folder), server.url.removesuffix("handrail") + "now")

        yield Side(old, Path(folder), server.url), copied
