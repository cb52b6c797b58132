"""`manage.py up` as a person starts it: first answer, one port for all, deaths and orders to stop."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest

from tests.services.postgres import Cluster, cluster
from tests.services.stack import ROOT, wait_until
from tests.services.throwaway import ServerMissing, free_port

pytestmark = pytest.mark.services


class Service:
    """One `manage.py up` with a data directory of its own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.port = free_port()
        self.env = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        self.env |= {"DATA_DIR": str(folder), "PORT": str(self.port), "HOST": "127.0.0.1"}
        for inherited in ("DATABASE_URL", "CELERY_BROKER_URL"):
            self.env.pop(inherited, None)
        self.env |= environment
        self.process: subprocess.Popen[bytes] | None = None
        self.output = folder / "output"

    def start(self) -> "subprocess.Popen[bytes]":
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "up"], env=self.env, cwd="/", stdout=output, stderr=output
            )
        return self.process

    def get(self, path: str, key: str = "", body: object = None) -> tuple[int, Message, bytes]:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        data = None
        if body is not None:
            headers |= {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
            data = json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def answers(self) -> bool:
        try:
            return self.get("/health/live")[0] == 200
        except OSError:
            return False

    def key(self) -> str:
        return re.search(r"API key +(hr_\S+)", self.output.read_text()).group(1)  # type: ignore[union-attr]

    def children(self) -> dict[str, int]:
        """The children's pids by name."""
        assert self.process is not None
        listed = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(self.process.pid)], capture_output=True, text=True, check=False
        ).stdout
        return {found[2]: int(found[1]) for found in re.finditer(r"(\d+) .*config\.child (\w+)", listed)}

    def is_complete(self) -> bool:
        return {"web", "worker", "beat"} <= set(self.children()) and b'"worker", "status": "ok"' in self.get(
            "/health/ready"
        )[2]

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path)
    yield made
    made.kill()


def test_one_command_serves_everything_on_one_port_and_stops_in_time(service: Service) -> None:
    process = service.start()
    wait_until(service.answers, 60, "the first answer")
    key = service.key()
    assert "admin login  admin / " in service.output.read_text()

    status, headers, _ = service.get("/api/v1/audit/events", key)
    assert status == 200
    assert headers["X-Request-ID"]
    assert service.get("/api/v1/audit/events")[0] == 401
    assert service.get("/admin/login/")[0] == 200
    assert service.get("/static/admin/css/base.css")[0] == 200
    assert service.get("/nothing/%ff/here?x=%ff")[0] == 404
    too_large = {"text": "x" * 11_000_000}
    assert service.get("/api/v1/prompts/tokens/count", key, too_large)[0] == 413
    greeting = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    }
    status, _, answer = service.get("/mcp", key, greeting)
    assert status == 200
    assert b'"serverInfo"' in answer
    assert service.get("/mcp", "", greeting)[0] == 401

    wait_until(service.is_complete, 60, "worker and beat live")
    wait_until(lambda: f"http://127.0.0.1:{service.port} answers" in service.output.read_text(), 5, "it says where")
    asked_at = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert time.monotonic() - asked_at < 5
    assert "Traceback" not in service.output.read_text()

    service.start()
    wait_until(service.answers, 60, "the second start")
    assert "API key" not in service.output.read_text()  # shown once
    assert service.get("/api/v1/audit/events", key)[0] == 200


@pytest.mark.parametrize("victim", ["web", "worker", "beat"])
def test_a_killed_child_ends_everything_with_an_error(service: Service, victim: str) -> None:
    process = service.start()
    wait_until(lambda: service.answers() and service.is_complete(), 60, "all live")
    children = service.children()
    os.kill(children[victim], signal.SIGKILL)
    assert process.wait(10) == 1
    assert f"[FAIL] {victim} ended (signal 9)" in service.output.read_text()
    for pid in children.values():
        wait_until(lambda pid=pid: not Path(f"/proc/{pid}").exists(), 5, "no child is left")


def test_a_killed_supervisor_leaves_no_children(service: Service) -> None:
    process = service.start()
    wait_until(lambda: service.answers() and service.is_complete(), 60, "all live")
    children = service.children()
    process.kill()
    process.wait()
    for pid in children.values():
        wait_until(lambda pid=pid: not Path(f"/proc/{pid}").exists(), 10, "the children ended by themselves")


def test_work_accepted_before_a_death_is_done_after_the_next_start(service: Service) -> None:
    process = service.start()
    wait_until(lambda: service.answers() and service.is_complete(), 60, "all live")
    key = service.key()
    worker = service.children()["worker"]
    os.kill(worker, signal.SIGSTOP)  # it takes nothing any more
    status, headers, _ = service.get("/api/v1/dockerdebug/diagnoses", key, {})
    assert status == 202
    os.kill(worker, signal.SIGKILL)
    assert process.wait(10) == 1
    process = service.start()
    wait_until(service.answers, 60, "the second start")
    path = "/api/v1/" + headers["Location"].partition("/api/v1/")[2]
    wait_until(lambda: b'"finished"' in service.get(path, key)[2], 60, "the diagnosis is done")
    process.send_signal(signal.SIGINT)  # Ctrl-C stops it as well
    assert process.wait(10) == 0


def test_the_service_recovers_when_postgresql_restarts_under_load(tmp_path: Path) -> None:
    try:
        with cluster() as server:
            service = Service(tmp_path, DATABASE_URL=server.url, THROTTLE_RATE="0/minute")
            try:
                _restart_under_load(service, server)
            finally:
                service.kill()
    except ServerMissing as error:
        pytest.skip(str(error))


def _restart_under_load(service: Service, server: Cluster) -> None:
    process = service.start()
    wait_until(lambda: service.answers() and service.is_complete(), 60, "all live")
    key = service.key()
    statuses: list[int] = []
    accepted: list[str] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            statuses.append(service.get("/api/v1/audit/events", key)[0])

    def write() -> None:
        while not stop.is_set():
            event = {"event_type": "load.made", "entity_type": "load", "entity_id": "1", "new_value": len(statuses)}
            status, _, body = service.get("/api/v1/audit/events", key, event)
            statuses.append(status)
            if status == 201:
                accepted.append(json.loads(body)["uid"])

    clients = [threading.Thread(target=run) for run in (read, read, write)]
    for client in clients:
        client.start()
    time.sleep(1)
    server.restart()
    time.sleep(3)
    stop.set()
    for client in clients:
        client.join(30)
    assert set(statuses) <= {200, 201, 503}
    assert statuses[-1] in {200, 201}
    missing = [uid for uid in accepted if service.get(f"/api/v1/audit/events/{uid}", key)[0] != 200]
    assert missing == []  # what was accepted is there
    wait_until(service.is_complete, 30, "worker and beat live on")
    assert process.poll() is None
    assert "Traceback" not in service.output.read_text()
