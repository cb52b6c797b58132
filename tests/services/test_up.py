"""`manage.py up` as a person starts it: first answer, one port for all, deaths and orders to stop."""

import json
import os
import resource
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.services.developer import SHELL, strange_folder
from tests.services.postgres import Cluster, cluster
from tests.services.service import Service
from tests.services.stack import wait_until
from tests.services.throwaway import ServerMissing

pytestmark = pytest.mark.services


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path)
    yield made
    made.kill()


def test_one_command_serves_everything_on_one_port_and_stops_in_time(service: Service) -> None:
    path = service.folder / "s"
    service.env["SOCKET_PATH"] = str(path)
    process = service.start()
    wait_until(service.answers, "the first answer")
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

    with socket.socket(socket.AF_UNIX) as stream:
        stream.connect(str(path))
        stream.sendall(
            f"GET /api/v1/audit/events HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
        )
        assert stream.recv(15) == b"HTTP/1.0 200 OK"
    assert path.stat().st_mode & 0o777 == 0o666

    wait_until(service.is_complete, "worker and beat live")
    wait_until(lambda: f"http://127.0.0.1:{service.port} answers" in service.output.read_text(), "it says where")
    assert service.get("/api/v1/visioncache/lookup", key, {"image_hash": "0" * 64})[0] == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(240) == 0
    assert "Traceback" not in service.output.read_text()
    assert rows(service, "SELECT name FROM config_heartbeat") == []  # `restore` need not wait for anybody
    assert rows(service, "SELECT misses FROM visioncache_tally") == [(1,)]  # counted, and written on leaving

    service.start()
    wait_until(service.answers, "the second start")
    assert "API key" not in service.output.read_text()  # shown once
    assert service.get("/api/v1/audit/events", key)[0] == 200


def rows(service: Service, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(service.folder / "handrail.sqlite3", timeout=20)) as database:
        return database.execute(sql).fetchall()


def test_clients_that_say_nothing_or_half_of_it_keep_nobody_from_an_answer(service: Service) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < 4 * SILENT_CLIENTS:
        pytest.skip(f"needs {4 * SILENT_CLIENTS} open files, and the system allows {most}")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    service.start()
    wait_until(service.answers, "the first answer")
    with ExitStack() as silent:
        for number in range(SILENT_CLIENTS):
            client = silent.enter_context(socket.create_connection(("127.0.0.1", service.port), timeout=60))
            if number % 2:
                client.sendall(b"GET /health/live HTTP/1.1\r\nHost: 127")
        assert service.get("/health/live")[0] == 200
        assert service.get("/api/v1/audit/events", service.key())[0] == 200
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


SILENT_CLIENTS = 1500  # more than the 1,024 connections the server takes by itself


def test_a_killed_supervisor_leaves_no_children(service: Service) -> None:
    process = service.start()
    wait_until(lambda: service.answers() and service.is_complete(), "all live")
    children = service.children()
    process.kill()
    process.wait()
    for pid in children.values():
        wait_until(lambda pid=pid: not Path(f"/proc/{pid}").exists(), "the children ended by themselves")


def test_work_accepted_before_a_death_is_done_after_the_next_start(service: Service) -> None:
    process = service.start()
    wait_until(lambda: service.answers() and service.is_complete(), "all live")
    key = service.key()
    worker = service.children()["worker"]
    os.kill(worker, signal.SIGSTOP)  # it takes nothing any more
    status, headers, _ = service.get("/api/v1/dockerdebug/diagnoses", key, {})
    assert status == 202
    process.kill()  # the whole service, at once
    process.wait()
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: not service.answers(), "its children end")
    process = service.start()
    wait_until(service.answers, "the second start")
    path = "/api/v1/" + headers["Location"].partition("/api/v1/")[2]
    wait_until(lambda: b'"finished"' in service.get(path, key)[2], "the diagnosis is done")
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
    wait_until(lambda: service.answers() and service.is_complete(), "all live")
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
    wait_until(service.is_complete, "worker and beat live on")
    assert process.poll() is None
    assert "Traceback" not in service.output.read_text()


def test_packages_of_the_current_folder_and_settings_of_another_project_do_not_matter(
    service: Service, tmp_path: Path
) -> None:
    folder = strange_folder(tmp_path)
    service.cwd = str(folder)
    service.env |= {"DJANGO_SETTINGS_MODULE": SHELL["DJANGO_SETTINGS_MODULE"], "PYTHONPATH": str(folder)}
    service.start()
    wait_until(service.is_complete, "web, worker and beat live")
    assert "was imported" not in service.output.read_text()
