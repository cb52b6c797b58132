"""Pairs of events with what a person says of them: one bug or two. `contested` ones are known to be judged either way.

Each line of grouping_cases.jsonl: `rule` is what it tries, `same` whether the two are one bug.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from escalation.ingestion.events import read_event

CASES = [json.loads(line) for line in Path(__file__).with_name("grouping_cases.jsonl").read_text().splitlines()]
SURE = [case for case in CASES if case["level"] != "contested"]


def is_one_bug(case: dict[str, Any]) -> bool:
    """Whether the second leads to the bug of the first, by either of its keys."""
    one, other = (read_event(case[name]).grouping() for name in ("a", "b"))
    return bool(set(one.keys) & set(other.keys))


@pytest.mark.parametrize("case", SURE, ids=lambda case: f"{case['id']} {case['rule']}")
def test_two_events_are_one_bug_when_a_person_says_so(case: dict[str, Any]) -> None:
    assert is_one_bug(case) == case["same"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_an_event_is_always_of_its_own_group(case: dict[str, Any]) -> None:
    assert is_one_bug(case | {"b": case["a"]})


def test_there_are_cases_of_both_kinds() -> None:
    assert {case["same"] for case in SURE} == {True, False}
    assert len({case["id"] for case in CASES}) == len(CASES)
