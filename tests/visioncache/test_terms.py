from datetime import timedelta

import pytest

from config.errors import PayloadTooLarge
from visioncache.identity import InvalidEntry
from visioncache.terms import EmptyResult, read_confidence, read_count, read_data, read_lifetime, read_tags


@pytest.mark.parametrize(
    "data", [{"text": "x"}, ["x"], "x", 0, False, {"text": "", "lines": 0}, {"error": None, "text": "x"}]
)
def test_an_answer_with_content_is_kept(data) -> None:
    assert read_data(data) > 0


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        [],
        "",
        "  ",
        {"description": ""},
        {"choices": []},
        {"choices": [{"message": {"content": None}}]},
        {"error": {"type": "rate_limit", "message": "429"}},
        {"error": "timeout", "status": 504},
        {"errors": ["overloaded"], "request_id": "r1"},
    ],
)
def test_an_empty_or_failed_answer_is_not_cached(data) -> None:
    with pytest.raises(EmptyResult, match="not cached"):
        read_data(data)


@pytest.mark.parametrize("data", [{"a": float("nan")}, {"a": "\x00"}, {"a\x00": 1}, "\udfff", {"a": {1, 2}}])
def test_data_no_database_can_hold_is_refused(data) -> None:
    with pytest.raises(InvalidEntry) as caught:
        read_data(data)
    assert caught.value.errors[0].field == "extracted_data"


def test_data_over_the_limit_is_too_large() -> None:
    with pytest.raises(PayloadTooLarge):
        read_data("x" * (2 * 1024 * 1024 + 1))


def test_a_lifetime_is_in_hours_and_null_is_for_ever() -> None:
    assert read_lifetime(24) == timedelta(days=1)
    assert read_lifetime(0.5) == timedelta(minutes=30)
    assert read_lifetime(0) == timedelta(0)
    assert read_lifetime(None) is None


@pytest.mark.parametrize("hours", [-1, -0.001, 87_601, float("nan"), float("inf"), True, "24"])
def test_an_impossible_lifetime_is_refused(hours) -> None:
    with pytest.raises(InvalidEntry, match="ttl_hours"):
        read_lifetime(hours)


@pytest.mark.parametrize("score", [-0.01, 1.01, float("nan"), True, "0.5", None])
def test_a_confidence_outside_0_to_1_is_refused(score) -> None:
    with pytest.raises(InvalidEntry, match="confidence_score"):
        read_confidence(score)


def test_the_bounds_of_confidence_are_allowed() -> None:
    assert [read_confidence(score) for score in (0, 0.5, 1)] == [0.0, 0.5, 1.0]


@pytest.mark.parametrize("value", [-1, 1.5, True, "1", 2**53])
def test_a_count_is_a_whole_number(value) -> None:
    with pytest.raises(InvalidEntry):
        read_count("cost_micros", value)


def test_tags_are_kept_once_and_in_order() -> None:
    assert read_tags(["b", "a", "b"]) == ["b", "a"]
    for tags in (["ok", ""], ["x" * 65], [str(number) for number in range(33)], "text", [" a"], ["a\x00"]):
        with pytest.raises(InvalidEntry, match="tags"):
            read_tags(tags)
