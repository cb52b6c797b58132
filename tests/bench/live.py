"""A thousand people who watch the dashboard on one web process: what they take, and how the others are served beside.

While they watch, an event is recorded each second, so that every look finds something to send.
"""

import asyncio
import http.client
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.services.postgres import postgres
from tests.services.stack import ROOT, Stack, wait_until
from tests.services.throwaway import free_port

WATCHERS, OPENED_AT_ONCE = 1_000, 8
SECONDS = 30.0
PAGES = (
    "/",
    "/admin/audit/permissionrule/",
    "/admin/audit/event/",
    "/admin/escalation/bug/",
    "/api/v1/audit/events?page_size=20",
)
SIGN_IN = """
from django.contrib.auth.models import User
from django.test import Client
client = Client()
client.force_login(User.objects.create_superuser("bench"))
print(client.session.session_key)
"""
RECORD = """
import time
from audit import trail
while True:
    trail.record(event_type="bench.made", entity_type="bench", entity_id="1")
    time.sleep(1)
"""


def measure() -> None:
    """Print the table of docs/benchmarks.md."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 4 * WATCHERS), hard), hard))
    with tempfile.TemporaryDirectory() as folder, postgres() as url:
        stack = Stack(Path(folder), database_url=url, settings="config.settings")
        stack.run("manage.py", "migrate", "-v0", "--skip-checks")
        stack.run("manage.py", "demo")
        session = _told(stack, SIGN_IN)
        with _web(stack) as (port, pid):
            asyncio.run(_measure(stack, port, pid, session))
        stack.stop()


async def _measure(stack: Stack, port: int, pid: int, session: str) -> None:
    stack.start("manage.py", "shell", "-v0", "-c", RECORD)
    asked = Asked(port, session)
    for path in PAGES:
        asked.page(path)
    alone = await asyncio.to_thread(asked.for_a_while, SECONDS / 3)
    before = _taken(pid)
    crowd = Crowd(port, session)
    opened = time.perf_counter()
    await crowd.open()
    opened = time.perf_counter() - opened
    busy = asyncio.create_task(asyncio.to_thread(_busiest, stack))
    beside = await asyncio.to_thread(asked.for_a_while, SECONDS)
    after = _taken(pid)
    print(f"{len(crowd.open_streams())} streams, opened in {opened:.0f} s; {crowd.events} events reached them\n")
    print(f"- memory: {(after['VmRSS'] - before['VmRSS']) / WATCHERS:.1f} kB a stream")
    print(f"- threads: {before['Threads']} before, {after['Threads']} with them")
    print(f"- PostgreSQL: {await busy} connections at work at once, at most\n")
    print("| page | alone: median, 95 % ms | beside them: median, 95 % ms |\n|---|---|---|")
    for path in PAGES:
        print(f"| {path} | {_spread(alone[path])} | {_spread(beside[path])} |")
    crowd.close()


@dataclass(slots=True)
class Crowd:
    """Streams as browsers hold them."""

    port: int
    session: str
    events: int = 0
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def open(self) -> None:
        gate = asyncio.Semaphore(OPENED_AT_ONCE)
        begun = [asyncio.Event() for _ in range(WATCHERS)]
        self._tasks = [asyncio.create_task(self._watch(gate, event)) for event in begun]
        for event in begun:
            await event.wait()

    async def _watch(self, gate: asyncio.Semaphore, begun: asyncio.Event) -> None:
        async with gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            head = ("GET /dashboard/live?range=24h HTTP/1.1", "Host: 127.0.0.1", f"Cookie: sessionid={self.session}")
            writer.write("\r\n".join([*head, "", ""]).encode())
            told = await reader.readuntil(b"retry: 5000\n\n")
            if b" 200 " not in told.splitlines()[0]:
                raise RuntimeError(told.decode())
            begun.set()
        try:
            while part := await reader.read(65_536):
                self.events += part.count(b"event: sections")
        finally:
            writer.close()

    def open_streams(self) -> list[asyncio.Task[None]]:
        return [task for task in self._tasks if not task.done()]

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()


@dataclass(slots=True)
class Asked:
    """An ordinary client beside them, on one connection."""

    port: int
    session: str

    def for_a_while(self, seconds: float) -> dict[str, list[float]]:
        """Milliseconds of each answer, by page."""
        found: dict[str, list[float]] = {path: [] for path in PAGES}
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for path, taken in found.items():
                taken.append(self.page(path))
                time.sleep(0.02)
        return found

    def page(self, path: str) -> float:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        began = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": f"sessionid={self.session}"})
        answer = connection.getresponse()
        answer.read()
        taken = 1000 * (time.perf_counter() - began)
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        return taken


def _busiest(stack: Stack) -> int:
    """How many of the web's connections were at work at one moment."""
    most, until = 0, time.monotonic() + SECONDS
    working = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'web' AND state <> 'idle'"
    while time.monotonic() < until:
        most = max(most, int(str(stack.rows(working)[0][0])))
        time.sleep(0.02)
    return most


@contextmanager
def _web(stack: Stack) -> Iterator[tuple[int, int]]:
    port = free_port()
    stack.env |= {"PORT": str(port), "HOST": "127.0.0.1", "PGAPPNAME": "web", "THROTTLE_RATE": "0/minute"}
    child = stack.start("-m", "config.serving.web")
    stack.env["PGAPPNAME"] = "other"
    wait_until(lambda: _answers(port), "the server answers")
    yield port, child.pid


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _told(stack: Stack, script: str) -> str:
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", script]
    return subprocess.check_output(command, env=stack.env, cwd=ROOT, text=True).strip()


def _taken(pid: int) -> dict[str, int]:
    """Kilobytes and threads."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    told = dict(line.split(":", 1) for line in lines)
    return {name: int(told[name].split()[0]) for name in ("VmRSS", "Threads")}


def _spread(taken: list[float]) -> str:
    cut = statistics.quantiles(taken, n=20)
    return f"{statistics.median(taken):.0f}, {cut[-1]:.0f}"
