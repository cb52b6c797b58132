"""The MCP door over stdin and stdout, as an agent starts it."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

ROOT = Path(__file__).resolve().parents[2]
MAKE_KEY = """
from django.contrib.auth.models import User
from config.keys import create_key
print(create_key(name="agent", scope="write", user=User.objects.create_user("agent"))[1])
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A service of its own on a file database, with one key."""
    data = tmp_path_factory.mktemp("stdio")
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "HANDRAIL_API_KEY"}}
    settings = {"DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": str(data), "SECRET_KEY": "x" * 60}
    kept |= settings
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=kept, check=True)
    made = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", MAKE_KEY],
        cwd=ROOT,
        env=kept,
        capture_output=True,
        text=True,
        check=True,
    )
    return kept | {"HANDRAIL_API_KEY": made.stdout.split()[-1]}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_official_client_works_over_stdio(environment, mode):
    parameters = StdioServerParameters(
        command=sys.executable, args=["manage.py", "mcp"], env=environment, cwd=str(ROOT)
    )

    async def talk() -> tuple[list[str], Any]:
        async with Client(stdio_client(parameters), mode=mode) as client:
            names = [tool.name for tool in (await client.list_tools()).tools]
            arguments = {"event_type": "role.changed", "entity_type": "role", "entity_id": "7", "new_value": {"a": 1}}
            return names, await client.call_tool("record_audit", arguments)

    names, recorded = asyncio.run(talk())
    assert "record_audit" in names
    assert recorded.structured_content["actor"] == "agent"


@pytest.mark.parametrize("key", [None, "", "hr_wrong"])
def test_without_a_live_key_it_stops_with_one_line(environment, key):
    given = {name: value for name, value in environment.items() if name != "HANDRAIL_API_KEY"}
    if key is not None:
        given["HANDRAIL_API_KEY"] = key
    done = subprocess.run(
        [sys.executable, "manage.py", "mcp"], cwd=ROOT, env=given, capture_output=True, text=True, input="", check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert "apikey create" in done.stderr


def messages() -> bytes:
    """A greeting, and a question to the vision cache that it counts as a miss."""
    greeting = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    question = {"name": "check_cache", "arguments": {"image_hash": "0" * 64}}
    lines = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": greeting},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": question},
    ]
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def misses_counted(environment: dict[str, str]) -> int:
    with closing(sqlite3.connect(Path(environment["DATA_DIR"]) / "handrail.sqlite3", timeout=20)) as database:
        return database.execute("SELECT COALESCE(sum(misses), 0) FROM visioncache_tally").fetchone()[0]


PATIENT = """
import runpy, sys
from config import farewell
farewell.say_farewell.__defaults__ = (240.0,)
sys.argv = ["manage.py", "mcp"]
runpy.run_path("manage.py", run_name="__main__")
"""
"""`manage.py mcp` that has longer to write down what it counted than a busy machine may take."""


@pytest.mark.parametrize("order", [signal.SIGINT, signal.SIGTERM, None])
def test_an_order_ends_it_although_a_thread_waits_for_stdin_and_what_it_counted_is_written(environment, order):
    before = misses_counted(environment)
    with subprocess.Popen(
        [sys.executable, "-c", PATIENT], cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(messages())
        server.stdin.flush()
        assert b"serverInfo" in server.stdout.readline()
        assert b"why_miss" in server.stdout.readline()
        if order is None:
            server.stdin.close()  # as a client that is done does
        else:
            server.send_signal(order)  # stdin stays open: nothing else could end it
        assert server.wait(240) == (0 if order is None else 128 + order)
    assert misses_counted(environment) == before + 1
