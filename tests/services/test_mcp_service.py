"""The MCP door of the whole service on PostgreSQL: connections given back, and a restart of the database survived."""

import asyncio
import socket
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import httpx2
import psycopg
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.services import postgres
from tests.services.stack import Stack, stack, wait_until
from tests.services.throwaway import ServerMissing

pytestmark = pytest.mark.services
MAKE_KEY = """
from django.contrib.auth.models import User
from config.keys import create_key
print(create_key(name="agent", scope="write", user=User.objects.create_superuser("admin"))[1])
"""
EVENT = {"event_type": "role.changed", "entity_type": "role", "new_value": {"can": ["read"]}}
POOL_SLOTS = 20


@pytest.fixture(scope="module")
def cluster() -> Iterator[postgres.Cluster]:
    try:
        with postgres.cluster() as made:
            yield made
    except ServerMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def service(cluster: postgres.Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Address and key of a service on PostgreSQL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("mcp")
    with stack(folder, settings="config.settings", database_url=cluster.url) as running:
        running.env |= {"PORT": str(port), "SECRET_KEY": "x" * 60}
        key = made_key(running)
        running.start("manage.py", "up")
        wait_until(lambda: answers(port), "the service answers")
        yield f"http://127.0.0.1:{port}/mcp", key


def made_key(running: Stack) -> str:
    running.start("manage.py", "shell", "-v0", "-c", MAKE_KEY, log="key").wait(240)
    return running.log("key").split()[-1]


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


async def record(address: str, key: str, mode: str, *ids: int) -> list[Any]:
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=240) as http,
        Client(streamable_http_client(address, http_client=http), mode=mode) as client,
    ):
        return [await client.call_tool("record_audit", EVENT | {"entity_id": str(number)}) for number in ids]


def held(cluster: postgres.Cluster) -> int:
    """Connections the service holds, the idle ones of its pools included."""
    with psycopg.connect(cluster.url) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = 'handrail' AND pid <> pg_backend_pid()"
        )
        return int(found.fetchone()[0])  # type: ignore[index]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_official_client_writes_through_the_real_service(service, mode):
    [answer] = asyncio.run(record(*service, mode, 1))
    assert not answer.is_error
    assert answer.structured_content["actor"] == "agent"


def test_calls_hold_no_more_connections_than_the_pool_has(service, cluster):
    async def together() -> None:
        await asyncio.gather(*(record(*service, "auto", *range(25)) for _ in range(12)))

    asyncio.run(together())
    with psycopg.connect(cluster.url) as connection:
        busy = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = 'handrail' AND state LIKE 'idle in transaction%'"
        ).fetchone()
    assert busy == (0,)
    assert held(cluster) <= 3 * POOL_SLOTS  # web, worker and beat each have a pool


def test_calls_work_again_once_the_database_is_back(service, cluster):
    asyncio.run(record(*service, "auto", *range(10)))
    cluster.restart()
    deadline = time.monotonic() + 240  # the pool backs off while it drops what the restart broke
    in_a_row = 0
    while in_a_row < 20:
        assert time.monotonic() < deadline, "calls still fail"
        in_a_row = in_a_row + 1 if recorded(*service) else 0


def recorded(address: str, key: str) -> bool:
    """Whether one call succeeded; a failure must be one that says to try again."""
    call = {"name": "record_audit", "arguments": EVENT | {"entity_id": "after"}}
    answer = httpx2.post(
        address,
        json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call},
        headers={"Authorization": f"Bearer {key}", "Accept": "application/json, text/event-stream"},
        timeout=240,
    )
    if answer.status_code == 200 and '"isError":false' in answer.text:
        return True
    assert answer.status_code in {200, 503}, answer.text
    assert "try again" in answer.text
    return False
