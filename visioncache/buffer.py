"""What look-ups counted that no table says yet. It knows neither clock nor database; `counting` empties it."""

import threading
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from config.canonical import LARGEST_INTEGER

MOST_KEPT = 20_000
"""Entries and hours that may wait, some 5 MB, while the database takes nothing; further ones are not counted."""

MOST_SAVED = LARGEST_INTEGER
"""And no sum of two is beyond a column of either database."""

Key = TypeVar("Key")
Hour = tuple[str, datetime]
"""A namespace, and the beginning of an hour."""


@dataclass(slots=True, kw_only=True)
class Use:
    """How often an entry answered, and what that saved."""

    hit_count: int = 0
    last_hit_at: datetime | None = None
    saved_ms: int = 0
    saved_cost_micros: int = 0

    def add(self, other: "Use") -> None:
        self.hit_count += other.hit_count
        if self.last_hit_at is None or (other.last_hit_at is not None and other.last_hit_at > self.last_hit_at):
            self.last_hit_at = other.last_hit_at
        self.saved_ms = min(self.saved_ms + other.saved_ms, MOST_SAVED)
        self.saved_cost_micros = min(self.saved_cost_micros + other.saved_cost_micros, MOST_SAVED)


@dataclass(slots=True, kw_only=True)
class Tallied:
    """The look-ups of one namespace in one hour."""

    hits: int = 0
    misses: int = 0
    waits: int = 0
    saved_ms: int = 0
    saved_cost_micros: int = 0

    @property
    def hit_rate(self) -> float | None:
        """Of those that were answered; None before the first."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else None

    def add(self, other: "Tallied") -> None:
        self.hits += other.hits
        self.misses += other.misses
        self.waits += other.waits
        self.saved_ms = min(self.saved_ms + other.saved_ms, MOST_SAVED)
        self.saved_cost_micros = min(self.saved_cost_micros + other.saved_cost_micros, MOST_SAVED)


@dataclass(slots=True, kw_only=True)
class Batch:
    """Uses by the entry's primary key, and tallies by the hour."""

    uses: dict[int, Use] = field(default_factory=dict)
    tallies: dict[Hour, Tallied] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.uses) + len(self.tallies)


class Buffer:
    """Counts on their way: waiting to be written, or leaving, which they do until the transaction has committed."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin empty: in a child that was forked, what waits is its parent's to write."""
        self._lock = threading.Lock()
        self._waiting, self._leaving = Batch(), Batch()
        self._refused = 0

    def add(self, hour: Hour, tallied: Tallied, entry: int | None = None, use: Use | None = None) -> int:
        """Count a look-up; how many entries and hours wait now."""
        with self._lock:
            self._put(self._waiting.tallies, hour, tallied)
            if entry is not None and use is not None:
                self._put(self._waiting.uses, entry, use)
            return len(self._waiting)

    def use_of(self, entry: int) -> Use:
        """What is counted of an entry here and not yet written."""
        total = Use()
        with self._lock:
            for batch in (self._leaving, self._waiting):
                if (use := batch.uses.get(entry)) is not None:
                    total.add(use)
        return total

    def take(self, most: int) -> Batch:
        """Up to so many entries and as many hours, oldest first; `written` or `put_back` must follow."""
        with self._lock:
            self._leaving = Batch(uses=_first(self._waiting.uses, most), tallies=_first(self._waiting.tallies, most))
            return self._leaving

    def written(self) -> None:
        """What left is written."""
        with self._lock:
            self._leaving = Batch()

    def put_back(self) -> None:
        """What left is not written: it waits again, behind the rest."""
        with self._lock:
            leaving, self._leaving = self._leaving, Batch()
            for hour, tallied in leaving.tallies.items():
                self._put(self._waiting.tallies, hour, tallied)
            for entry, use in leaving.uses.items():
                self._put(self._waiting.uses, entry, use)

    def refused(self) -> int:
        """How many counts found no room since this was asked last."""
        with self._lock:
            refused, self._refused = self._refused, 0
            return refused

    def _put(self, kept: dict[Key, Any], key: Key, counted: Use | Tallied) -> None:
        known = kept.get(key)
        if known is not None:
            known.add(counted)
        elif len(self._waiting) + len(self._leaving) < MOST_KEPT:  # so what leaves can come back
            kept[key] = counted
        else:
            self._refused += 1


def _first(kept: dict[Key, Any], most: int) -> dict[Key, Any]:
    return {key: kept.pop(key) for key in list(islice(kept, most))}


BUFFER = Buffer()
"""This process's."""
