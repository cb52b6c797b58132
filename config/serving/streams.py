"""Answers that are sent while they are made: their share of the threads, and how long they wait for a slow reader.

A file is sent from the event loop, which a slow reader costs nothing but a block of memory.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from typing import IO

from config.errors import Unavailable
from config.serving.bodies import Message, Receive

Send = Callable[[Message], Awaitable[None]]

STREAMS = 4
"""How many at once. A stream holds its thread, and on PostgreSQL a connection, for as long as its client reads."""
RETRY_SECONDS = 30
PATIENCE_SECONDS = 60.0
"""How long a stream waits for its client in all: one that reads more slowly loses its stream, not we a thread."""
SLOWEST_BYTES_PER_SECOND = 4096
"""What a client took earns it more patience, so that a long export over a thin line arrives."""

FILE_BLOCK_BYTES = 65_536

MOST_HELD_BYTES = 64 * 1024 * 1024
"""Of whole answers that wait for their readers: beyond it who waited longest loses the answer, not we the memory."""

_share = threading.BoundedSemaphore(STREAMS)


class TooManyStreams(Unavailable):
    """Every share is taken."""

    remedy = "wait for `Retry-After` seconds; as many exports run as may run at once"

    def __init__(self) -> None:
        super().__init__(
            f"{STREAMS} exports or live streams run already, and no more run at once. Try again in "
            f"{RETRY_SECONDS} seconds.",
            headers={"Retry-After": str(RETRY_SECONDS)},
        )


@contextmanager
def a_share_of_the_streams() -> Iterator[None]:
    """Hold one of the shares. Raises TooManyStreams at once: waiting for one would take a thread from the others."""
    if not _share.acquire(blocking=False):
        raise TooManyStreams
    try:
        yield
    finally:
        _share.release()


_held: dict[asyncio.Future[None], int] = {}
"""The bytes of each whole answer that is being sent, the oldest first."""


class ClientGone(Exception):
    """Nobody reads the stream any more."""


class Stream:
    """Sends as fast as the client reads, until it leaves: the server alone would not tell us."""

    def __init__(self, loop: asyncio.AbstractEventLoop, receive: Receive, send: Send) -> None:
        self.loop, self._receive, self._send = loop, receive, send
        self._watcher: asyncio.Task[None] | None = None
        self._patience = PATIENCE_SECONDS

    def send(self, message: Message) -> None:
        """Send a message from a thread and wait until the client takes it. Raises ClientGone: too slow, or it left."""
        began = time.monotonic()
        try:
            asyncio.run_coroutine_threadsafe(self._pass_on(message), self.loop).result(max(self._patience, 0.001))
        except (OSError, TimeoutError) as error:
            raise ClientGone from error
        self._waited(message, time.monotonic() - began)

    async def send_file(self, begun: Message, file: IO[bytes]) -> None:
        """Send a file on the event loop, block by block. Raises ClientGone as `send` does."""
        await self.send_in_time(begun)
        for block in iter(partial(file.read, FILE_BLOCK_BYTES), b""):
            await self.send_in_time({"type": "http.response.body", "body": block, "more_body": True})
        await self.send_in_time({"type": "http.response.body"})

    async def send_whole(self, begun: Message, body: bytes) -> None:
        """Send an answer that is in memory. Raises ClientGone as `send` does, and where too much is held."""
        sending = asyncio.ensure_future(self.send_file(begun, BytesIO(body)))
        _held[sending] = len(body)
        while sum(_held.values()) > MOST_HELD_BYTES and len(_held) > 1:
            oldest = next(iter(_held))
            del _held[oldest]
            oldest.cancel()
        try:
            await sending
        except asyncio.CancelledError:
            if sending in _held:  # it is we who are to end
                raise
            raise ClientGone from None
        finally:
            _held.pop(sending, None)

    async def send_in_time(self, message: Message) -> None:
        """Send a message on the event loop. Raises ClientGone as `send` does."""
        began = time.monotonic()
        try:
            await asyncio.wait_for(self._pass_on(message), max(self._patience, 0.001))
        except (OSError, TimeoutError) as error:
            raise ClientGone from error
        self._waited(message, time.monotonic() - began)

    def _waited(self, message: Message, seconds: float) -> None:
        self._patience += len(message.get("body", b"")) / SLOWEST_BYTES_PER_SECOND - seconds

    async def _pass_on(self, message: Message) -> None:
        if self._watcher is None:
            self._watcher = self.loop.create_task(self._watch())
        if self._watcher.done():
            raise ClientGone
        await self._send(message)

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    @property
    def has_left(self) -> bool:
        """Whether the client is known to have left."""
        return self._watcher is not None and self._watcher.done()

    def when_left(self, call: Callable[[], None]) -> None:
        """Have something called once the client leaves; to be said after the first message was sent."""
        if self._watcher is not None:
            self._watcher.add_done_callback(lambda _: call())

    def end(self) -> None:
        """Stop looking whether the client left."""
        if self._watcher is not None:
            self._watcher.cancel()
