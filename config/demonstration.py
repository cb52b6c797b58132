"""The past of the demo: what a team did in the weeks before, done by the operations people use, at its own time.

An app's demo.py may define

past(now) -> [Act]   what happened before now; nothing where it is there already
load()               what there is to look at today; does nothing where it is there
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, Self

from django.utils import timezone

from config.context import acting_as

DAYS = 28
_WEEKEND = 0.12  # of a weekday's work
_GROWTH = 0.8
"""How much busier the last day is than the first."""
_HOURS = (0, 0, 0, 0, 0, 1, 2, 5, 9, 12, 12, 10, 6, 9, 12, 12, 10, 7, 4, 2, 2, 1, 1, 0)
"""How much is done in each hour of a day, UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something somebody did at a time."""

    at: datetime
    actor: str
    do: Callable[[], object]


def play(acts: Iterable[Act], tell: Callable[[int], object] = lambda done: None) -> None:
    """Do them in the order of their times; `tell` is told how many are done."""
    for done, act in enumerate(sorted(acts, key=lambda act: act.at), start=1):
        with clock_at(act.at), acting_as(actor=act.actor):
            act.do()
        tell(done)


@contextmanager
def clock_at(moment: datetime) -> Iterator[None]:
    """Let Django's clock go on from a moment: for operations and for defaults of columns it is then that time.

    It is the process's clock, so this is for a command that does nothing else beside.
    """
    behind = timezone.now() - moment
    clock: Any = timezone  # columns hold its function now() by themselves, so what that function reads is set back

    class Earlier(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) - behind

    clock.datetime = Earlier
    try:
        yield
    finally:
        clock.datetime = datetime


def busy_moments(now: datetime, count: int, *, seed: str, recent: int = 0) -> Sequence[datetime]:
    """Times at which a team works, more of them as weeks go by; `recent` of them within the last day."""
    chance = random.Random(seed)  # noqa: S311 -- the same demo each time
    days = [now - timedelta(days=ago) for ago in range(DAYS, -1, -1)]
    weights = [(_WEEKEND if day.weekday() > 4 else 1) * (1 + _GROWTH * index / DAYS) for index, day in enumerate(days)]
    found = [_within(day, chance) for day in chance.choices(days, weights, k=count)]
    lately = [now - timedelta(minutes=1 + 1430 * chance.random() ** 3) for _ in range(recent)]
    return sorted(moment for moment in [*found, *lately] if moment < now)


def _within(day: datetime, chance: random.Random) -> datetime:
    [hour] = chance.choices(range(24), _HOURS)
    return day.replace(hour=hour, minute=chance.randrange(60), second=chance.randrange(60))
