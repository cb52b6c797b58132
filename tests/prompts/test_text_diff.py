"""The diff of texts: applies, is as short as difflib's on small texts, and ends on any."""

import difflib
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.text_diff import unified_diff

LINES = st.lists(st.sampled_from(["a", "b", "c", "d", "", "long line"]), max_size=30)


def applied(before: str, diff: str) -> list[str]:
    """The text after a patch, by the line numbers of its hunks."""
    old, out, position = before.splitlines(), [], 0
    for line in diff.splitlines()[2:]:
        if line.startswith("@@"):
            start, _, length = line.split()[1].lstrip("-").partition(",")
            begin = int(start) - (length != "0")
            out += old[position:begin]
            position = begin
        elif line.startswith("+"):
            out.append(line[1:])
        else:
            assert old[position] == line[1:]
            out += [line[1:]] if line.startswith(" ") else []
            position += 1
    return out + old[position:]


@given(LINES, LINES)
def test_a_diff_makes_the_one_text_of_the_other(old: list[str], new: list[str]) -> None:
    before, after = "\n".join(old), "\n".join(new)
    diff = unified_diff(before, after, "1", "2")
    assert applied(before, diff) == after.splitlines()
    assert bool(diff) == (before.splitlines() != after.splitlines())


@pytest.mark.parametrize(
    ("old", "new"), [("a\nb\nc", "a\nx\nc"), ("a", "a\nb"), ("", "a\nb"), ("a\nb", ""), ("x\n" * 9 + "y", "x\n" * 9)]
)
def test_small_texts_differ_as_difflib_says(old: str, new: str) -> None:
    expected = difflib.unified_diff(old.splitlines(), new.splitlines(), "1", "2", lineterm="")
    assert unified_diff(old, new, "1", "2") == "\n".join(expected)


def test_a_few_changes_in_a_long_text_are_shown_as_such() -> None:
    old = [f"line {number}" for number in range(20_000)]
    new = ["first", *old[:10_000], "changed", *old[10_001:], "last"]
    diff = unified_diff("\n".join(old), "\n".join(new), "1", "2").splitlines()
    assert [line for line in diff if line[0] in "+-"][2:] == ["+first", "-line 10000", "+changed", "+last"]


SIZE = 20_000


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([str(n) for n in range(SIZE)], [str(n) for n in reversed(range(SIZE))]),
        ([str(n % 2) for n in range(SIZE)], [str(n % 3) for n in range(SIZE)]),
        ([str(n % 190) for n in range(SIZE)], [str(n * 7 % 190) for n in range(SIZE)]),
        (["x"] * SIZE, ["y"] * SIZE),
    ],
    ids=["turned round", "periods", "many kinds", "nothing shared"],
)
def test_no_two_texts_take_long(old: list[str], new: list[str]) -> None:
    started = process_time()
    diff = unified_diff("\n".join(old), "\n".join(new), "1", "2")
    assert process_time() - started < 20  # takes 0.1 s; difflib alone takes minutes
    assert applied("\n".join(old), diff) == new
