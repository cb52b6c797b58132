"""Spans of time that figures are compared over."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st

from config.database.windows import RANGES, window

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))
NAMES = st.sampled_from(sorted(RANGES))


@given(name=NAMES, now=MOMENTS)
def test_a_window_ends_now_begins_with_a_step_and_is_as_long_as_it_says(name: str, now: datetime) -> None:
    shown = window(name, now)
    assert shown.until <= now < shown.until + timedelta(minutes=1)
    assert shown.since == shown.beginning(shown.since)
    assert shown.length - shown.step.length <= shown.until - shown.since < shown.length
    assert shown.moments[0] == shown.since
    assert shown.moments[-1] <= shown.until < shown.moments[-1] + shown.step.length


@given(name=NAMES, now=MOMENTS)
def test_the_window_before_is_as_long_and_ends_before_this_one_begins(name: str, now: datetime) -> None:
    shown = window(name, now)
    assert shown.earlier_until - shown.earlier_since == shown.until - shown.since
    assert shown.earlier_until < shown.since
    assert shown.earlier_since == shown.beginning(shown.earlier_since)


@given(name=NAMES, now=MOMENTS, ago=st.timedeltas(timedelta(0), timedelta(days=31)))
def test_every_moment_of_a_window_lies_in_one_of_its_steps(name: str, now: datetime, ago: timedelta) -> None:
    shown = window(name, now)
    moment = shown.until - ago
    assert (shown.beginning(moment) in shown.moments) == (moment >= shown.since)


@pytest.mark.django_db
@pytest.mark.parametrize("name", RANGES)
def test_rows_are_counted_by_step(name: str) -> None:
    now = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
    shown = window(name, now)
    for index, moment in enumerate([shown.since, shown.since, shown.until, shown.since - timedelta(seconds=1)]):
        User.objects.create(username=str(index), date_joined=moment)
    counted = shown.count_steps("date_joined", User.objects.all())
    assert counted == {shown.since: 2, shown.moments[-1]: 1}
    assert shown.within(User.objects.all(), "date_joined").count() == 3
    assert shown.before(User.objects.all(), "date_joined").count() == 0
