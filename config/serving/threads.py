"""The threads requests run on, by what they may hold up. They bound database connections too.

PostgreSQL's pool has DATABASE_POOL_SIZE for the whole process.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from django.conf import settings

from config.errors import Unavailable
from config.serving.bodies import SMALL_BYTES
from config.serving.streams import STREAMS

LARGE_AT_ONCE = 2
LARGE_WAITING = 16
RETRY_SECONDS = 10

# Streams have a share of their own beside the others' threads: readers of any speed leave those WEB_THREADS free.
everyday = ThreadPoolExecutor(max_workers=settings.WEB_THREADS + STREAMS, thread_name_prefix="web")
# Readiness is asked most when all those wait for the database, so it waits in no queue of theirs.
probes = ThreadPoolExecutor(max_workers=2, thread_name_prefix="probe")
# A megabyte to check or to compress takes seconds of CPU. Whoever sends many waits for their like, of either door.
large = ThreadPoolExecutor(max_workers=LARGE_AT_ONCE, thread_name_prefix="large")

_places = threading.BoundedSemaphore(LARGE_AT_ONCE + LARGE_WAITING)


class TooManyLarge(Unavailable):
    """As many large requests as may wait are waiting."""

    remedy = "wait for `Retry-After` seconds; as many large requests wait as may wait at once"

    def __init__(self) -> None:
        super().__init__(
            f"{LARGE_WAITING} requests of more than {SMALL_BYTES} bytes wait already. Send this one again later.",
            headers={"Retry-After": str(RETRY_SECONDS)},
        )


@contextmanager
def threads_for(length: int, otherwise: ThreadPoolExecutor | None) -> Iterator[ThreadPoolExecutor | None]:
    """Where a request with a body of this length runs, held until it has its answer. Raises TooManyLarge."""
    if length <= SMALL_BYTES:
        yield otherwise
        return
    if not _places.acquire(blocking=False):
        raise TooManyLarge
    try:
        yield large
    finally:
        _places.release()
