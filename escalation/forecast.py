"""How many reports an hour are usual for a bug, as computing. Imports no ORM, request or settings.

The limit is that of Sentry's public documentation of escalating issues, told by the counts of the hours of a week: the
steadier they were, the sooner more of them is unusual.
"""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from statistics import fmean, pstdev

LOOK_BACK = timedelta(days=7)
HOURS = LOOK_BACK // timedelta(hours=1)
_WHILE_YOUNG = 10
"""Times the fullest hour so far, for a bug that is younger than what is looked back at."""
_LEAST = 5
"""Fewer an hour are never unusual."""


def is_unusual(counts: Mapping[datetime, int], *, at: datetime, first_seen_at: datetime) -> bool:
    """Whether the hour that `at` is in has more reports than the week before let expect.

    `counts` has the hours in which there was a report, by their beginning.
    """
    hour = at.replace(minute=0, second=0, microsecond=0)
    return counts.get(hour, 0) > limit(counts, hour=hour, is_young=at - first_seen_at < LOOK_BACK)


def limit(counts: Mapping[datetime, int], *, hour: datetime, is_young: bool) -> float:
    """The most that is usual in an hour."""
    before = [counts.get(hour - timedelta(hours=ago), 0) for ago in range(1, HOURS + 1)]
    fullest = max(before)
    if is_young or not fullest:
        return max(_LEAST, _WHILE_YOUNG * fullest)
    mean, spread = fmean(before), pstdev(before)
    over_fullest = fullest * min(max(5 * math.exp(-0.65 * spread / mean), 2), 5)
    over_mean = _mean_of_days(before, hour) + mean * min(max((mean + 5 * spread) / mean, 5), 8)
    return max(_LEAST, over_fullest, over_mean)


def _mean_of_days(before: list[int], hour: datetime) -> float:
    """The mean in which hours of the same day of the week count double."""
    days = [(hour - timedelta(hours=ago)).weekday() for ago in range(1, len(before) + 1)]
    weights = [2 if day == hour.weekday() else 1 for day in days]
    return sum(count * weight for count, weight in zip(before, weights, strict=True)) / sum(weights)
