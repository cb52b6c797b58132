"""The MCP door over real HTTP: the official client, foreign hosts, keys, and what a thousand calls leave behind."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
import uvicorn
from django.contrib.auth.models import User
from django.db import connection, connections
from django.db.backends.utils import CursorWrapper
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from config.keys import create_key, revoke_key
from config.mcp import http as mcp_http
from config.serving.asgi import application
from tests.config.mcp_trial import trial_server

pytestmark = pytest.mark.django_db(transaction=True)
CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "who", "arguments": {}}}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The endpoint on a free port, without lifespan events, as it is mounted beside Django."""
    with pytest.MonkeyPatch.context() as patch, socket.create_server(("127.0.0.1", 0)) as listening:
        trial = trial_server()
        patch.setattr(mcp_http, "server", lambda: trial)
        config = uvicorn.Config(application, lifespan="off", log_level="warning", ws="none")
        web = uvicorn.Server(config)
        thread = threading.Thread(target=web.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
        web.should_exit = True
        thread.join()


def post(address: str, key: str = "", body: Any = CALL, **headers: str) -> httpx2.Response:
    sent = ACCEPT | ({"Authorization": f"Bearer {key}"} if key else {}) | headers
    content = {"content": body} if isinstance(body, bytes) else {"json": body}
    return httpx2.post(address, headers=sent | {"Content-Type": "application/json"}, timeout=240, **content)


async def calls(address: str, key: str, name: str, count: int = 1, mode: str = "auto") -> list[Any]:
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=240) as http,
        Client(streamable_http_client(address, http_client=http), mode=mode) as client,
    ):
        answers = [await client.call_tool(name, {}) for _ in range(count)]
    return [answer.structured_content for answer in answers]


@pytest.mark.parametrize("path", ["", "/"])
@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_official_client_works_in_both_eras(address, key_for, mode, path):
    [answer] = asyncio.run(calls(address + path, key_for("read"), "who", mode=mode))
    assert (answer["actor"], answer["door"]) == ("read-key", "mcp")


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_callers_at_the_same_time_are_kept_apart(address, key_for, mode):
    keys = [key_for("read"), key_for("write"), key_for("admin")]

    async def together() -> list[list[Any]]:
        return await asyncio.gather(*(calls(address, key, "who", 10, mode) for key in keys))

    read, write, admin = asyncio.run(together())
    assert {answer["actor"] for answer in read} == {"read-key"}
    assert {answer["actor"] for answer in write} == {"write-key"}
    assert {answer["actor"] for answer in admin} == {"admin-key"}


def test_the_request_id_is_taken_and_returned(address, key_for):
    answer = post(address, key_for("read"), **{"X-Request-ID": "trace-7"})
    assert answer.headers["X-Request-ID"] == "trace-7"
    assert '"id":"trace-7"' in answer.text.replace("\\", "")


def test_a_request_without_a_key_is_challenged(address, db):
    answer = post(address)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="handrail"'
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "apikey create" in answer.json()["detail"]


def test_wrong_expired_and_revoked_keys_are_refused_alike(address, owner: User):
    _, expired = create_key(name="old", scope="read", user=owner, expires_at=timezone.now() - timedelta(seconds=1))
    _, revoked = create_key(name="gone", scope="read", user=owner)
    revoke_key(name="gone")
    for key in ["hr_wrong", expired, revoked, "hr_a b"]:
        answer = post(address, key)
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
        assert key not in answer.text


def test_foreign_hosts_and_origins_are_refused(address, key_for):
    key = key_for("read")
    assert post(address, key, Host="evil.example").status_code == 421
    assert post(address, key, Origin="https://evil.example").status_code == 403
    assert post(address, key, Origin="null").status_code == 403
    assert post(address, key, Origin="http://localhost:3000").status_code == 200


def test_nothing_lies_beneath_the_endpoint(address, db):
    answer = post(f"{address}/other")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_only_posts_are_answered(address, db):
    for method in ["GET", "DELETE", "PUT"]:
        answer = httpx2.request(method, address)
        assert answer.status_code == 405
        assert answer.headers["Allow"] == "POST"


def test_a_body_over_the_limit_is_refused(address, key_for, settings):
    answer = post(address, key_for("read"), b" " * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1))
    assert (answer.status_code, answer.headers["Content-Type"]) == (413, "application/problem+json")
    assert (answer.json()["code"], "MAX_BODY_BYTES" in answer.json()["detail"]) == ("payload-too-large", True)


@pytest.mark.parametrize("body", [b"10\r\n{}", b"ZZ\r\n{}\r\n"])
def test_a_body_cut_short_is_no_failure_of_ours(address, key_for, body, caplog):
    where = urlsplit(address)
    head = f"POST /mcp HTTP/1.1\r\nHost: {where.netloc}\r\nAuthorization: Bearer {key_for('read')}\r\n"
    head += "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection((where.hostname, where.port), timeout=240) as client:
        client.sendall(head.encode() + body)
        client.shutdown(socket.SHUT_WR)
        while client.recv(65536):
            pass
    assert not [line for line in caplog.records if line.exc_info]
    assert post(address, key_for("read")).status_code == 200


@pytest.mark.parametrize(
    "arguments", [b'{"note":1e400}', b'{"note":"a","extra":NaN}', b'{"note":"\\ud800"}', b'{"note":"\\u0000"}', b"[]"]
)
def test_hostile_json_is_refused_and_the_endpoint_lives_on(address, key_for, arguments):
    body = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"order","arguments":' + arguments + b"}}"
    answer = post(address, key_for("read"), body)
    assert answer.status_code in {200, 400}
    assert "Traceback" not in answer.text
    assert '"isError":true' in answer.text or '"error":' in answer.text
    assert post(address, key_for("read")).status_code == 200


def test_a_thousand_calls_leave_no_connection(address, key_for, monkeypatch):
    opened: list[Any] = []
    backend = type(connections["default"])
    connect = backend.connect

    def counted(self: Any) -> None:
        connect(self)
        opened.append(self)

    monkeypatch.setattr(backend, "connect", counted)

    async def hundred(http: httpx2.AsyncClient) -> None:
        for _ in range(100):
            answer = await http.post(address, json=CALL | {"params": {"name": "keys", "arguments": {}}})
            assert '"isError":false' in answer.text

    async def thousand(key: str) -> None:
        async with httpx2.AsyncClient(headers=ACCEPT | {"Authorization": f"Bearer {key}"}, timeout=240) as http:
            await asyncio.gather(*(hundred(http) for _ in range(10)))

    asyncio.run(thousand(key_for("read")))
    held = {made for made in opened if made is not connections["default"] and made.connection is not None}
    # SQLite keeps a handle a thread for CONN_MAX_AGE; PostgreSQL's go back to their pool at once.
    assert len(held) <= (8 if connection.vendor == "sqlite" else 0)


def test_a_call_that_needs_no_data_costs_two_statements_composed_long_ago(address, key_for, monkeypatch):
    key = key_for("read")
    assert post(address, key).headers["Content-Type"] == "application/json"  # the first notes the key's use
    sent, composed = [], []
    execute, as_sql = CursorWrapper.execute, SQLCompiler.as_sql
    monkeypatch.setattr(CursorWrapper, "execute", lambda *args: sent.append(args[1]) or execute(*args))
    monkeypatch.setattr(SQLCompiler, "as_sql", lambda *args: composed.append(args[0]) or as_sql(*args))
    assert '"isError":false' in post(address, key).text
    assert ("config_apikey" in sent[0], "audit_rulesversion" in sent[1], sent[2:], composed) == (True, True, [], [])
