"""How much time is left: one deadline is handed through everything that may wait."""

import time


class Deadline:
    """So many seconds from now, on a clock nobody can set."""

    def __init__(self, seconds: float) -> None:
        self._started = time.monotonic()
        self._until = self._started + seconds

    @property
    def left(self) -> float:
        """Seconds, never negative."""
        return max(self._until - time.monotonic(), 0.0)

    @property
    def passed(self) -> bool:
        return self.left == 0.0

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._started

    def within(self, most: float, *, reserve: float = 0.0) -> float:
        """At most so many seconds, and so many fewer that the reserve stays; at least a moment."""
        return max(min(most, self.left - reserve), 0.05)
