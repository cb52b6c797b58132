"""The threads requests run on, by what they may hold up. They bound database connections too.

PostgreSQL's pool has DATABASE_POOL_SIZE for the whole process.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from django.conf import settings

from config.errors import Unavailable
from config.serving.bodies import SMALL_BYTES
from config.serving.crew import AT_ONCE, Crew
from config.serving.streams import STREAMS

LARGE_AT_ONCE = 2
LARGE_WAITING = 16
RETRY_SECONDS = 10


def at_once(database: Mapping[str, Any]) -> int:
    """How many requests work at one moment, by how long each waits for the database.

    One where that is a file; few where it is a server here; as many as there are threads where it is on another
    machine, since each then waits more than it works.
    """
    if str(database["ENGINE"]).endswith("sqlite3"):
        return 1
    host = str(database.get("HOST") or "")
    is_here = host.startswith("/") or host in {"", "localhost", "127.0.0.1", "::1"}
    return AT_ONCE if is_here else max(AT_ONCE, settings.WEB_THREADS)


# Streams have a share of their own beside the others' threads: readers of any speed leave those WEB_THREADS free.
everyday = Crew(settings.WEB_THREADS + STREAMS, name="web", at_once=at_once(settings.DATABASE))
# Readiness is asked most when all those wait for the database, so it waits in no queue of theirs.
probes = Crew(2, name="probe")
# A megabyte to check or to compress takes seconds of CPU. Whoever sends many waits for their like, of either door.
large = Crew(LARGE_AT_ONCE, name="large")

Otherwise = TypeVar("Otherwise", bound=Crew | None)

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
def threads_for(length: int, otherwise: Otherwise) -> Iterator[Crew | Otherwise]:
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
