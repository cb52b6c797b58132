"""The body of a request as ASGI brings it, read whole and bounded, for every route alike."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

from django.conf import settings

from config.errors import DomainError, MalformedRequest, Unavailable

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

DRAINED_LIMITS = 8
PATIENCE_SECONDS = 30.0  # a client that never ends its body would hold what it sent for ever
SLOWEST_BYTES_PER_SECOND = 65536
"""What came earns the rest more time: 10 MB may take three minutes."""
SMALL_BYTES = 65536
HELD_BODIES = 16
"""How many bodies of the largest size may be held at once, by the bytes that came: those who wait for a thread too."""


class BodyCutShort(MalformedRequest):
    """The client left before its body was whole, or framed it wrongly. Half of a request is none: it must not run."""

    def __init__(self) -> None:
        super().__init__("The body ended before it was whole. Send the request again.")


class BodyTooSlow(DomainError):
    status = 408
    code = "request-timeout"
    remedy = "send the body faster; docs/operating.md has the bound"

    def __init__(self) -> None:
        super().__init__(f"The body came more slowly than {SLOWEST_BYTES_PER_SECOND} bytes a second. Send it faster.")


class TooManyBodies(Unavailable):
    """What the requests under way sent takes all the memory it may."""

    remedy = "wait for `Retry-After` seconds; the requests under way hold all the memory there is for bodies"

    def __init__(self) -> None:
        super().__init__(
            "The requests under way hold all the memory there is for bodies. Send this one again later.",
            headers={"Retry-After": "5"},
        )


_held = 0


async def read_body(receive: Receive) -> tuple[bytes, int]:
    """The body and its length. Of a body that is too large one byte too many, from which the caller knows.

    Raises BodyCutShort, BodyTooSlow, TooManyBodies.
    """
    async with held_body(receive) as read:
        return read


@asynccontextmanager
async def held_body(receive: Receive) -> AsyncIterator[tuple[bytes, int]]:
    """The same, and its bytes count as held until the block ends. Raises TooManyBodies too."""
    body = bytearray()
    try:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS) as bound:
                received = await _read(receive, body, bound)
        except TimeoutError as error:
            raise BodyTooSlow from error
        yield bytes(body), received
    finally:
        _hold(-len(body))


def _hold(size: int) -> None:
    global _held  # noqa: PLW0603 -- all requests share the one event loop
    _held += size


async def _read(receive: Receive, body: bytearray, bound: asyncio.Timeout) -> int:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    received = 0
    # Read on beyond the limit, for a while: a client that is still sending would see a reset instead of the 413.
    while received <= limit * DRAINED_LIMITS:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BodyCutShort
        part = message.get("body", b"")
        received += len(part)
        kept = part[: limit + 1 - len(body)]
        body += kept
        _hold(len(kept))
        if _held > HELD_BODIES * limit and len(body) > SMALL_BYTES:  # the everyday request still finds room
            raise TooManyBodies
        bound.reschedule((bound.when() or 0) + len(part) / SLOWEST_BYTES_PER_SECOND)
        if not message.get("more_body", False):
            break
    return received
