"""Bounds on time that say nothing of a machine's speed: far more than the work takes, and far less than forever."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

FOREVER_SECONDS = 600.0
"""How long what hangs in a test would hang."""
NEVER_SECONDS = 300.0
"""What has not happened by then will not."""
_CPU_SECONDS = 60.0
_WALL_SECONDS = 120.0


@contextmanager
def costs_little() -> Iterator[None]:
    """For work whose cost could explode with its input: it does not."""
    started = time.process_time()
    yield
    assert time.process_time() - started < _CPU_SECONDS


@contextmanager
def comes_back() -> Iterator[None]:
    """For waiting on something that hangs for FOREVER_SECONDS: it is left behind."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < _WALL_SECONDS
