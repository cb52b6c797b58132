"""Who is on call, as computing: turns, hours, clocks that change, and those who stand in."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.calling.hours import DAYS
from escalation.calling.rotations import Duty, Stretch, problems

WEEKLY = {"people": ["kim", "dana", "sam"], "starts_on": "2026-11-30", "at": "09:00", "days": 7}
NIGHTS = {"people": ["ola"], "starts_on": "2026-11-30", "hours": {"from": "20:00", "until": "08:00"}}


def at(day: int, clock: str = "12:00", month: int = 12) -> datetime:
    return datetime.fromisoformat(f"2026-{month:02}-{day:02}T{clock}").replace(tzinfo=UTC)


def duty(*rotations: dict[str, Any], timezone: str = "UTC", overrides: list[Stretch] | None = None) -> Duty:
    return Duty(rotations=rotations, timezone=timezone, overrides=overrides or [])


@pytest.mark.parametrize(
    ("moment", "person"),
    [
        (at(30, "08:59", 11), ""),
        (at(30, "09:00", 11), "kim"),
        (at(7, "08:59"), "kim"),
        (at(7, "09:00"), "dana"),
        (at(14), "sam"),
        (at(21), "kim"),
    ],
)
def test_people_take_turns_of_a_week_in_their_order(moment: datetime, person: str) -> None:
    assert duty(WEEKLY).at(moment) == person


def test_a_later_rotation_goes_before_an_earlier_one_in_its_hours() -> None:
    both = duty(WEEKLY, NIGHTS)
    assert [both.at(at(2, clock)) for clock in ("07:59", "08:00", "19:59", "20:00", "23:59")] == [
        "ola",
        "kim",
        "kim",
        "ola",
        "ola",
    ]
    assert duty(NIGHTS).at(at(2)) == ""


def test_a_turn_is_handed_over_by_the_clocks_of_the_place_also_when_they_change() -> None:
    """In Berlin clocks go back on 2026-10-25."""
    daily = {"people": ["kim", "dana"], "starts_on": "2026-10-24", "at": "09:00", "days": 1}
    berlin = duty(daily, timezone="Europe/Berlin")
    assert [berlin.at(at(24, clock, 10)) for clock in ("06:59", "07:00")] == ["", "kim"]
    assert [berlin.at(at(25, clock, 10)) for clock in ("07:59", "08:00")] == ["kim", "dana"]


def test_who_stands_in_goes_before_all_and_the_newest_before_the_others() -> None:
    whole = Stretch(person="lee", starts_at=at(2), ends_at=at(6))
    within = Stretch(person="sam", starts_at=at(3), ends_at=at(4))
    stood_in = duty(WEEKLY, NIGHTS, overrides=[whole, within])
    assert [stood_in.at(at(day)) for day in (1, 2, 3, 4, 6)] == ["kim", "lee", "sam", "lee", "kim"]


def test_the_stretches_of_a_time_are_cut_where_another_person_takes_over() -> None:
    found = list(
        duty(WEEKLY, overrides=[Stretch(person="lee", starts_at=at(8), ends_at=at(9))]).stretches(at(1), at(15))
    )
    assert [(stretch.person, stretch.ends_at) for stretch in found] == [
        ("kim", at(7, "09:00")),
        ("dana", at(8)),
        ("lee", at(9)),
        ("dana", at(14, "09:00")),
        ("sam", at(15)),
    ]


clocks = st.sampled_from(["00:00", "02:30", "08:00", "09:00", "20:00", "23:59"])
spans = st.none() | st.fixed_dictionaries(
    {"from": clocks, "until": clocks, "days": st.lists(st.sampled_from(DAYS), unique=True)}
)
rotations = st.fixed_dictionaries(
    {
        "people": st.lists(st.sampled_from("abc"), min_size=1, max_size=3),
        "starts_on": st.dates(date(2026, 3, 1), date(2026, 11, 30)).map(date.isoformat),
        "at": clocks,
        "days": st.integers(1, 9),
        "hours": spans,
    }
)
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/Havana", "Pacific/Apia", "Australia/Lord_Howe"])
moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))


@st.composite
def stand_ins(draw: st.DrawFn) -> Stretch:
    starts = draw(moments)
    ends = starts + timedelta(minutes=draw(st.integers(1, 20_000)))
    return Stretch(person=draw(st.sampled_from("xy")), starts_at=starts, ends_at=ends)


@given(
    rows=st.lists(rotations, min_size=1, max_size=3),
    overrides=st.lists(stand_ins(), max_size=3),
    zone=zones,
    since=moments,
    length=st.integers(1, 30 * 24 * 60),
    share=st.floats(0, 0.999),
)
def test_at_every_moment_the_stretches_say_who_is_on_call_then(
    rows: list[dict[str, Any]], overrides: list[Stretch], zone: str, since: datetime, length: int, share: float
) -> None:
    asked, until = Duty(rotations=rows, timezone=zone, overrides=overrides), since + timedelta(minutes=length)
    assert not list(problems("rotations", rows))
    found = list(asked.stretches(since, until))
    assert (found[0].starts_at, found[-1].ends_at) == (since, until)
    assert all(one.ends_at == other.starts_at for one, other in pairwise(found))
    assert all(one.person != other.person for one, other in pairwise(found))
    moment = since + (until - since) * share
    [told] = [stretch for stretch in found if stretch.starts_at <= moment < stretch.ends_at]
    assert told.person == asked.at(moment)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"people": []}, "people"),
        ({"people": "kim"}, "people"),
        ({"people": [7]}, "people"),
        ({"days": 0}, "days"),
        ({"days": True}, "days"),
        ({"starts_on": "2026-13-01"}, "starts_on"),
        ({"starts_on": 7}, "starts_on"),
        ({"at": "9"}, "at"),
        ({"hours": {"from": "9"}}, "hours"),
        ({"hours": {"from": "08:00", "until": "20:00", "timezone": "UTC"}}, "hours"),
        ({"hours": []}, "hours"),
        ({"surplus": 1}, ""),
    ],
)
def test_a_rotation_that_is_none_is_named_by_its_place(wrong: dict[str, Any], field: str) -> None:
    [found, *_] = problems("rotations", [WEEKLY, WEEKLY | wrong])
    assert found.field == ("rotations[1]" + (f".{field}" if field else ""))


@pytest.mark.parametrize("rows", [[], [WEEKLY] * 11, "kim", None, [7]])
def test_what_is_no_list_of_rotations_is_refused(rows: Any) -> None:
    assert list(problems("rotations", rows))
