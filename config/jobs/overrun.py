"""The hard bound on a job's time: whoever outlasts it costs its worker process, since no thread can be ended.

Celery's threads ignore `time_limit`; here it holds. A job's bound is its task's own `time_limit`, else JOB_SECONDS.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache

from django.conf import settings

from config.farewell import say_farewell
from config.jobs import queue
from config.processes import OUTLASTED

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
GRACE_SECONDS = 10.0
"""For the jobs beside one that outlasted its time, before their worker ends and they go back to the queue."""
FAREWELL_SECONDS = 5.0
"""For the database to hear of it; without it the leases run out."""


@cache
def long_tasks() -> frozenset[str]:
    """The tasks that may take longer than others; they have a share of the worker's threads."""
    from celery import current_app  # runs and deaths are counted in processes without Celery, too

    return frozenset(name for name, task in current_app.tasks.items() if (task.time_limit or 0) > settings.JOB_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A job in one of this worker's threads."""

    id: str
    name: str
    ends_at: float
    seconds: float
    is_suspect: bool = False
    """Whether it was with a worker before that ended without finishing it."""


_running: dict[int, Running] = {}


@contextmanager
def bounded(*, job: str, name: str, seconds: float, is_suspect: bool = False) -> Iterator[None]:
    """Count the time of a job that runs inside."""
    ends_at = time.monotonic() + seconds
    thread = threading.get_ident()
    _running[thread] = Running(id=job, name=name, ends_at=ends_at, seconds=seconds, is_suspect=is_suspect)
    try:
        yield
    finally:
        _running.pop(thread, None)


def note_progress(*, of: int = 1) -> None:
    """Say, in a job's own thread, that so many parts of it are done for good: its time begins anew, its blame ends.

    A job that gets on is not what its workers die of, however long it takes and whoever else kills them.
    """
    thread = threading.get_ident()
    if of and (job := _running.get(thread)) is not None:
        if job.is_suspect:
            queue.clear_blame(job.id)
        _running[thread] = replace(job, ends_at=time.monotonic() + job.seconds, is_suspect=False)


class Watch(threading.Thread):
    """Ends the worker when one of its jobs outlasts its time."""

    def __init__(self, end: Callable[[int], object] = os._exit) -> None:
        super().__init__(name="overrun", daemon=True)
        self._end = end

    def run(self) -> None:
        while not (late := self._late()):
            time.sleep(LOOK_SECONDS)
        self._retire(late)

    def _late(self) -> list[Running]:
        now = time.monotonic()
        return [job for job in list(_running.values()) if job.ends_at < now]

    def _retire(self, late: list[Running]) -> None:
        queue.stop_claiming()
        for job in late:
            logger.error(
                "Job %s (%s) outlasted its %g s; its worker is replaced once the others are done, in %g s at most",
                job.name,
                job.id,
                job.seconds,
                GRACE_SECONDS,
            )
        deadline = time.monotonic() + GRACE_SECONDS
        while len(_running) > len(late) and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS / 5)
            late = self._late()
        farewell = threading.Thread(target=self._hand_over, args=(late,), daemon=True)
        farewell.start()
        farewell.join(FAREWELL_SECONDS)
        say_farewell()
        self._end(OUTLASTED)

    def _hand_over(self, late: list[Running]) -> None:
        from config.jobs.heartbeat import fall_silent
        from config.models import Heartbeat

        with queue.own_connection():
            queue.hand_over({job.id: f"it ran longer than its {job.seconds:g} s" for job in late})
        fall_silent(role=Heartbeat.Role.WORKER)
