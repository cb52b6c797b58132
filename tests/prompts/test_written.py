"""The values of assertions as a person types them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.assertions import TYPES, parse
from prompts.assertions.terms import Fault
from prompts.assertions.written import WANTED, read_value, write_value

LISTS = ("contains-all", "contains-any", "icontains-all", "icontains-any")
TEXTS = ("contains", "icontains", "starts-with", "regex", "levenshtein", "rouge-n", "bleu", "finish-reason")
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
numbers = st.integers(0, 2**53) | st.floats(0, 1e6, allow_nan=False)
schemas = st.none() | st.just({"type": "object", "required": ["a"]}) | st.just(False)


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        ("contains-all", "one\n  two \n\n", ["one", "two"]),
        ("contains-any", '["a b", "c\\nd"]', ["a b", "c\nd"]),
        ("word-count", "5", 5),
        ("word-count", "at most 10", {"max": 10}),
        ("word-count", " at least 3 ", {"min": 3}),
        ("token-count", "3 to 10", {"min": 3, "max": 10}),
        ("token-count", "3-10", {"min": 3, "max": 10}),
        ("word-count", '{"min": 2}', {"min": 2}),
        ("latency", "2 s", 2000),
        ("latency", "800 ms", 800),
        ("latency", "800", 800),
        ("cost", "$0.012", 12_000),
        ("cost", "500", 500),
        ("is-json", "", None),
        ("is-json", '{"type": "object"}', {"type": "object"}),
        ("equals", '{"a": 1}', {"a": 1}),
        ("equals", "5", "5"),
        ("equals", "yes, it is", "yes, it is"),
        ("contains", " a ", " a "),
        ("regex", "^a{2}$", "^a{2}$"),
    ],
)
def test_what_is_typed_becomes_what_the_operation_takes(kind: str, typed: str, value: Any) -> None:
    assert read_value(kind, typed) == value
    assert parse([{"type": kind, "value": value}])[0].value == value, "and the operation takes it"


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("word-count", "a few"),
        ("word-count", "{"),
        ("latency", "soon"),
        ("latency", "$2 s"),
        ("is-json", "{x"),
        ("cost", "-1"),
    ],
)
def test_what_means_nothing_is_refused_with_what_to_write(kind: str, typed: str) -> None:
    with pytest.raises(Fault) as refused:
        read_value(kind, typed)
    assert refused.value.part == "value"
    assert "Write" in str(refused.value) or "JSON" in str(refused.value)


@given(st.data())
def test_a_value_that_is_shown_and_read_again_is_the_same(data: st.DataObject) -> None:
    kinds: dict[str, st.SearchStrategy[Any]] = {
        **dict.fromkeys(TEXTS, texts),
        **dict.fromkeys(LISTS, st.lists(texts, min_size=1, max_size=4)),
        **dict.fromkeys(("word-count", "token-count"), numbers | _bounds()),
        **dict.fromkeys(("latency", "cost"), st.none() | numbers),
        **dict.fromkeys(("is-json", "contains-json"), schemas),
        "assert-set": st.lists(st.fixed_dictionaries({"type": st.just("contains"), "value": texts}), min_size=1),
        "equals": st.dictionaries(texts, st.booleans() | texts | st.integers(), max_size=3)
        | st.lists(texts, max_size=3),
    }
    assert kinds.keys() == TYPES.keys()
    kind = data.draw(st.sampled_from(sorted(kinds)))
    value = data.draw(kinds[kind])
    assert read_value(kind, write_value(kind, value)) == value


def _bounds() -> st.SearchStrategy[dict[str, float]]:
    pairs = st.tuples(numbers, numbers).map(sorted)
    return (
        st.builds(lambda n: {"min": n}, numbers)
        | st.builds(lambda n: {"max": n}, numbers)
        | pairs.map(lambda pair: {"min": pair[0], "max": pair[1]})
    )


def test_what_is_shown_is_short_where_a_person_would_be() -> None:
    shown = [
        write_value("word-count", {"min": 3, "max": 10}),
        write_value("word-count", {"max": 10}),
        write_value("contains-all", ["a", "b"]),
        write_value("latency", 800),
        write_value("equals", "plain"),
        write_value("is-json", None),
    ]
    assert shown == ["3 to 10", "at most 10", "a\nb", "800", "plain", ""]


def test_every_type_says_what_its_value_is() -> None:
    assert WANTED.keys() == TYPES.keys()
