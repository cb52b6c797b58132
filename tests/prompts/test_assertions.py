import re
import resource
from typing import Any

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.changes import is_same_json
from prompts.assertions import TYPES, AssertionsInvalid, Subject, judge, parse, patterns
from prompts.assertions.json_values import identity
from prompts.tokens import count_tokens
from tests.patience import costs_little
from tests.project.sources import ROOT


def passes(output: str, *raw: dict[str, Any], expected: str | None = None, **known: Any) -> bool:
    known.setdefault("output_tokens", count_tokens(output).tokens)
    return judge(parse(list(raw)), Subject(text=output, **known), expected=expected).passed


BOMB = "(((((a{1000}){1000}){1000}){1000}){1000})"
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
    ({"type": "assert-set", "value": [{"type": "contains", "value": "a"}, {"type": "is-json"}]}, '{"a": 1}', "a"),
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
        ([{"type": "contains", "value": "x", "weight": 10**400}], "assertions[0].weight"),
        ([{"type": "contains", "value": "x", "weight": float("nan")}], "assertions[0].weight"),
        ([{"type": "word-count", "value": 10**400}], "assertions[0].value"),
        ([{"type": "latency", "value": 1e308}], "assertions[0].value"),
        ([{"type": "levenshtein", "value": "x", "threshold": 1e308}], "assertions[0].threshold"),
        ([{"type": "contains-all", "value": "x"}], "assertions[0].value"),
        ([{"type": "regex", "value": "("}], "assertions[0].value"),
        ([{"type": "regex", "value": "a" * 5_001}], "assertions[0].value"),
        ([{"type": "regex", "value": "(" * 51 + ")" * 51}], "assertions[0].value"),
        ([{"type": "regex", "value": "(?V1)[[a]--[b]]"}], "assertions[0].value"),
        ([{"type": "is-json", "value": {"type": "objekt"}}], "assertions[0].value"),
        ([{"type": "is-json", "value": {"$schema": []}}], "assertions[0].value"),
        ([{"type": "is-json", "value": {"enum": list(range(5_000))}}], "assertions[0].value"),
        ([{"type": "is-json", "value": {"pattern": "("}}], "assertions[0].value"),
        (
            [{"type": "is-json", "value": {"properties": {"a": {"patternProperties": {"(": {}}}}}}],
            "assertions[0].value",
        ),
        ([{"type": "is-json", "value": {"$defs": {"x": {"anyOf": [{"pattern": BOMB}]}}}}], "assertions[0].value"),
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
    monkeypatch.setattr(patterns, "SEARCH_SECONDS", 0.1)


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
    with costs_little():
        for kind in ("is-json", "contains-json"):
            judge(parse([{"type": kind}]), Subject(text=text))


def slow_distance(left: str, right: str) -> int:
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        before, row[0] = row[0], i
        for j, b in enumerate(right, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


@given(st.text("abc", max_size=12), st.text("abc", max_size=12), st.integers(0, 8))
def test_levenshtein_counts_edits(left: str, right: str, limit: int) -> None:
    within = slow_distance(left, right) <= limit
    assert passes(left, {"type": "levenshtein", "value": right, "threshold": limit}) == within


@given(st.text(st.characters(codec="utf-8"), max_size=60), st.sampled_from(sorted(TYPES)))
def test_no_output_makes_an_assertion_fall_over(output: str, kind: str) -> None:
    values: dict[str, Any] = {
        "contains-all": ["a"],
        "contains-any": ["a"],
        "icontains-all": ["a"],
        "icontains-any": ["a"],
    }
    values |= {"is-json": None, "contains-json": SCHEMA, "word-count": 2, "token-count": 5, "latency": 1, "cost": 1}
    values |= {"assert-set": [{"type": "contains", "value": "a"}]}
    raw = [{"type": kind, "value": values.get(kind, "a")}]
    judgement = judge(parse(raw), Subject(text=output, latency_ms=1, cost_micros=1))
    assert 0 <= judgement.score <= 1


# Patterns


@pytest.mark.parametrize(
    "pattern",
    [
        BOMB,
        "(a{100}){100}",
        "(?:(?:a{30}b){30}){30}",
        "([)]a{1000}){1000}",
        "([]()]a{1000}){1000}",
        "([^]()]a{1000}){1000}",
        "([[:alpha:])]a{1000}){1000}",
        r"(\)a{1000}){1000}",
        r"(\[a{1000}){1000}",
        "(a{1000,}){1000,}",
        "(a{1000,2000}?){1000}+",
        "(?i:(?>(?=a{1000})){1000})",
        "(?P<n>(?|a{1000})){1000}",
        "a{1000}" * 10,
        "(a|b){99999999999999999999}",
    ],
)
def test_a_pattern_whose_repeats_multiply_is_refused_before_it_is_compiled(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regex, "compile", None)
    with pytest.raises(AssertionsInvalid, match="repeats are multiplied"):
        parse([{"type": "regex", "value": pattern}])


@pytest.mark.parametrize(
    "pattern",
    [
        r"^\d{4}-\d{2}-\d{2}T(?:\d{2}:){2}\d{2}Z$",
        r"^(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12},?){1,500}$",
        r"^(?:\d{1,3}\.){3}\d{1,3}$",
        r"^.{0,100000}$",
        r"(?s)^(?:[^.]{1,200}\.\s?){1,50}$",
        r"(?i)\b(?:cat|dog)s?\b[^()\[\]{}]*\{\d+\}",
        r"\p{Lu}\p{Ll}{2,}(?:\X{3}){2}",
        "|".join(f"word{number}" for number in range(400)),
    ],
)
def test_patterns_as_people_write_them_are_accepted(pattern: str) -> None:
    assert parse([{"type": "regex", "value": pattern}])


ATOMS = st.sampled_from([
    "a", "\u00e9", "\u00df", ".", r"\d", r"\w", r"\X", r"\p{L}", "[a-z]", "[^)]", "[(]", "[]a]", "[[:alpha:]x]", "^",
    r"\b", r"\(", r"\{", r"\N{DIGIT ONE}", r"\R", r"\K", "(?i)", "(?f)", "{e<=1}", r"\L<x>", "(?R)", "(?1)",
    "(?(1)a|b)",
])  # fmt: skip
REPEATS = st.sampled_from([
    "{1}", "{3}", "{70}", "{1000}", "{5000}", "{10,}", "{4000,}", "{,9}", "*", "+", "?", "*+", "??", "{e<=2}",
    "{2,1000}", "{0,1000000}", "{900,1000000}", "|", "||",
])  # fmt: skip
GROUPS = st.sampled_from(["(", "(?:", "(?i:", "(?>", "(?=", "(?<=", "(?|", "(?P<n>", "(?!", "(?b:", "(?e:"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: (
        st.tuples(GROUPS, inner).map(lambda pair: f"{pair[0]}{pair[1]})")
        | st.tuples(inner, REPEATS).map("".join)
        | st.lists(inner, max_size=6).map("".join)
        | st.tuples(inner, st.sampled_from([2, 30, 900])).map(lambda pair: pair[0] * pair[1])
    ),
    max_leaves=30,
)


@settings(max_examples=300, deadline=None)
@given(PATTERNS)
def test_any_accepted_pattern_compiles_within_a_second_and_100_mb(pattern: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF)
    try:
        patterns.compile_pattern(pattern)
    except patterns.Fault:
        return
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert after.ru_utime - before.ru_utime < 1
    assert after.ru_maxrss - before.ru_maxrss < 100 * 1024


# JSON by its types

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.0, -0.0, 1.0, 2.5])
    | st.text("01a", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=1), inner, max_size=3),
    max_leaves=6,
)


@given(JSON, JSON)
def test_values_are_the_same_as_in_the_trail(left: Any, right: Any) -> None:
    assert (identity(left) == identity(right)) == is_same_json(left, right)
    assert identity(left) == identity(left)


EQUAL = [("1", 1.0), ("1.0", 1), ("1e0", 1), ('{"a": 1, "b": null}', {"b": None, "a": 1}), ("[]", []), ("-0.0", 0)]
UNEQUAL = [
    ('{"ok": 1}', {"ok": True}),
    ('{"ok": true}', {"ok": 1}),
    ('{"ok": 0}', {"ok": False}),
    ("[[true]]", [[1]]),
    ("1.0", True),
    ('"1"', 1),
    ("null", False),
    ("[]", {}),
    ('{"a": null}', {}),
    ("[1, 2]", [2, 1]),
    ("1e999", 10**400),
    ("9007199254740993", 9007199254740992),
    ("1" * 5_000, 1),
]


@pytest.mark.parametrize(("output", "value", "held"), [(*e, True) for e in EQUAL] + [(*u, False) for u in UNEQUAL])
def test_equality_is_json_s(output: str, value: Any, held: bool) -> None:
    assert passes(output, {"type": "equals", "value": value}) is held
    assert passes(output, {"type": "not-equals", "value": value}) is not held


@pytest.mark.parametrize(("output", "value", "held"), [(*e, True) for e in EQUAL] + [(*u, False) for u in UNEQUAL])
def test_const_enum_and_unique_items_compare_as_equals_does(output: str, value: Any, held: bool) -> None:
    assert passes(output, {"type": "is-json", "value": {"const": value}}) is held
    assert passes(output, {"type": "is-json", "value": {"enum": ["other", value]}}) is held
    nested = {"items": {"properties": {"x": {"enum": [[value]]}}}}
    assert passes(f'[{{"x": [{output}]}}]', {"type": "is-json", "value": nested}) is held


@pytest.mark.parametrize(
    ("output", "unique"),
    [
        ("[1, true]", True),
        ("[[1], [true]]", True),
        ('[{"a": 0}, {"a": false}]', True),
        ("[1, 1.0]", False),
        ('[{"a": 1, "b": 2}, {"b": 2, "a": 1}]', False),
        ('[[], {}, null, 0, false, ""]', True),
    ],
)
def test_items_are_unique_by_their_json_types(output: str, unique: bool) -> None:
    assert passes(output, {"type": "is-json", "value": {"uniqueItems": True}}) is unique
    assert passes(output, {"type": "is-json", "value": {"uniqueItems": False}})


def test_a_pattern_in_what_is_only_compared_is_no_pattern() -> None:
    schema = {
        "properties": {"pattern": {"const": {"pattern": "("}}, "enum": {"enum": [{"patternProperties": {"(": 1}}]}}
    }
    assert passes('{"pattern": {"pattern": "("}}', {"type": "is-json", "value": schema})


def test_the_guide_has_a_row_for_every_type() -> None:
    table = (ROOT / "docs" / "prompts.md").read_text().partition("| type | value |")[2].partition("\n\n")[0]
    named = {name for row in table.splitlines()[2:] for name in re.findall("`([a-z-]+)`", row.split("|")[1])}
    assert named == set(TYPES)


def test_a_set_counts_as_one_and_holds_when_all_or_enough_of_it_does() -> None:
    members = [{"type": "contains", "value": "a"}, {"type": "contains", "value": "b", "weight": 3, "metric": "b"}]
    for threshold, text, holds in ((None, "ab", True), (None, "b", False), (0.7, "b", True), (0.7, "a", False)):
        given = [{"type": "assert-set", "value": members, "threshold": threshold, "metric": "both"}]
        judged = judge(parse(given), Subject(text=text))
        assert (judged.passed, judged.outcomes[0].metric) == (holds, "both")
    [outcome] = judge(parse([{"type": "assert-set", "value": members}]), Subject(text="x")).outcomes
    assert outcome.detail.startswith("2 of 2 do not hold: contains: Not found: 'a'")
    assert judge(parse([{"type": "not-assert-set", "value": members}]), Subject(text="x")).passed


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"type": "assert-set"}, "assertions[0].value"),
        ({"type": "assert-set", "value": []}, "assertions[0].value"),
        ({"type": "assert-set", "value": [{"type": "regex", "value": "("}]}, "assertions[0].value"),
        (
            {"type": "assert-set", "value": [{"type": "assert-set", "value": [{"type": "is-json"}]}]},
            "assertions[0].value",
        ),
        ({"type": "is-json", "metric": ""}, "assertions[0].metric"),
        ({"type": "is-json", "metric": "x" * 65}, "assertions[0].metric"),
    ],
)
def test_a_set_or_a_metric_that_is_none_is_refused(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(AssertionsInvalid) as refused:
        parse([wrong])
    assert refused.value.errors[0].field == field
