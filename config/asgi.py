"""The ASGI door: /mcp (and live streams) on the event loop, the rest of the site as WSGI on a bounded set of threads.

Django's own ASGI handler would cost a synchronous view more than half of its requests per second; one hop to a thread
costs a few per cent (docs/benchmarks.md).
"""

import asyncio
import io
import json
import os
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from wsgiref.util import FileWrapper

from django.conf import settings
from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config.bodies import Message, Receive, read_body
from config.context import acting_as, correlation_id
from config.errors import DomainError
from config.problems import PROBLEM_JSON, problem
from config.wsgi import application as site

Send = Callable[[Message], Awaitable[None]]

# What runs on the event loop, imported with its first request: the MCP SDK alone takes half a second.
ROUTES = {"/mcp": "config.mcp_http.endpoint"}
FILE_BLOCK_BYTES = 65536
SEND_TIMEOUT_SECONDS = 60  # a client that reads this slowly loses its stream, not we a thread

# Bounds both threads and database connections; PostgreSQL's pool has 20 for the whole process.
_threads = ThreadPoolExecutor(max_workers=settings.WEB_THREADS, thread_name_prefix="web")


async def application(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    """Answer one HTTP request."""
    if scope["type"] != "http":
        raise NotImplementedError(f"Nothing here speaks {scope['type']}.")
    route = ROUTES.get("/" + scope["path"].removeprefix("/").partition("/")[0])  # "OPTIONS *" has no slash at all
    if route is not None:
        await import_string(route)(scope, receive, send)
        return
    try:
        body, length = await read_body(receive)
    except DomainError as error:
        for message in _refusal(error):
            await send(message)
        return
    stream = Stream(asyncio.get_running_loop(), receive, send)
    try:
        for message in await stream.loop.run_in_executor(_threads, compute, _environ(scope, body, length), stream):
            await send(message)
    except ClientGone:
        pass
    finally:
        stream.end()


def _refusal(error: DomainError) -> list[Message]:
    """The answer to a request that never reaches the site."""
    with acting_as(correlation_id=correlation_id()):
        body = problem(error.status, error.code, error.detail)
    headers = [(b"content-type", PROBLEM_JSON.encode()), (b"x-request-id", body["request_id"].encode())]
    return [
        {"type": "http.response.start", "status": error.status, "headers": headers},
        {"type": "http.response.body", "body": json.dumps(body).encode()},
    ]


def _environ(scope: MutableMapping[str, Any], body: bytes, length: int) -> dict[str, Any]:
    """PEP 3333's view of the request."""
    client, server = scope.get("client") or ("", 0), scope.get("server") or ("localhost", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "CONTENT_LENGTH": str(length),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope.get('http_version', '1.1')}",
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": lambda file, size=FILE_BLOCK_BYTES: FileWrapper(file, FILE_BLOCK_BYTES),
    }
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if name == "content-type":
            environ["CONTENT_TYPE"] = value
        elif "_" not in name and name != "content-length":  # X_Real_IP must not pass for X-Real-IP
            key = "HTTP_" + name.upper().replace("-", "_")
            joint = "; " if name == "cookie" else ","
            environ[key] = f"{environ[key]}{joint}{value}" if key in environ else value
    return environ


def compute(environ: dict[str, Any], stream: "Stream") -> list[Message]:
    """Run the site, in a thread; the messages that remain to be sent. A stream is sent from here, in this thread."""
    begun: Message = {}

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Any:
        encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        begun.update({"type": "http.response.start", "status": int(status[:3]), "headers": encoded})

    parts = site(environ, start_response)
    try:
        if not getattr(parts, "streaming", False) and not isinstance(parts, FileWrapper):
            return [begun, {"type": "http.response.body", "body": b"".join(parts)}]
        stream.send(begun)
        for part in parts:
            if part:
                stream.send({"type": "http.response.body", "body": part, "more_body": True})
        return [{"type": "http.response.body"}]
    finally:
        if close := getattr(parts, "close", None):
            close()


class ClientGone(Exception):
    """Nobody reads the stream any more."""


class Stream:
    """Sends from a thread, as fast as the client reads, until it leaves: the server alone would not tell us."""

    def __init__(self, loop: asyncio.AbstractEventLoop, receive: Receive, send: Send) -> None:
        self.loop, self._receive, self._send = loop, receive, send
        self._watcher: asyncio.Task[None] | None = None

    def send(self, message: Message) -> None:
        try:
            asyncio.run_coroutine_threadsafe(self._pass_on(message), self.loop).result(SEND_TIMEOUT_SECONDS)
        except (OSError, TimeoutError) as error:
            raise ClientGone from error

    async def _pass_on(self, message: Message) -> None:
        if self._watcher is None:
            self._watcher = self.loop.create_task(self._watch())
        if self._watcher.done():
            raise ClientGone
        await self._send(message)

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def end(self) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
