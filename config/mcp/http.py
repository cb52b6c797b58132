"""MCP over streamable HTTP: who may speak, from where, and a session manager that needs no lifespan."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http.request import split_domain_port, validate_host
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings

from config.attempts import address_of
from config.context import acting_as, correlation_id
from config.errors import (
    DomainError,
    Forbidden,
    InternalError,
    MethodNotAllowed,
    Misdirected,
    NotFound,
    Unauthenticated,
)
from config.home import PROGRAM
from config.keys import BadKey
from config.mcp.messages import Malformed, check_message
from config.mcp.server import server
from config.mcp.session import admit, in_thread, session
from config.models import ApiKey
from config.rest.problems import PROBLEM_JSON, as_domain_error, problem
from config.serving.bodies import read_body
from config.serving.crew import Crew

logger = logging.getLogger(__name__)

# Bounds both threads and database connections of this door; see config/serving/threads.py.
_pool = Crew(8, name="mcp")
_managers: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Task[StreamableHTTPSessionManager]] = (
    WeakKeyDictionary()
)
_holders: set[asyncio.Task[None]] = set()
_CHALLENGE = 'Bearer realm="handrail"'


class MisdirectedRequest(Misdirected):
    status = 421


async def endpoint(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI application of /mcp and /mcp/. It needs no lifespan events."""
    if scope["type"] != "http":
        raise ValueError(f"The MCP endpoint speaks http, not {scope['type']}.")
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    request_id = correlation_id(headers.get("x-request-id"))

    async def send_with_id(message: Any) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
        await send(message)

    with acting_as(actor="anonymous", door="mcp", correlation_id=request_id):
        try:
            await _serve(scope, receive, send_with_id, headers, request_id)
        except Exception as error:
            known = as_domain_error(error)
            if known is None:
                logger.exception("The MCP endpoint failed")
                known = InternalError()
            await _answer(send_with_id, known)


async def _serve(
    scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable, headers: dict[str, str], request_id: str
) -> None:
    _check_source(headers)
    if scope["path"].rstrip("/") != "/mcp":
        raise NotFound("Nothing is here. The MCP endpoint is /mcp.")
    if scope["method"] not in server().methods:
        allowed = ", ".join(server().methods)
        raise MethodNotAllowed(f"{scope['method']} is not served here. Use {allowed}.", headers={"Allow": allowed})
    scheme, _, raw = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not raw.strip():
        detail = f"Send the API key as `Authorization: Bearer <key>`. `{PROGRAM} apikey create NAME` makes one."
        raise Unauthenticated(detail, headers={"WWW-Authenticate": _CHALLENGE})
    try:
        peer = (scope.get("client") or ("", 0))[0]
        address = address_of(peer, headers.get("x-forwarded-for", ""))
        key = await in_thread(partial(admit, raw.strip(), address=address), _pool)
    except BadKey as error:
        challenge = f'{_CHALLENGE}, error="invalid_token"'
        raise Unauthenticated(error.detail, headers={"WWW-Authenticate": challenge}) from error
    body, length = await read_body(receive)  # type: ignore[arg-type]
    if length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise RequestDataTooBig
    try:
        if scope["method"] == "POST":
            check_message(body)
    except Malformed as error:
        await _send_json(send, 400, "application/json", error.answer().model_dump_json().encode())
        return
    manager = await _manager()
    owned = scope if manager.stateless else _owned(scope, key)
    with session(key=lambda: key, correlation_id=request_id, pool=_pool, length=length):
        await manager.handle_request(owned, _once(body, receive), send)  # type: ignore[arg-type]


def _owned(scope: HTTPScope, key: ApiKey) -> dict[str, Any]:
    """The request as of its key: the SDK lets nobody else into the session that it opens."""
    token = AccessToken(token="", client_id=str(key.pk), scopes=[key.scope])
    return {**scope, "user": AuthenticatedUser(token)}


def _once(body: bytes, receive: ASGIReceiveCallable) -> Callable[[], Awaitable[Any]]:
    """A body that was read already, then whatever the server has to say of the connection."""
    whole: list[Any] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Any:
        return whole.pop() if whole else await receive()

    return next_message


def _check_source(headers: dict[str, str]) -> None:
    """Refuse foreign hosts and origins, so that a web page cannot reach a server on its visitor's machine."""
    host, _ = split_domain_port(headers.get("host", ""))
    if not validate_host(host, settings.ALLOWED_HOSTS):
        raise MisdirectedRequest("This host name is not served here. Add it to ALLOWED_HOSTS.")
    origin = headers.get("origin")
    if origin is not None and not validate_host(urlsplit(origin).hostname or "", settings.ALLOWED_HOSTS):
        raise Forbidden("Pages of this origin may not call the MCP endpoint.")


async def _manager() -> StreamableHTTPSessionManager:
    """The session manager of this event loop, started with its first request and held by a task of its own."""
    loop = asyncio.get_running_loop()
    if loop not in _managers:
        _managers[loop] = loop.create_task(_start())
    return await asyncio.shield(_managers[loop])


async def _start() -> StreamableHTTPSessionManager:
    made = await asyncio.to_thread(server)
    made.streamable_http_app(
        # Each request stands alone, and an answer is one document: nothing of a session is in one process, and a
        # stream would be for what a tool says or asks while it runs.
        stateless_http=not made.speaks_meanwhile,
        json_response=not made.speaks_meanwhile,
        max_request_body_size=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
        # _check_source knows the wildcards of ALLOWED_HOSTS, which the SDK's own check does not.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    manager = made.session_manager
    running = asyncio.Event()

    async def hold() -> None:
        async with manager.run():
            running.set()
            await asyncio.Event().wait()

    holder = asyncio.create_task(hold())
    _holders.add(holder)
    holder.add_done_callback(_holders.discard)
    await running.wait()
    return manager


async def _answer(send: ASGISendCallable, error: DomainError) -> None:
    body = json.dumps(problem(error)).encode()
    await _send_json(send, error.status, PROBLEM_JSON, body, error.headers)


async def _send_json(
    send: ASGISendCallable, status: int, content_type: str, body: bytes, more: Mapping[str, str] = MappingProxyType({})
) -> None:
    headers = {"Content-Type": content_type, "Content-Length": str(len(body)), **more}
    encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded, "trailers": False})
    await send({"type": "http.response.body", "body": body, "more_body": False})
