"""How much of the time of a check is left."""

import time
from dataclasses import dataclass, field

WALL_FACTOR = 4
"""Time is that of the processor, which no busy neighbour takes away; this many times as much may pass on the wall."""
UNHURRIED_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Clock:
    """Runs from when it is made, in the thread that made it."""

    seconds: float
    _spent: float = field(default_factory=time.thread_time)
    _started: float = field(default_factory=time.monotonic)

    @property
    def is_over(self) -> bool:
        """Whether the time has run out."""
        passed = time.monotonic() - self._started
        if passed <= self.seconds:
            return False  # the processor's own clock is dear to ask: a call of the system
        return passed > self.seconds * WALL_FACTOR or time.thread_time() - self._spent > self.seconds


def start(seconds: float) -> Clock | None:
    """A clock; none where nobody waits."""
    return Clock(seconds) if seconds < UNHURRIED_SECONDS else None
