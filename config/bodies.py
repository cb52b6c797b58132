"""The body of a request as ASGI brings it, read whole and bounded, for every route alike."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings

from config.errors import DomainError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

DRAINED_LIMITS = 8
WHOLE_AFTER_SECONDS = 300  # a client that never ends its body would hold what it sent for ever


class BodyCutShort(DomainError):
    """The client left before its body was whole, or framed it wrongly. Half of a request is none: it must not run."""

    code = "malformed-request"

    def __init__(self) -> None:
        super().__init__("The body ended before it was whole. Send the request again.")


class BodyTooSlow(DomainError):
    status = 408
    code = "request-timeout"

    def __init__(self) -> None:
        super().__init__(f"The body was not whole after {WHOLE_AFTER_SECONDS} seconds. Send it faster, or send less.")


async def read_body(receive: Receive) -> tuple[bytes, int]:
    """The body and its length. Of a body that is too large one byte too many, from which the caller knows.

    Raises BodyCutShort, BodyTooSlow.
    """
    try:
        async with asyncio.timeout(WHOLE_AFTER_SECONDS):
            return await _read(receive)
    except TimeoutError as error:
        raise BodyTooSlow from error


async def _read(receive: Receive) -> tuple[bytes, int]:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    body, received = bytearray(), 0
    # Read on beyond the limit, for a while: a client that is still sending would see a reset instead of the 413.
    while received <= limit * DRAINED_LIMITS:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BodyCutShort
        part = message.get("body", b"")
        received += len(part)
        body += part[: limit + 1 - len(body)]
        if not message.get("more_body", False):
            break
    return bytes(body), received
