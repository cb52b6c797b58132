"""How much of the time of a check is left."""

import time
from dataclasses import dataclass, field

WALL_FACTOR = 4
"""Time is that of the processor, which no busy neighbour takes away; this many times as much may pass on the wall."""
UNHURRIED_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Clock:
    """Runs from when it is made, in the thread that made it."""

    seconds: float = UNHURRIED_SECONDS
    _spent: float = field(default_factory=time.thread_time)
    _started: float = field(default_factory=time.monotonic)

    @property
    def is_over(self) -> bool:
        """Whether the time has run out."""
        worked, passed = time.thread_time() - self._spent, time.monotonic() - self._started
        return worked > self.seconds or passed > self.seconds * WALL_FACTOR
