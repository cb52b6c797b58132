"""GET/s and POST/s of the web door and of gunicorn with the same site, in turns, on SQLite and PostgreSQL."""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import MappingProxyType

from tests.services.postgres import postgres
from tests.services.stack import ROOT, Stack, wait_until
from tests.services.throwaway import free_port

SECONDS, ROUNDS, CONNECTIONS = 4, 3, 16
EVENTS = "/api/v1/audit/events"
EVENT = {"event_type": "bench.made", "entity_type": "bench", "entity_id": "1", "new_value": {"text": "forty two"}}
POST = 'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = [[%s]]\n'


def measure() -> None:
    """Print the table of docs/benchmarks.md."""
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        gunicorn = Path(folder) / "gunicorn"
        command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", str(gunicorn), "gunicorn"]
        subprocess.run(command, check=True)
        print("| database | request | `up`'s web, per s | gunicorn gthread, per s | ratio |\n|---|---|---|---|---|")
        for name, database in (("SQLite", lambda: nullcontext("")), ("PostgreSQL", lambda: postgres(durable=True))):
            with database() as url:
                _measure_on(name, Path(folder) / name, url, gunicorn)


def _measure_on(name: str, folder: Path, url: str, gunicorn: Path) -> None:
    folder.mkdir()
    stack = Stack(folder, database_url=url, settings="tests.bench.site.settings")
    stack.migrate()
    told = json.loads(
        subprocess.check_output([sys.executable, "-m", "tests.bench.site.prepare"], env=stack.env, cwd=ROOT)
    )
    note = {"owner": "bench", "value": {"text": "forty two"}}
    requests = {
        "GET one event": (f"{EVENTS}/{told['event']}", None),
        "GET, bare view": (f"/bare/notes/{told['note']}", None),
        "POST an event": (EVENTS, EVENT),
        "POST, bare view": ("/bare/notes", note),
    }
    with server(stack, ["-m", "config.serving.web"]) as ours, _gunicorn(stack, gunicorn) as theirs:
        for label, (path, body) in requests.items():
            rates: dict[int, list[float]] = {ours: [], theirs: []}
            for port in (ours, theirs):
                wrk(port, path, body, told["key"], folder, 1)
            for _ in range(ROUNDS):
                for port, found in rates.items():
                    found.append(wrk(port, path, body, told["key"], folder, SECONDS))
            mine, other = (statistics.median(found) for found in rates.values())
            print(f"| {name} | {label} | {mine:.0f} | {other:.0f} | {mine / other:.2f} |", flush=True)


@contextmanager
def server(stack: Stack, arguments: list[str], **environment: str) -> Iterator[int]:
    port = free_port()
    before = dict(stack.env)
    stack.env |= {"PORT": str(port), "HOST": "127.0.0.1"} | environment
    child = stack.start(*[argument.replace("PORT", str(port)) for argument in arguments])
    stack.env = before
    try:
        wait_until(lambda: wrk(port, "/health/live", None, "", stack.folder, 1, quiet=True), "the server answers")
        yield port
    finally:
        child.terminate()
        child.wait(10)


@contextmanager
def _gunicorn(stack: Stack, installed: Path) -> Iterator[int]:
    arguments = ["-m", "gunicorn", "-w1", "--threads", "8", "-b", "127.0.0.1:PORT", "config.wsgi:application"]
    with server(stack, arguments, PYTHONPATH=f"{installed}:{ROOT}") as port:
        yield port


def wrk(
    port: int,
    path: str,
    body: object,
    key: str,
    folder: Path,
    seconds: int,
    *,
    quiet: bool = False,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> float:
    """Requests a second of one that must succeed."""
    script: list[str] = []
    if body is not None:
        (folder / "post.lua").write_text(POST % json.dumps(body))
        script = ["-s", str(folder / "post.lua")]
    sent = [f"{name}: {value}" for name, value in ({"Authorization": f"Bearer {key}"} | dict(headers)).items()]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", *script, *(f"-H{header}" for header in sent)]
    done = subprocess.run([*command, f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=False)
    if "Non-2xx" in done.stdout and not quiet:
        raise RuntimeError(f"{path}: {done.stdout}")
    return next((float(line.split()[1]) for line in done.stdout.splitlines() if "Requests/sec" in line), 0.0)
