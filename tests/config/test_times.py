"""Times as callers write them."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.rest.times import TIME, read_time
from tests.contract.hostile import ALL_TEXTS, TIMES

zones = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=zones), st.sampled_from("T "))
def test_what_python_writes_is_read_as_the_same_time(moment: datetime, between: str) -> None:
    found = read_time(moment.isoformat(between))
    assert (found, found.tzinfo) == (moment, UTC)


@pytest.mark.parametrize("text", [*TIMES, *ALL_TEXTS])
def test_a_text_is_read_exactly_if_it_fits_the_pattern_that_is_declared(text: str) -> None:
    if re.search(re.sub(r"\$(?=$|\||\))", r"\\Z", TIME), text):
        assert read_time(text).tzinfo is UTC
    else:
        with pytest.raises(ValueError, match="ISO 8601"):
            read_time(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-01-31", "2026-01-31T00:00:00+00:00"),
        ("2026-01-31T12:30", "2026-01-31T12:30:00+00:00"),
        ("2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00+00:00"),
        ("2026-01-31T12:00:00 02:00", "2026-01-31T10:00:00+00:00"),  # an unescaped + in a query
        ("2026-01-31 12:00-0530", "2026-01-31T17:30:00+00:00"),
        ("2026-01-31T12:00:00.1234567Z", "2026-01-31T12:00:00.123456+00:00"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:00"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999+00:00"),
    ],
)
def test_what_is_left_out_is_the_beginning_and_utc(text: str, meant: str) -> None:
    assert read_time(text).isoformat() == meant
