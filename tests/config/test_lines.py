"""A list that is typed one item a line."""

import pytest
from django import forms
from hypothesis import given
from hypothesis import strategies as st

from config.pages.lines import Lines


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1)))
def test_what_is_shown_comes_back_as_it_was(items: list[str]) -> None:
    field = Lines(required=False)
    kept = [item for item in items if item.strip()]
    shown = field.prepare_value(kept)
    assert field.clean(shown) == kept
    assert not field.has_changed(kept, shown)


@pytest.mark.parametrize(
    ("typed", "items"),
    [
        ("git push\n\n  git stash push  \r\n", ["git push", "git stash push"]),
        ("", []),
        (' "quoted" ', ['"quoted"']),
        ('"a" "b"', ['"a" "b"']),
        ('["git push"]', ['["git push"]']),
        ('"two\\nlines"', ["two\nlines"]),
    ],
)
def test_each_line_is_an_item(typed: str, items: list[str]) -> None:
    assert Lines(required=False).clean(typed) == items


def test_a_list_that_is_needed_is_asked_for() -> None:
    with pytest.raises(forms.ValidationError, match="required"):
        Lines().clean(" \n ")
    assert Lines().clean("one") == ["one"]
