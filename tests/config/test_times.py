"""Times as callers write them."""

from datetime import UTC, datetime

import pytest

from config.rest.times import WRONG, read_time


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00.5+02:00", datetime(2026, 1, 31, 10, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-01-31T12:00 0200", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("2026-01-31 12:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2024-02-29", datetime(2024, 2, 29, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999999Z", datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_iso_8601_has_it_and_told_in_utc(text: str, found: datetime) -> None:
    assert read_time(text) == found
    assert read_time(text).tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [5, 1e22, True, None, [], {}, "", "now", "2026-02-29", "2026-01-31T24:00", "2016-12-31T23:59:60Z",
     "0001-01-01T00:00+01:00", "9999-12-31T23:59-01:00", "2026-01-31\n", "\uff12\uff10\uff12\uff16-01-31"],
)  # fmt: skip
def test_what_is_no_time_is_refused_with_an_example(value: object) -> None:
    with pytest.raises(ValueError, match=WRONG):
        read_time(value)
