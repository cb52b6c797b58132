"""Writing what a process has gathered: by a thread, each second, so that no answer waits for a write."""

import os
import threading
import time
from collections.abc import Callable
from weakref import WeakSet

from django.db import close_old_connections

FLUSH_SECONDS = 1.0


class Flusher:
    """A thread that calls `flush` FLUSH_SECONDS after the first notice, or when `at_most` wait. The first starts it.

    `flush` is false where the database would have nothing: then it is called again. In a child that was forked, which
    has no threads, `forget` is called and everything begins afresh.
    """

    def __init__(
        self, flush: Callable[[], bool], *, name: str, at_most: int, forget: Callable[[], object] = lambda: None
    ) -> None:
        self.flush, self.name, self.at_most, self.forget = flush, name, at_most, forget
        self.start_afresh()
        _flushers.add(self)

    def start_afresh(self) -> None:
        self._due, self._full = threading.Event(), threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def notice(self, waiting: int) -> None:
        """So many wait now."""
        if waiting >= self.at_most:
            self._full.set()
        if not self._due.is_set():
            self._due.set()
            self._start()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._due.wait()
            self._full.wait(FLUSH_SECONDS)
            self._due.clear()
            self._full.clear()
            if not self.flush():
                self._due.set()
                time.sleep(FLUSH_SECONDS)
            close_old_connections()


_flushers: WeakSet[Flusher] = WeakSet()


def _after_fork() -> None:
    for flusher in _flushers:
        flusher.forget()
        flusher.start_afresh()


os.register_at_fork(after_in_child=_after_fork)
