"""A name that is not there, and the one that was meant."""

from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz

from schemacheck.checker.likeness import did_you_mean, likeness

NAMES = st.text(st.sampled_from("abcde_\u00e9"), max_size=70)


@given(NAMES, NAMES)
def test_likeness_is_the_known_ratio_of_common_letters(one: str, other: str) -> None:
    assert abs(likeness(one)(other) - fuzz.ratio(one, other) / 100) < 1e-9


@given(NAMES, st.lists(NAMES))
def test_what_is_offered_is_there_and_not_the_name_itself(name: str, names: list[str]) -> None:
    hint = did_you_mean(name, names)
    assert hint == "" or hint.removeprefix('Did you mean "').removesuffix('"?') in set(names) - {name}


def test_the_closest_is_offered_whatever_its_case_and_nothing_where_none_is_close() -> None:
    assert did_you_mean("custmers", ["orders", "Customers", "customer_id"]) == 'Did you mean "Customers"?'
    assert did_you_mean("custmers", ["xy", ""]) == ""
    assert did_you_mean("custmers", []) == ""
