"""Whose calls these are, and the threads their work is done in."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.db import connections

from config.errors import Throttled
from config.keys import authenticate_key
from config.models import ApiKey
from config.rest.throttling import seconds_to_wait
from config.serving.crew import Crew

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Whose calls these are. `key` is asked at every call, so that a revoked key ends a running session."""

    key: Callable[[], ApiKey]
    correlation_id: str = ""
    pool: Crew | None = None
    length: int = 0
    """Bytes of the request."""


def admit(raw: str, *, address: str = "") -> ApiKey:
    """The key, for one more request of so many that it may send. Raises BadKey, Throttled."""
    key = authenticate_key(raw, address=address)
    if seconds := seconds_to_wait(f"key:{key.pk}"):
        wait = max(1, round(seconds))
        detail = f"{key.name} has sent as many requests as it may (THROTTLE_RATE). Try again in {wait} s."
        raise Throttled(detail, headers={"Retry-After": str(wait)})
    return key


_session: ContextVar[Session] = ContextVar("mcp_session")


@contextmanager
def session(**known: Any) -> Iterator[None]:
    """Serve what runs inside on behalf of the given key."""
    token = _session.set(Session(**known))
    try:
        yield
    finally:
        _session.reset(token)


def current_session() -> Session:
    return _session.get()


async def in_thread(function: Callable[[], Result], pool: Crew | None = None) -> Result:
    """Run ORM code off the event loop, keeping no connection longer than CONN_MAX_AGE allows.

    Django closes connections at its request signals, which never fire here: without the closing, every thread of the
    pool kept one for good and failed all its calls once PostgreSQL had restarted. Without a pool the code runs on
    the caller's own thread, where a test's transaction is visible.
    """

    def bracketed() -> Result:
        _close_old_connections()
        try:
            return function()
        finally:
            _close_old_connections()

    if pool is None:
        return await sync_to_async(bracketed, thread_sensitive=True)()
    # Not sync_to_async, which takes as long again as the hop: nothing that runs here changes its caller's context.
    answer: Result = await pool.run(copy_context().run, bracketed)
    return answer


def _close_old_connections() -> None:
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:  # the transaction of whoever called us in process
            connection.close_if_unusable_or_obsolete()
