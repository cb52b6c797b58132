"""The ASGI application itself, for config/asgi.py: /mcp (and live streams) on the event loop, the rest on threads.

The rest of the site is WSGI on a bounded set of them.

Django's own ASGI handler would cost a synchronous view more than half of its requests per second; one hop to a thread
costs a few per cent (docs/benchmarks.md).
"""

import asyncio
import io
import json
import os
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from contextlib import AbstractContextManager, closing, nullcontext
from functools import lru_cache
from typing import Any, NamedTuple
from wsgiref.util import FileWrapper

from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config.context import acting_as, correlation_id
from config.errors import DomainError
from config.rest.problems import PROBLEM_JSON, problem
from config.serving import threads
from config.serving.bodies import Message, Receive, held_body
from config.serving.crew import Crew
from config.serving.live import BOARD, LiveAnswer, Watcher
from config.serving.streams import (
    FILE_BLOCK_BYTES,
    ClientGone,
    Send,
    Stream,
    TooManyStreams,
    a_share_of_the_streams,
)
from config.wsgi import application as site

# What runs on the event loop, imported with its first request: the MCP SDK alone takes half a second.
ROUTES = {"/mcp": "config.mcp.http.endpoint"}


async def application(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    """Answer one HTTP request."""
    if scope["type"] != "http":
        raise NotImplementedError(f"Nothing here speaks {scope['type']}.")
    path = scope["path"]
    if path == "/health/live":
        await _say_alive(scope, send)
        return
    route = ROUTES.get("/" + path.removeprefix("/").partition("/")[0])  # "OPTIONS *" has no slash at all
    if route is not None:
        await import_string(route)(scope, receive, send)
        return
    try:
        if not _has_body(scope):  # to wait for none would cost a turn of the server's own thread
            await _answer(scope, b"", 0, receive, send)
            return
        async with held_body(receive) as (body, length):
            await _answer(scope, body, length, receive, send)
    except DomainError as error:
        for message in _refusal(error):
            await send(message)


def _has_body(scope: Mapping[str, Any]) -> bool:
    """Whether HTTP/1.1, the only one spoken here, says that a body comes (RFC 9112, section 6.3)."""
    return any(name in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"])


async def _answer(scope: MutableMapping[str, Any], body: bytes, length: int, receive: Receive, send: Send) -> None:
    stream = Stream(asyncio.get_running_loop(), receive, send)
    try:
        with _threads_for(scope, length) as pool:
            answer = await pool.run(compute, _environ(scope, body, length), stream)
        if isinstance(answer, Live):
            await BOARD.stream(answer.watcher, answer.begun, stream)
            return
        if isinstance(answer, File):
            with closing(answer.content) as content:
                await stream.send_file(answer.begun, content.filelike)
            return
        if len(answer) == 2 and len(answer[1].get("body", b"")) > FILE_BLOCK_BYTES:
            begun, whole = answer
            await stream.send_whole(begun, whole["body"])
            return
        for message in answer:
            await send(message)
    except ClientGone:
        pass
    finally:
        stream.end()


def _threads_for(scope: Mapping[str, Any], length: int) -> AbstractContextManager[Crew]:
    if scope["path"] == "/health/ready":
        return nullcontext(threads.probes)
    # What is asked by GET is not in its body, and may be a stream, which would hold its thread.
    return threads.threads_for(0 if scope["method"] in {"GET", "HEAD"} else length, threads.everyday)


async def _say_alive(scope: MutableMapping[str, Any], send: Send) -> None:
    """Liveness: the loop goes round. It takes no thread, body or connection that somebody else may hold."""
    allowed = scope["method"] in {"GET", "HEAD"}
    headers = [(b"content-type", b"text/plain"), (b"cache-control", b"no-store")]
    await send(
        {
            "type": "http.response.start",
            "status": 200 if allowed else 405,
            "headers": headers if allowed else [*headers, (b"allow", b"GET, HEAD")],
        }
    )
    await send({"type": "http.response.body", "body": b"ok" if scope["method"] == "GET" else b""})


def _refusal(error: DomainError) -> list[Message]:
    """The answer to a request that never reaches the site."""
    with acting_as(correlation_id=correlation_id()):
        body = problem(error)
    headers = [(b"content-type", PROBLEM_JSON.encode()), (b"x-request-id", body["request_id"].encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
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
        key = _variable(raw_name)
        if key:
            value = raw_value.decode("latin-1")
            joint = "; " if key == "HTTP_COOKIE" else ","
            environ[key] = f"{environ[key]}{joint}{value}" if key in environ and key != "CONTENT_TYPE" else value
    return environ


@lru_cache(maxsize=256)
def _variable(raw_name: bytes) -> str:
    """What a header is called in the environment; empty for one that the site must not see."""
    name = raw_name.decode("latin-1")
    if name == "content-type":
        return "CONTENT_TYPE"
    if "_" in name or name == "content-length":  # X_Real_IP must not pass for X-Real-IP
        return ""
    return "HTTP_" + name.upper().replace("-", "_")


@lru_cache(maxsize=256)
def _raw_name(name: str) -> bytes:
    return name.lower().encode("latin-1")


class File(NamedTuple):
    """An answer that lies on the disk."""

    begun: Message
    content: FileWrapper


class Live(NamedTuple):
    """An answer that goes on as long as its client stays."""

    begun: Message
    watcher: Watcher


def compute(environ: dict[str, Any], stream: Stream) -> list[Message] | File | Live:
    """Run the site, in a thread; what remains to be sent. A stream is sent from here, in this thread."""
    begun: Message = {}

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Any:
        encoded = [(_raw_name(name), value.encode("latin-1")) for name, value in headers]
        begun.update({"type": "http.response.start", "status": int(status[:3]), "headers": encoded})

    parts = site(environ, start_response)
    if isinstance(parts, FileWrapper):
        return File(begun, parts)
    try:
        if isinstance(parts, LiveAnswer):
            return Live(begun, parts.watcher)
        if not getattr(parts, "streaming", False):
            return [begun, {"type": "http.response.body", "body": b"".join(parts)}]
        return _sent(begun, parts, stream)
    finally:
        if close := getattr(parts, "close", None):
            close()


def _sent(begun: Message, parts: Iterable[bytes], stream: Stream) -> list[Message]:
    """Send all but the end of a stream, which remains; or the refusal of one too many."""
    try:
        with a_share_of_the_streams():
            stream.send(begun)
            for part in parts:
                if part:
                    stream.send({"type": "http.response.body", "body": part, "more_body": True})
    except TooManyStreams as error:
        return _refusal(error)
    return [{"type": "http.response.body"}]
