"""Threads for an event loop's slow calls, of which few work at one moment and many may wait for something.

Python runs one thread at a time: each more that wants to only takes turns with the others, and a request pays for every
turn (docs/benchmarks.md). So what is quick waits for those few, and who takes longer than a moment, for a database or a
reader, ceases to count among them.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

AT_ONCE = 3
MOMENT_SECONDS = 0.02


@dataclass(slots=True, eq=False)
class _Task:
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    began: float = 0.0
    """When it was given to a thread; before that it waits."""
    counts: bool = True
    """Among those that work at once."""

    def work(self) -> None:
        """Call the function, in a thread, and tell its event loop."""
        value, error = None, None
        if not self.answer.cancelled():
            try:
                value = self.function(*self.arguments)
            except BaseException as raised:  # noqa: BLE001 -- whoever awaits the answer gets it
                error = raised
        with suppress(RuntimeError):  # the loop is closed, so nobody awaits anything
            self.loop.call_soon_threadsafe(_settle, self.answer, value, error)


def _settle(answer: asyncio.Future[Any], value: Any, error: BaseException | None) -> None:
    if answer.done():  # whoever awaited it was cancelled
        return
    if error is None:
        answer.set_result(value)
    else:
        answer.set_exception(error)


class Crew:
    """At most `most` threads, made when they are needed; the one that rested last works next."""

    def __init__(self, most: int, *, name: str, at_once: int = AT_ONCE) -> None:
        self.most, self._name = most, name
        self._lock = threading.Lock()
        self._free = at_once
        self._made = 0
        self._resting: list[SimpleQueue[_Task]] = []
        self._waiting: deque[_Task] = deque()
        self._working: set[_Task] = set()

    def run(self, function: Callable[..., Any], *arguments: Any) -> asyncio.Future[Any]:
        """Have a thread call the function; what it returns or raises, for the event loop that asks."""
        loop = asyncio.get_running_loop()
        task = _Task(loop, loop.create_future(), function, arguments)
        with self._lock:
            self._waiting.append(task)
            self._hand_out()
        if not task.began:
            loop.call_later(MOMENT_SECONDS, self._look, task)
        return task.answer

    def _look(self, task: _Task) -> None:
        """Let more work for each that has taken longer than a moment, for as long as this one waits."""
        if task.began:
            return
        with self._lock:
            long_ago = time.monotonic() - MOMENT_SECONDS
            for other in self._working:
                if other.counts and other.began <= long_ago:
                    other.counts = False
                    self._free += 1
            self._hand_out()
        if not task.began:
            task.loop.call_later(MOMENT_SECONDS, self._look, task)

    def _hand_out(self) -> None:
        """Give what waits to threads that rest or are not made yet, holding the lock."""
        while self._waiting and self._free > 0 and (self._resting or self._made < self.most):
            task = self._begin()
            if self._resting:
                self._resting.pop().put(task)
            else:
                name = f"{self._name}_{self._made}"
                self._made += 1
                threading.Thread(target=self._work, args=(task,), name=name, daemon=True).start()

    def _begin(self) -> _Task:
        """The one that waited longest, from now on at work, holding the lock."""
        task = self._waiting.popleft()
        task.began = time.monotonic()
        self._free -= 1
        self._working.add(task)
        return task

    def _work(self, task: _Task) -> None:
        """What a thread does."""
        handed: SimpleQueue[_Task] = SimpleQueue()
        following: _Task | None = task
        while True:
            while following is not None:
                following.work()
                following = self._after(following, handed)
            following = handed.get()

    def _after(self, done: _Task, handed: SimpleQueue[_Task]) -> _Task | None:
        """What the thread does next; without anything it rests, until something is handed to it."""
        with self._lock:
            self._working.discard(done)
            self._free += done.counts
            if self._waiting and self._free > 0:
                return self._begin()
            self._resting.append(handed)
            return None
