"""Signs of life of a child to its supervisor: one byte every second through a pipe. Standard library only.

A pipe needs neither the database nor a port, so a silence says that the process itself stands still.
"""

import contextlib
import os

EVERY_SECONDS = 1.0
VARIABLE = "HANDRAIL_PULSE"
"""Tells a child which descriptor to write to."""
_BYTES = 4096


def pipe() -> tuple[int, int]:
    """The supervisor's end and the child's."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    return reader, writer


def was_felt(reader: int) -> bool | None:
    """Whether there was a sign since the last question; None when there can be no other."""
    try:
        return bool(os.read(reader, _BYTES)) or None
    except BlockingIOError:
        return False


class Pulse:
    """The child's side. Without a supervisor it does nothing."""

    def __init__(self) -> None:
        # Taken out of the environment: a process that a job starts must not speak for us.
        self._writer = int(os.environ.pop(VARIABLE, "-1"))

    def beat(self) -> None:
        """Say that this process goes on."""
        if self._writer >= 0:
            with contextlib.suppress(OSError):  # a full pipe says enough; a dead supervisor is noticed elsewhere
                os.write(self._writer, b".")
