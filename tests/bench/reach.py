"""The checker alone: how large it is, how long a whole process of it takes, and what another's project costs.

It is measured as a user has it: the wheel, installed by uv into environments of its own.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from tests.bench.schemas import application_statements
from tests.services.postgres import cluster
from tests.services.projects.environments import newest_python, python_with
from tests.services.projects.public_django import PUBLIC, write_site
from tests.services.projects.sent import compared
from tests.services.stack import ROOT

ROUNDS, FILES = 15, (50, 500)
UV = str(Path(sys.executable).parent / "uv")
ENV = {
    name: value
    for name, value in os.environ.items()
    if name not in ("PYTHONDONTWRITEBYTECODE", "DJANGO_SETTINGS_MODULE", "DATABASE_URL")
}


class Cost(NamedTuple):
    """Of a process, in seconds: as long as somebody waited, and what other work on the machine hardly changes."""

    wall: float
    cpu: float


def measure() -> None:
    """Print the tables of docs/benchmarks.md."""
    with tempfile.TemporaryDirectory(prefix="handrail-reach-") as name:
        folder = Path(name)
        _run(UV, "build", "--quiet", "--wheel", "--out-dir", folder, ROOT)
        [wheel] = folder.glob("*.whl")
        _tell_sizes(folder, wheel)
        handrail = folder / "compiled" / "bin" / "handrail"
        _tell_files(folder, handrail)
        _tell_projects(folder, handrail)


def _tell_sizes(folder: Path, wheel: Path) -> None:
    print("| installed | MB |\n|---|---|")
    print(f"| the wheel | {wheel.stat().st_size / 1e6:.1f} |")
    for name, options in (("plain", []), ("compiled", ["--compile-bytecode"])):
        environment = folder / name
        _run(UV, "venv", "--quiet", "--python", sys.executable, environment)
        pins = ["--constraint", ROOT / "requirements.txt"]
        _run(UV, "pip", "install", "--quiet", "--python", environment / "bin/python", *options, *pins, wheel)
        print(f"| by uv, {name} | {_size(environment) / 1e6:.1f} |")
    tools = {"UV_TOOL_DIR": str(folder / "tools"), "UV_TOOL_BIN_DIR": str(folder / "bin")}
    again = [
        _timed(
            [UV, "tool", "install", "--quiet", "--force", wheel], ENV | tools, before=[UV, "tool", "uninstall", "-q"]
        )
        for _ in range(3)
    ]
    print(f"\n`uv tool install`, packages cached: {min(again).wall:.2f} s")


def _tell_files(folder: Path, handrail: Path) -> None:
    statements = application_statements()
    one = folder / "one.sql"
    one.write_text(";\n".join(islice(statements, 2)) + ";\n")
    few = _median([handrail, "schemacheck", one])
    rows = [
        ("Python doing nothing", _median([handrail.parent / "python", "-c", "pass"])),
        ("`handrail --version`", _median([handrail, "--version"])),
        ("one file of two statements", few),
    ]
    for count in FILES:
        scripts = folder / f"scripts_{count}"
        scripts.mkdir()
        for number in range(count):
            text = ";\n".join(islice(statements, 2)) + ";\n"
            (scripts / f"change_{number:04}.sql").write_text(text)
        many = _median([handrail, "schemacheck", scripts])
        more = Cost(*((much - little) / (count - 1) for much, little in zip(many, few, strict=True)))
        rows += [(f"{count} files", many), (f"each of {count} files more", more)]
    print("\n| whole process | ms | CPU ms |\n|---|---|---|")
    for name, cost in rows:
        print(f"| {name} | {cost.wall * 1000:.1f} | {cost.cpu * 1000:.1f} |")


def _tell_projects(folder: Path, handrail: Path) -> None:
    print("\n| project | its own start, s | its newest migration, s | beyond its start, s | SQL as sent |")
    print("|---|---|---|---|---|")
    with cluster() as server:
        for name, public in PUBLIC.items():
            python = python_with(newest_python("3.13", "3.12"), *public.packages)
            manage = write_site(folder / name, public)
            asked = [handrail, "schemacheck", "--django", manage, "--python", python, _newest(python, name)]
            own, ours = (_median(command).wall for command in ([python, manage, "version"], asked))
            found = compared(python, manage, server, name)
            share = f"{found.alike} of {found.total - found.by_python} ({found.share:.1%}), {found.by_python} by Python"
            print(f"| {name} | {own:.2f} | {ours:.2f} | {ours - own:.2f} | {share} |", flush=True)


def _newest(python: Path, name: str) -> Path:
    [packages] = python.parent.parent.glob("lib/*/site-packages")
    folder = packages / {"wagtail": "wagtail/migrations", "allauth": "allauth/socialaccount/migrations"}[name]
    return max(folder.glob("0*.py"))


def _run(*command: object) -> None:
    subprocess.run([str(word) for word in command], env=ENV, check=True)


def _median(command: Sequence[object]) -> Cost:
    """Of a process, after one that fills caches and writes bytecode; a finding is no failure."""
    taken = [_timed(command, ENV) for _ in range(ROUNDS + 1)][1:]
    return Cost(*map(statistics.median, zip(*taken, strict=True)))


def _timed(command: Sequence[object], env: Mapping[str, str], *, before: Sequence[str] = ()) -> Cost:
    if before:
        subprocess.run([*before, "handrail"], env=env, capture_output=True, check=False)
    began, used = time.perf_counter(), _used()
    done = subprocess.run([str(word) for word in command], env=env, capture_output=True, text=True, check=False)
    took = Cost(time.perf_counter() - began, _used() - used)
    assert done.returncode in (0, 1), done.stderr
    return took


def _used() -> float:
    """CPU seconds of all processes that were waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _size(folder: Path) -> int:
    """What it takes on the disk, as `du` counts."""
    found = shutil.which("du")
    assert found
    return int(subprocess.check_output([found, "-sk", folder], text=True).split()[0]) * 1024
