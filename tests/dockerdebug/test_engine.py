"""Engines that are away, hang, refuse or are none: each has its own key, sentence and next step."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker.errors
import pytest
import requests

from config.errors import DomainError
from dockerdebug.collection import collect
from dockerdebug.containers import list_containers
from dockerdebug.deadline import Deadline
from dockerdebug.engine import _missing, connect, diagnose_connection
from dockerdebug.refusals import EngineUnavailable
from dockerdebug.targets import require_name


@pytest.fixture
def engine_at(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    for name in ("DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_HOST"):
        monkeypatch.delenv(name, raising=False)

    def point(address: str) -> None:
        settings.DOCKER_HOST = address

    return point


def why(seconds: float = 2.0) -> Any:
    with pytest.raises(EngineUnavailable) as caught:
        connect(Deadline(seconds))
    problem = caught.value.problem
    assert caught.value.status == 503
    assert caught.value.code == problem.key.replace("_", "-")
    assert problem.cause
    assert problem.fix
    return problem


@pytest.fixture
def answering(tmp_path: Path, engine_at: Any) -> Iterator[Callable[[bytes | None], None]]:
    """An engine socket that gives one fixed answer to everybody, or none at all."""
    listener = socket.socket(socket.AF_UNIX)
    path = tmp_path / "engine.sock"
    listener.bind(str(path))
    engine_at(f"unix://{path}")
    kept = []

    def serve(answer: bytes | None) -> None:
        listener.listen()

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                kept.append(connection)
                if answer is not None:
                    connection.recv(65536)
                    connection.sendall(answer)
                    connection.close()

        threading.Thread(target=accept, daemon=True).start()

    yield serve
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for connection in kept:
        connection.close()


def http(status: str, body: str) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


def test_no_socket(engine_at: Any, tmp_path: Path) -> None:
    engine_at(f"unix://{tmp_path}/none.sock")
    problem = why()
    assert problem.key == "engine_socket_missing"
    assert f"{tmp_path}/none.sock" in problem.cause
    assert "DOCKER_HOST" in problem.cause


def test_a_socket_nobody_listens_at(engine_at: Any, tmp_path: Path) -> None:
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(f"{tmp_path}/dead.sock")
    engine_at(f"unix://{tmp_path}/dead.sock")
    assert why().key == "engine_not_running"
    dead.close()


def test_a_socket_that_may_not_be_opened() -> None:
    wrapped = docker.errors.DockerException("Error while fetching server API version")
    wrapped.__cause__ = requests.exceptions.ConnectionError("aborted", PermissionError(13, "Permission denied"))
    problem = diagnose_connection(wrapped)
    assert problem.key == "engine_permission_denied"
    assert "group" in problem.fix


def test_an_engine_that_does_not_answer(answering: Any) -> None:
    answering(None)
    assert why(0.3).key == "engine_timeout"


def test_something_else_than_an_engine(answering: Any) -> None:
    answering(http("200 OK", "<html>hello</html>"))
    assert why().key == "engine_not_docker"


def test_an_answer_without_api_version(answering: Any) -> None:
    answering(http("200 OK", "{}"))
    assert why().key == "engine_not_docker"


def test_an_engine_that_is_too_old(answering: Any) -> None:
    answering(http("200 OK", json.dumps({"ApiVersion": "1.12"})))
    assert why().key == "engine_version"


def test_a_proxy_that_refuses(answering: Any) -> None:
    answering(http("403 Forbidden", json.dumps({"message": "denied"})))
    problem = why()
    assert problem.key == "engine_refused"
    assert "GET /version" in problem.fix


@pytest.mark.parametrize("address", ["ssh://host", "bogus://host", "tcp://host:port", "tcp://user:hunter22@x:notaport"])
def test_an_address_that_cannot_be_used(engine_at: Any, address: str) -> None:
    engine_at(address)
    problem = why()
    assert problem.key == "engine_settings"
    assert "hunter22" not in str(problem)


def test_a_context_that_does_not_exist(engine_at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    engine_at("")
    monkeypatch.setenv("DOCKER_CONTEXT", "no-such-context")
    problem = why()
    assert problem.key == "engine_settings"
    assert "no-such-context" in problem.evidence


def test_a_missing_engine_is_a_finding_of_the_diagnosis(engine_at: Any, tmp_path: Path) -> None:
    engine_at(f"unix://{tmp_path}/none.sock")
    facts = collect("api")
    assert facts.problem
    assert facts.problem.key == "engine_socket_missing"


def test_listing_containers_without_an_engine_says_what_to_do(engine_at: Any, tmp_path: Path) -> None:
    engine_at(f"unix://{tmp_path}/none.sock")
    with pytest.raises(EngineUnavailable, match="Start the engine"):
        list_containers()


@pytest.mark.parametrize(
    "name", ["", "-x", ".hidden", "a b", "a/b", "../x", "x\n", "x\0", "é", "a" * 129, "a?b", "%2e"]
)
def test_what_no_container_is_called_is_refused(name: str) -> None:
    with pytest.raises(DomainError) as caught:
        require_name(name)
    assert caught.value.errors[0].field == "container"


@pytest.mark.parametrize(
    ("asked", "suggested"),
    [("shop-apy", "shop-api"), ("SHOP-API", "shop-api"), ("worker", "shop-worker-1"), ("redsi", "redis")],
)
def test_near_names_are_suggested(asked: str, suggested: str) -> None:
    problem = _missing(asked, ["shop-api", "shop-worker-1", "redis"])
    assert suggested in problem.fix


def test_without_a_near_name_the_list_is_named() -> None:
    assert "docker ps -a" in _missing("zzz", ["shop-api"]).fix
