"""deep_compare: every difference, and nothing but differences."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.changes import MOST_DIFFERENCES, Change, deep_compare, is_same_json, json_patch
from config.canonical import canonical_json

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def test_nested_members_and_list_items_are_named_by_path() -> None:
    old = {"host": "a", "ports": [80, 443], "tls": {"on": False}}
    new = {"host": "a", "ports": [80, 8443, 9000], "tls": {"on": True, "hsts": 1}}
    assert deep_compare(old, new) == [
        Change(path="ports[1]", kind="changed", old=443, new=8443),
        Change(path="ports[2]", kind="added", new=9000),
        Change(path="tls.hsts", kind="added", new=1),
        Change(path="tls.on", kind="changed", old=False, new=True),
    ]


def test_a_removed_member_keeps_its_old_value() -> None:
    assert deep_compare({"a": {"b": 1}}, {}) == [Change(path="a", kind="removed", old={"b": 1})]


def test_true_is_not_one_and_one_is_one_point_zero() -> None:
    assert deep_compare({"a": True}, {"a": 1}) == [Change(path="a", kind="changed", old=True, new=1)]
    assert deep_compare({"a": 1}, {"a": 1.0}) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (True, 1), (False, 0), (1, "1"), (None, 0), (None, False), ("", None), ([], {}), ([1], 1), ([], None),
        ({"a": [True]}, {"a": [1]}), ([[True]], [[1]]), ((True,), (1,)), ({"a": None}, {}), ([1, 2], [2, 1]),
        ({"a": 2**53}, {"a": 2**53 + 1}), ("e\u0301", "\u00e9"), ("a", "A"), ("a", "a "),
    ],
)  # fmt: skip
def test_what_json_tells_apart_is_not_the_same(one: Any, other: Any) -> None:
    assert not is_same_json(one, other)
    assert not is_same_json({"x": [one]}, {"x": [other]})
    assert deep_compare(one, other) != []
    assert json_patch(one, other) != []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0), (0, -0.0), (1e22, 10**22), ({"a": 1, "b": 2}, {"b": 2.0, "a": 1}), ([1, [2]], (1, (2.0,))),
        (float("nan"), float("nan")), (float("inf"), float("inf")),
    ],
)  # fmt: skip
def test_what_json_does_not_tell_apart_is_the_same(one: Any, other: Any) -> None:
    assert is_same_json(one, other)
    assert is_same_json([{"x": one}], [{"x": other}])
    assert (deep_compare(one, other), json_patch(one, other)) == ([], [])


finite = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 1.0, -0.0, 0.5, "", "1", "true"]) | st.integers(-5, 5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)


@given(finite, finite)
def test_values_are_the_same_when_their_canonical_json_is(one: Any, other: Any) -> None:
    assert is_same_json(one, other) == (canonical_json(one) == canonical_json(other))


def test_more_differences_than_can_be_told_are_one() -> None:
    old, new = list(range(200_000)), list(range(1, 200_001))
    assert deep_compare(old, new) == [Change(path="", kind="changed", old=old, new=new)]
    assert [operation["op"] for operation in json_patch(old, new)] == ["test", "replace"]
    few = [0] * MOST_DIFFERENCES
    assert len(deep_compare(few, [1] * MOST_DIFFERENCES)) == MOST_DIFFERENCES


def test_a_long_name_is_not_repeated_for_each_difference_below_it() -> None:
    old, new = ({"n" * 50_000: [value] * 900} for value in (0, 1))
    assert deep_compare(old, new) == [Change(path="", kind="changed", old=old, new=new)]


def test_a_long_list_is_compared_in_one_pass() -> None:
    """It was copied for each of its items: 100,000 took minutes."""
    old = [0] * 300_000
    assert deep_compare(old, [*old, 1]) == [Change(path="[300000]", kind="added", new=1)]


def test_a_value_of_another_shape_is_one_change() -> None:
    assert deep_compare({"a": [1]}, {"a": {"0": 1}}) == [Change(path="a", kind="changed", old=[1], new={"0": 1})]


def test_names_with_dots_do_not_read_like_nesting() -> None:
    flat, nested = deep_compare({"a.b": 1}, {"a.b": 2}), deep_compare({"a": {"b": 1}}, {"a": {"b": 2}})
    assert flat[0].path == '["a.b"]'
    assert nested[0].path == "a.b"


@given(json_values)
def test_a_value_never_differs_from_its_copy(value: Any) -> None:
    assert deep_compare(value, copy.deepcopy(value)) == []


@given(json_values, json_values)
def test_comparing_the_other_way_round_mirrors_the_changes(old: Any, new: Any) -> None:
    mirror = {"added": "removed", "removed": "added", "changed": "changed"}
    forwards = [(change.path, change.kind) for change in deep_compare(old, new)]
    backwards = [(change.path, mirror[change.kind]) for change in deep_compare(new, old)]
    assert forwards == backwards


def patched(value: Any, patch: list[dict[str, Any]]) -> Any:
    """RFC 6902, the four operations we write."""
    holder = {"": copy.deepcopy(value)}
    for step in patch:
        parent: Any = holder
        *way, last = ["", *(part.replace("~1", "/").replace("~0", "~") for part in step["path"].split("/")[1:])]
        for part in way:
            parent = parent[int(part)] if isinstance(parent, list) else parent[part]
        key = last if not isinstance(parent, list) else len(parent) if last == "-" else int(last)
        if step["op"] == "test":
            assert parent[key] == step["value"]
        elif step["op"] == "remove":
            del parent[key]
        elif isinstance(parent, list) and step["op"] == "add":
            parent.insert(key, step["value"])
        else:
            parent[key] = step["value"]
    return holder[""]


@given(json_values, json_values)
def test_the_patch_turns_the_old_value_into_the_new_one(old: Any, new: Any) -> None:
    assert deep_compare(patched(old, json_patch(old, new)), new) == []


def test_a_patch_tests_what_it_replaces_and_escapes_names() -> None:
    assert json_patch({"a/b~": [1, 2]}, {"a/b~": [3]}) == [
        {"op": "test", "path": "/a~1b~0/0", "value": 1},
        {"op": "replace", "path": "/a~1b~0/0", "value": 3},
        {"op": "test", "path": "/a~1b~0/1", "value": 2},
        {"op": "remove", "path": "/a~1b~0/1"},
    ]
