"""MCP calls through the endpoint in process, beside the SDK's own server: a tool that does nothing, and two of ours."""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

from config.keys import create_key
from config.mcp.http import endpoint
from config.mcp.tools import tool

MODERN, HANDSHAKE = "2026-07-28", "2025-11-25"
CLIENT = {"name": "bench", "version": "1"}
CACHED = {"image_hash": "ab" * 32, "model_version": "acme-1"}
CALLS: dict[str, dict[str, object]] = {
    "noop": {},
    "count_tokens": {"text": "hello world, " * 20},
    "check_cache": CACHED,
}
bare = MCPServer("bare", log_level="WARNING")


@bare.tool(name="noop")
async def nothing_at_all() -> dict[str, bool]:
    return {"ok": True}


@tool(name="noop", title="Noop", scope="read", read_only=True)
def noop() -> dict[str, object]:
    """Nothing."""
    return {"ok": True}


def cases() -> dict[str, Callable[[], object]]:
    user = User.objects.create_superuser("bench", password="only for measuring")
    _, key = create_key(name="bench", scope="admin", user=user)
    found: dict[str, Callable[[], object]] = {"SDK alone, noop": partial(_ask_sdk, _request(key, "noop", {}, MODERN))}
    for era, version in (("", MODERN), (", handshake era", HANDSHAKE)):
        for name, arguments in CALLS.items():
            found[name + era] = partial(_ask, endpoint, _request(key, name, arguments, version))
    return found


def _request(key: str, name: str, arguments: dict[str, object], version: str) -> tuple[list[Any], bytes]:
    params: dict[str, Any] = {"name": name, "arguments": arguments}
    headers = {
        "host": "127.0.0.1:8000",
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "authorization": f"Bearer {key}",
        "mcp-protocol-version": version,
    }
    if version == MODERN:
        headers |= {"mcp-method": "tools/call", "mcp-name": name}
        about = {"protocolVersion": version, "clientInfo": CLIENT, "clientCapabilities": {}}
        params["_meta"] = {f"io.modelcontextprotocol/{what}": value for what, value in about.items()}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
    return [(header.encode(), value.encode()) for header, value in headers.items()], body


_manager: Any = None
_held: list[asyncio.Task[None]] = []


async def _ask_sdk(request: tuple[list[Any], bytes]) -> None:
    global _manager  # noqa: PLW0603 -- its event loop is there with the first call only
    if _manager is None:
        unprotected = TransportSecuritySettings(enable_dns_rebinding_protection=False)
        bare.streamable_http_app(stateless_http=True, json_response=True, transport_security=unprotected)
        running = asyncio.Event()

        async def hold() -> None:
            async with bare.session_manager.run():
                running.set()
                await asyncio.Event().wait()

        _held.append(asyncio.create_task(hold()))
        await running.wait()
        _manager = bare.session_manager
    await _ask(_manager.handle_request, request)


async def _ask(app: Any, request: tuple[list[Any], bytes]) -> None:
    headers, body = request
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    answered, told = asyncio.Event(), []

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/mcp",
        "raw_path": b"/mcp",
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }
    await app(scope, receive, send)
    answered.set()
    answer = b"".join(message.get("body", b"") for message in told)
    assert told[0]["status"] == 200, (told, answer)
    assert b'"isError":false' in answer, answer
