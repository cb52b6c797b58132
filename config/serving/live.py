"""Live pages: many watch, one thread reads. Server-Sent Events on the event loop, for a view that answers LiveAnswer.

The view is asked once, with all of Django's checks; then the stream holds no thread and no connection. A process reads
what is watched every few seconds, however many watch, and looks at the same time whether they still may.
"""

import asyncio
import json
import logging
import resource
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache

from django.db import connections
from django.http import HttpResponse

from config.errors import Unavailable
from config.serving.bodies import Message
from config.serving.streams import Stream

logger = logging.getLogger(__name__)

MOST_WATCHERS = 2_000
READ_SECONDS = 5.0
COMMENT_SECONDS = 15.0
"""A proxy or a browser that hears nothing for longer may take the connection for dead."""
RETRY_SECONDS = 30
_OPENING = b"retry: 5000\n\n"
_COMMENT = b": still here\n\n"
_STALE = b"event: stale\ndata:\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What a page shows at a moment, by section, and the ETag of all of it."""

    sections: Mapping[str, str]
    etag: str


Read = Callable[[str], Snapshot]


class LiveAnswer(HttpResponse):
    """A stream of what `read(topic)` says, where this module serves it. Elsewhere 204, and the page polls."""

    def __init__(self, *, topic: str, seen: str, read: Read, session: str) -> None:
        super().__init__(status=204, content_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        self.watcher = Watcher(topic=topic, seen=seen, read=read, session=session)


class TooManyWatchers(Unavailable):
    """As many watch as may."""

    remedy = "wait for `Retry-After` seconds, or ask the page for its figures now and then"

    def __init__(self) -> None:
        super().__init__(
            f"{most_watchers()} live streams are open, and no more are opened. The page polls without one.",
            headers={"Retry-After": str(RETRY_SECONDS)},
        )


def most_watchers() -> int:
    """Half of the open files the process may have: whoever watches must leave room for whoever asks."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return MOST_WATCHERS if files == resource.RLIM_INFINITY else min(MOST_WATCHERS, files // 2)


@dataclass(slots=True, kw_only=True, eq=False)
class Watcher:
    """One stream: what it watches, and what its client has seen of it."""

    topic: str
    seen: str
    read: Read
    session: str
    is_over: bool = False
    is_stale: bool = False
    _sections: Mapping[str, str] = field(default_factory=dict)
    _called: asyncio.Event = field(default_factory=asyncio.Event)

    def call(self) -> None:
        """There may be something to say."""
        self._called.set()

    def end(self) -> None:
        self.is_over = True
        self.call()

    async def wait(self) -> bool:
        """Whether it was called before a comment is due."""
        try:
            async with asyncio.timeout(COMMENT_SECONDS):
                await self._called.wait()
        except TimeoutError:
            return False
        self._called.clear()
        return True

    def notice(self, now: Snapshot) -> None:
        """Be called, unless the client has seen it."""
        if now.etag == self.seen:
            self._sections = now.sections
        else:
            self.call()

    def catch_up(self, now: Snapshot) -> bytes:
        """The event that brings the client from what it has seen to what is now."""
        if now.etag == self.seen:
            return b""
        before, self.seen, self._sections = self._sections, now.etag, now.sections
        return _event(now.etag, tuple(item for item in now.sections.items() if before.get(item[0]) != item[1]))


@lru_cache(maxsize=16)
def _event(etag: str, changed: tuple[tuple[str, str], ...]) -> bytes:
    """Most clients have seen the same, so that a thousand need one."""
    return f"id: {etag}\nevent: sections\ndata: {json.dumps(dict(changed))}\n\n".encode()


class Board:
    """Who watches, and what was read last. All of it belongs to the event loop; the thread is told and tells."""

    def __init__(self) -> None:
        self.watchers: set[Watcher] = set()
        self._read: dict[str, Snapshot] = {}
        self._is_stale = False
        self._is_closed = False
        self._reading: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="live")

    async def stream(self, watcher: Watcher, begun: Message, stream: Stream) -> None:
        """Send what is watched until it is over. Raises TooManyWatchers, and ClientGone when the client left."""
        with self._joined(watcher):
            await stream.send_in_time(_endless(begun))
            stream.when_left(watcher.call)
            await stream.send_in_time(_part(_OPENING))
            while not watcher.is_over:
                text = self._news(watcher) if await watcher.wait() else _COMMENT
                if text or stream.has_left:
                    await stream.send_in_time(_part(text))
            await stream.send_in_time({"type": "http.response.body"})

    def close(self) -> None:
        """End every stream; browsers come back by themselves, to whoever serves then."""
        self._is_closed = True
        for watcher in self.watchers:
            watcher.end()

    @contextmanager
    def _joined(self, watcher: Watcher) -> Iterator[None]:
        if self._is_closed or len(self.watchers) >= most_watchers():
            raise TooManyWatchers
        self.watchers.add(watcher)
        if self._reading is None or self._reading.done():
            self._read.clear()
            self._reading = asyncio.get_running_loop().create_task(self._keep_reading())
        if now := self._read.get(watcher.topic):
            watcher.notice(now)
        try:
            yield
        finally:
            self.watchers.discard(watcher)

    def _news(self, watcher: Watcher) -> bytes:
        if self._is_stale != watcher.is_stale:
            watcher.is_stale = self._is_stale
            if watcher.is_stale:
                return _STALE
            watcher.seen = ""  # says that it is well again
        now = self._read.get(watcher.topic)
        return b"" if now is None or self._is_stale else watcher.catch_up(now)

    async def _keep_reading(self) -> None:
        loop = asyncio.get_running_loop()
        while self.watchers:
            asked = {watcher.topic: watcher.read for watcher in self.watchers}
            sessions = {watcher.session for watcher in self.watchers}
            try:
                found, welcome = await loop.run_in_executor(self._thread, _look, asked, sessions)
            except Exception as error:  # noqa: BLE001 -- whatever it is, the next look may find it mended
                self._fail(error)
            else:
                self._tell(found, welcome, asked=sessions)
            await asyncio.sleep(READ_SECONDS)

    def _fail(self, error: Exception) -> None:
        if not self._is_stale:
            logger.error("Live pages cannot be read, which is tried again: %s", type(error).__name__)
        self._is_stale = True
        for watcher in self.watchers:
            watcher.call()

    def _tell(self, found: Mapping[str, Snapshot], welcome: set[str], *, asked: set[str]) -> None:
        self._is_stale = False
        self._read = dict(found)
        gone = asked - welcome
        for watcher in self.watchers:
            if watcher.session in gone:
                watcher.end()
            elif watcher.is_stale:
                watcher.call()
            elif now := found.get(watcher.topic):
                watcher.notice(now)


def _look(asked: Mapping[str, Read], sessions: set[str]) -> tuple[dict[str, Snapshot], set[str]]:
    """Read each topic once, in the board's thread, which keeps no connection in between."""
    from config.serving.people import welcome_sessions  # with models, for which this module is imported too early

    try:
        return {topic: read(topic) for topic, read in asked.items()}, welcome_sessions(sessions)
    finally:
        connections.close_all()


def _endless(begun: Message) -> Message:
    """The answer's beginning without the length of its own body, which is none."""
    headers = [(name, value) for name, value in begun["headers"] if name != b"content-length"]
    return {**begun, "status": 200, "headers": headers}


def _part(text: bytes) -> Message:
    return {"type": "http.response.body", "body": text, "more_body": True}


BOARD = Board()
