import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts import assertions
from prompts.assertions import TYPES, AssertionsInvalid, Subject, distance_within, judge, parse


def passes(output: str, *raw: dict[str, Any], expected: str | None = None, **known: Any) -> bool:
    return judge(parse(list(raw)), Subject(text=output, **known), expected=expected).passed


SCHEMA = {"type": "object", "required": ["age"], "properties": {"age": {"type": "integer"}}}
CASES: list[tuple[dict[str, Any], str, str]] = [
    ({"type": "equals", "value": "yes"}, " yes\n", "Yes"),
    ({"type": "equals", "value": {"a": [1]}}, '{"a": [1]}', '{"a": [2]}'),
    ({"type": "contains", "value": "sun"}, "the sun sets", "the Sun sets"),
    ({"type": "icontains", "value": "SUN"}, "the sun sets", "moon"),
    ({"type": "contains-any", "value": ["a1", "b1"]}, "has b1", "has c1"),
    ({"type": "contains-all", "value": ["a1", "b1"]}, "b1 a1", "only a1"),
    ({"type": "icontains-any", "value": ["A1", "B1"]}, "has b1", "has c1"),
    ({"type": "icontains-all", "value": ["A1", "B1"]}, "b1 a1", "only a1"),
    ({"type": "starts-with", "value": "Yes"}, " Yes, it is", "No. Yes"),
    ({"type": "regex", "value": r"^\d{3}$"}, "123", "1234"),
    ({"type": "is-json"}, ' {"a": 1}', "a: 1"),
    ({"type": "is-json"}, "1", "NaN"),
    ({"type": "is-json", "value": SCHEMA}, '{"age": 31}', '{"age": "31"}'),
    ({"type": "contains-json"}, 'Sure: {"a": 1}!', "Sure: {a: 1}"),
    ({"type": "contains-json", "value": SCHEMA}, 'First {"x": 1}, then {"age": 3}.', 'Only {"x": 1}'),
    ({"type": "word-count", "value": 3}, "one two three", "one two"),
    ({"type": "word-count", "value": {"min": 2}}, "one two three", "one"),
    ({"type": "word-count", "value": {"min": 1, "max": 2}}, "one two", "one two three"),
    ({"type": "token-count", "value": 3}, "hello world", "hello world how are you"),
    ({"type": "token-count", "value": {"min": 3}}, "hello world how are you", "hello world"),
    ({"type": "levenshtein", "value": "kitten"}, "sitting", "an entirely different thing"),
    ({"type": "levenshtein", "value": "kitten", "threshold": 2}, "kittens", "sitting"),
    ({"type": "rouge-n", "value": "the cat sat down"}, "the cat sat", "a dog ran off"),
    ({"type": "bleu", "value": "the cat sat on the mat"}, "the cat sat on the mat", "dogs run"),
    ({"type": "bleu", "value": "the cat", "threshold": 0.1}, "the cat sat", ""),
]


@pytest.mark.parametrize(("assertion", "good", "bad"), CASES, ids=lambda value: str(value)[:40])
def test_an_assertion_passes_what_it_should_and_its_negation_the_rest(
    assertion: dict[str, Any], good: str, bad: str
) -> None:
    negated = {**assertion, "type": f"not-{assertion['type']}"}
    assert passes(good, assertion)
    assert not passes(bad, assertion)
    assert not passes(good, negated)
    assert passes(bad, negated)


def test_measures_of_the_answer() -> None:
    known = {"latency_ms": 120, "cost_micros": 40, "finish_reason": "stop", "output_tokens": 9}
    assert passes("x", {"type": "latency", "threshold": 200}, **known)
    assert not passes("x", {"type": "latency", "value": 100}, **known)
    assert passes("x", {"type": "cost", "threshold": 40}, **known)
    assert not passes("x", {"type": "cost", "threshold": 39}, **known)
    assert passes("x", {"type": "finish-reason", "value": "stop"}, **known)
    assert not passes("x", {"type": "finish-reason", "value": "length"}, **known)
    assert not passes("x", {"type": "token-count", "value": 8}, **known)


def test_what_cannot_be_measured_never_passes_not_even_negated() -> None:
    for kind in ("cost", "not-cost"):
        judgement = judge(parse([{"type": kind, "threshold": 1}]), Subject(text="x"))
        assert not judgement.passed
        assert "MODEL_PRICES" in judgement.outcomes[0].detail


def test_without_assertions_the_whole_trimmed_output_is_what_is_expected() -> None:
    assert passes("  Berlin \n", expected="Berlin")
    assert not passes("It is Berlin", expected="Berlin")


def test_a_failure_says_what_was_seen() -> None:
    judgement = judge([], Subject(text="Paris"), expected="Berlin")
    assert judgement.outcomes[0].detail == "Expected 'Berlin', got 'Paris'"


def test_weights_and_a_threshold() -> None:
    raw = [{"type": "contains", "value": "a", "weight": 3}, {"type": "contains", "value": "b"}]
    assert judge(parse(raw), Subject(text="a")).score == 0.75
    assert not judge(parse(raw), Subject(text="a")).passed
    assert judge(parse(raw), Subject(text="a"), threshold=0.75).passed
    ignored = [{"type": "contains", "value": "a"}, {"type": "contains", "value": "b", "weight": 0}]
    assert judge(parse(ignored), Subject(text="a")).passed


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ("contains", ""),
        ([["contains"]], "assertions[0]"),
        ([{"type": "similar"}], "assertions[0].type"),
        ([{"value": "x"}], "assertions[0].type"),
        ([{"type": "contains"}], "assertions[0].value"),
        ([{"type": "contains", "value": ""}], "assertions[0].value"),
        ([{"type": "contains", "value": "x", "wieght": 1}], "assertions[0].wieght"),
        ([{"type": "contains", "value": "x", "weight": -1}], "assertions[0].weight"),
        ([{"type": "contains", "value": "x", "weight": True}], "assertions[0].weight"),
        ([{"type": "contains-all", "value": "x"}], "assertions[0].value"),
        ([{"type": "regex", "value": "("}], "assertions[0].value"),
        ([{"type": "is-json", "value": {"type": "objekt"}}], "assertions[0].value"),
        ([{"type": "is-json", "value": []}], "assertions[0].value"),
        ([{"type": "word-count", "value": {}}], "assertions[0].value"),
        ([{"type": "word-count", "value": {"min": 3, "max": 2}}], "assertions[0].value"),
        ([{"type": "word-count", "value": "3"}], "assertions[0].value"),
        ([{"type": "latency"}], "assertions[0].value"),
        ([{"type": "levenshtein", "value": "x", "threshold": 501}], "assertions[0].threshold"),
        ([{"type": "rouge-n", "value": "x", "threshold": 2}], "assertions[0].threshold"),
        ([{"type": "contains", "value": "x"}, {"type": "equals"}], "assertions[1].value"),
        ([{"type": "contains", "value": "x"}] * 51, ""),
    ],
)
def test_a_wrong_assertion_is_an_error_that_names_its_place(raw: Any, field: str) -> None:
    with pytest.raises(AssertionsInvalid) as refused:
        parse(raw)
    assert [error.field for error in refused.value.errors][:1] == ([field] if field else [])


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assertions, "REGEX_SECONDS", 0.1)


def test_a_pattern_that_backtracks_for_ever_is_stopped_and_fails(impatient: None) -> None:
    judgement = judge(parse([{"type": "not-regex", "value": "(a|aa)+$"}]), Subject(text="a" * 60 + "!"))
    assert not judgement.passed
    assert "took longer" in judgement.outcomes[0].detail


def test_patterns_inside_a_schema_are_stopped_too(impatient: None) -> None:
    schema = {"type": "string", "pattern": "(a|aa)+$"}
    judgement = judge(parse([{"type": "is-json", "value": schema}]), Subject(text='"' + "a" * 60 + '!"'))
    assert "took longer" in judgement.outcomes[0].detail


def test_a_reference_to_another_host_is_not_fetched() -> None:
    schema = {"$ref": "http://127.0.0.1:1/schema.json"}
    judgement = judge(parse([{"type": "is-json", "value": schema}]), Subject(text="{}"))
    assert not judgement.passed
    assert "cannot be used" in judgement.outcomes[0].detail


@pytest.mark.parametrize("text", ["[" * 200_000, "{" * 200_000, '{"a":' * 50_000, "1" * 100_000])
def test_hostile_outputs_are_judged_in_time(text: str) -> None:
    started = time.monotonic()
    for kind in ("is-json", "contains-json"):
        judge(parse([{"type": kind}]), Subject(text=text))
    assert time.monotonic() - started < 5


def slow_distance(left: str, right: str) -> int:
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        before, row[0] = row[0], i
        for j, b in enumerate(right, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


@given(st.text("abc", max_size=12), st.text("abc", max_size=12), st.integers(0, 8))
def test_the_banded_distance_is_the_distance(left: str, right: str, limit: int) -> None:
    true = slow_distance(left, right)
    assert distance_within(left, right, limit) == (true if true <= limit else None)


@given(st.text(st.characters(codec="utf-8"), max_size=60), st.sampled_from(sorted(TYPES)))
def test_no_output_makes_an_assertion_fall_over(output: str, kind: str) -> None:
    values: dict[str, Any] = {
        "contains-all": ["a"],
        "contains-any": ["a"],
        "icontains-all": ["a"],
        "icontains-any": ["a"],
    }
    values |= {"is-json": None, "contains-json": SCHEMA, "word-count": 2, "token-count": 5, "latency": 1, "cost": 1}
    raw = [{"type": kind, "value": values.get(kind, "a")}]
    judgement = judge(parse(raw), Subject(text=output, latency_ms=1, cost_micros=1))
    assert 0 <= judgement.score <= 1
