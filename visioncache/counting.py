"""Counting look-ups: kept in the process and written by a thread, each second, so that no answer waits for a write.

A look-up that wrote took three times as much CPU (docs/benchmarks.md), and its turn at SQLite's one write lock.
"""

import logging
import threading
from datetime import datetime

from django.db import transaction

from config.farewell import before_exit
from config.flushing import Flusher
from visioncache import tallies, uses
from visioncache.buffer import BUFFER, Tallied, Use
from visioncache.models import Entry

logger = logging.getLogger(__name__)

FLUSH_KEYS = 500
"""Written at once. 2,000 held the write lock of SQLite for 25 ms, and took 109 ms on PostgreSQL."""


def count_hit(namespace: str, at: datetime, entry: Entry) -> None:
    """An entry answered; that spared the call it came from."""
    saved_ms, saved_cost = entry.latency_ms or 0, entry.cost_micros or 0
    use = Use(hit_count=1, last_hit_at=at, saved_ms=saved_ms, saved_cost_micros=saved_cost)
    tallied = Tallied(hits=1, saved_ms=saved_ms, saved_cost_micros=saved_cost)
    FLUSHER.notice(BUFFER.add((namespace, tallies.hour_of(at)), tallied, entry.pk, use))


def count_miss(namespace: str, at: datetime) -> None:
    FLUSHER.notice(BUFFER.add((namespace, tallies.hour_of(at)), Tallied(misses=1)))


def count_wait(namespace: str, at: datetime) -> None:
    """A waiting caller polls: its repeats say nothing of how good the cache is."""
    FLUSHER.notice(BUFFER.add((namespace, tallies.hour_of(at)), Tallied(waits=1)))


_one_at_a_time = threading.Lock()


def flush() -> bool:
    """Write what this process counted; False if the database would not have it now: then it is kept for the next time.

    Never inside a transaction of the caller's, which may yet roll back. Where a database's last word is lost with the
    connection, a batch that it did commit is written again.
    """
    with _one_at_a_time:
        while batch := BUFFER.take(FLUSH_KEYS):
            try:
                with transaction.atomic(durable=True):
                    uses.add(batch.uses)
                    tallies.add(batch.tallies)
            except Exception as error:  # noqa: BLE001 -- whatever it is, answers go on and counts are tried again
                BUFFER.put_back()
                logger.warning("Look-ups are not counted yet, which is tried again: %s", str(error).strip())
                return False
            BUFFER.written()
    if refused := BUFFER.refused():
        logger.error(
            "%d counts found no room while the database took none; what was answered is not affected.", refused
        )
    return True


FLUSHER = Flusher(flush, name="counting", at_most=FLUSH_KEYS, forget=BUFFER.forget)
before_exit(flush)
