"""The documented score."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.models import Impact, Priority
from escalation.priority import (
    DEFAULT_POLICY,
    SERIOUS_ERROR_TYPES,
    SEVERE_ERROR_TYPES,
    Policy,
    calculate_priority,
    next_change,
)

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
questions = st.fixed_dictionaries(
    {
        "error_type": st.sampled_from([*SEVERE_ERROR_TYPES, *SERIOUS_ERROR_TYPES, "KeyError"]),
        "user_impact": st.sampled_from(Impact.values),
        "frequency": st.integers(1, 50),
        "deadline_hours": st.none() | st.floats(-100, 100),
    }
)


def points(**given: object) -> dict[str, int]:
    asked = {"error_type": "KeyError", "user_impact": "low"} | given
    return {factor.name: factor.points for factor in calculate_priority(**asked).factors}  # type: ignore[arg-type]


def test_the_documents_own_example_is_critical():
    score = calculate_priority(error_type="DatabaseConnectionError", user_impact="high", frequency=10, deadline_hours=2)
    assert (score.priority, score.score) == ("critical", 105)
    assert {factor.name: factor.points for factor in score.factors} == {
        "error_type": 10,
        "user_impact": 30,
        "frequency": 25,
        "deadline": 40,
    }


@pytest.mark.parametrize("name", SEVERE_ERROR_TYPES)
def test_a_severe_error_type_weighs_40(name):
    assert points(error_type=name)["error_type"] == 40


@pytest.mark.parametrize("name", SERIOUS_ERROR_TYPES)
def test_a_serious_error_type_weighs_25(name):
    assert points(error_type=name)["error_type"] == 25


def test_any_other_error_type_weighs_10():
    assert points(error_type="databaseerror")["error_type"] == 10


@pytest.mark.parametrize(("impact", "expected"), [("low", 0), ("medium", 15), ("high", 30), ("critical", 50)])
def test_impact_weighs_as_documented(impact, expected):
    assert points(user_impact=impact)["user_impact"] == expected


@pytest.mark.parametrize(("frequency", "expected"), [(1, 5), (4, 20), (5, 25), (6, 25), (10_000, 25)])
def test_frequency_weighs_5_each_and_at_most_25(frequency, expected):
    assert points(frequency=frequency)["frequency"] == expected


@pytest.mark.parametrize(
    ("hours", "expected"), [(None, 0), (-3, 40), (0, 40), (3.99, 40), (4, 20), (23.99, 20), (24, 0), (500, 0)]
)
def test_a_deadline_weighs_by_the_hours_left(hours, expected):
    assert points(deadline_hours=hours)["deadline"] == expected


@pytest.mark.parametrize(
    ("error_type", "impact", "frequency", "hours", "score", "priority"),
    [
        ("KeyError", "low", 1, None, 15, "low"),
        ("KeyError", "medium", 1, None, 30, "medium"),
        ("DataLoss", "low", 1, None, 45, "medium"),
        ("KeyError", "high", 2, None, 50, "high"),
        ("APIError", "critical", 1, None, 80, "critical"),
        ("APIError", "high", 4, None, 75, "high"),
    ],
)
def test_thresholds_are_inclusive(error_type, impact, frequency, hours, score, priority):
    found = calculate_priority(error_type=error_type, user_impact=impact, frequency=frequency, deadline_hours=hours)
    assert (found.score, found.priority) == (score, priority)


@given(questions)
def test_the_score_is_the_sum_of_its_factors_and_each_says_why(question):
    score = calculate_priority(**question)
    assert score.score == sum(factor.points for factor in score.factors)
    assert [factor.name for factor in score.factors] == ["error_type", "user_impact", "frequency", "deadline"]
    assert all(factor.reason for factor in score.factors)


@given(questions)
def test_more_reports_worse_impact_or_less_time_never_lower_the_score(question):
    score = calculate_priority(**question).score
    assert calculate_priority(**question | {"frequency": question["frequency"] + 1}).score >= score
    assert calculate_priority(**question | {"user_impact": "critical"}).score >= score
    if question["deadline_hours"] is not None:
        assert calculate_priority(**question | {"deadline_hours": question["deadline_hours"] - 1}).score >= score


@given(st.floats(-100, 100), st.floats(0, 200))
def test_between_two_changes_the_deadlines_points_stay(hours, later):
    deadline_at = NOW + timedelta(hours=hours)
    change = next_change(deadline_at=deadline_at, now=NOW)
    moment = NOW + timedelta(hours=later)
    if change is None or moment < change:
        left = (deadline_at - moment).total_seconds() / 3600
        before = (deadline_at - NOW).total_seconds() / 3600
        assert points(deadline_hours=left)["deadline"] == points(deadline_hours=before)["deadline"]


def test_the_next_change_is_24_then_4_hours_before_the_deadline():
    deadline = NOW + timedelta(hours=30)
    assert next_change(deadline_at=deadline, now=NOW) == deadline - timedelta(hours=24)
    assert next_change(deadline_at=deadline, now=NOW + timedelta(hours=7)) == deadline - timedelta(hours=4)
    assert next_change(deadline_at=deadline, now=NOW + timedelta(hours=27)) is None
    assert next_change(deadline_at=None, now=NOW) is None


@pytest.mark.parametrize("wrong", [{"user_impact": "huge"}, {"frequency": 0}])
def test_what_cannot_be_weighed_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        calculate_priority(**{"error_type": "KeyError", "user_impact": "low"} | wrong)


def test_another_policy_weighs_otherwise():
    policy = Policy(error_type_points={"KeyError": 90})
    assert calculate_priority(error_type="KeyError", user_impact="low", policy=policy).priority == "critical"


def test_the_policy_and_the_tables_know_the_same_levels():
    assert list(DEFAULT_POLICY.impact_points) == Impact.values
    levels = [DEFAULT_POLICY.lowest, *reversed([name for _, name in DEFAULT_POLICY.thresholds])]
    assert levels == Priority.values
