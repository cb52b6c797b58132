"""What is more than usual, by the counts of a week."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.forecast import HOURS, is_unusual, limit

NOW = datetime(2026, 11, 30, 12, 30, tzinfo=UTC)
HOUR = NOW.replace(minute=0)
LONG_AGO = NOW - timedelta(days=30)


def steady(count: int, *, now: int) -> dict[datetime, int]:
    return {HOUR - timedelta(hours=ago): count for ago in range(1, HOURS + 1)} | {HOUR: now}


@pytest.mark.parametrize(
    ("counts", "first_seen_at", "unusual"),
    [
        (steady(10, now=50), LONG_AGO, False),
        (steady(10, now=61), LONG_AGO, True),
        ({HOUR: 5}, LONG_AGO, False),
        ({HOUR: 6}, LONG_AGO, True),
        ({HOUR - timedelta(hours=1): 3, HOUR: 30}, NOW - timedelta(hours=2), False),
        ({HOUR - timedelta(hours=1): 3, HOUR: 31}, NOW - timedelta(hours=2), True),
        ({HOUR - timedelta(days=8): 1000, HOUR: 6}, LONG_AGO, True),
    ],
)
def test_an_hour_is_unusual_by_the_week_before(
    counts: dict[datetime, int], first_seen_at: datetime, unusual: bool
) -> None:
    assert is_unusual(counts, at=NOW, first_seen_at=first_seen_at) is unusual


@given(st.lists(st.integers(0, 10_000), min_size=HOURS, max_size=HOURS), st.booleans())
def test_the_limit_is_above_twice_the_fullest_hour(counts: list[int], is_young: bool) -> None:
    by_hour = {HOUR - timedelta(hours=ago): count for ago, count in enumerate(counts, start=1)}
    found = limit(by_hour, hour=HOUR, is_young=is_young)
    assert found >= max(5, 2 * max(counts))
