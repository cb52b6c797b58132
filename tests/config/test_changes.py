"""How much a figure differs from the one of the window before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.pages.changes import change


@pytest.mark.parametrize(
    ("now", "before", "kind", "text"),
    [
        (12, 10, "number", "+20 %"),
        (5, 10, "number", "-50 %"),
        (10, 10, "number", "same"),
        (1000, 1000.1, "number", "same"),
        (0, 0, "number", "same"),
        (7, 0, "number", "+7"),
        (0, 7, "number", "-100 %"),
        (120, 10, "number", "x12"),
        (0.86, 0.80, "share", "+6 points"),
        (0.81, 0.80, "share", "+1 point"),
        (0.80, 0.80, "share", "same"),
        (2_500_000, 0, "money", "+$2.50"),
        (90, 60, "span", "+50 %"),
    ],
)
def test_a_change_is_said_in_few_letters(now: float, before: float, kind: str, text: str) -> None:
    assert change(now, before, kind=kind, better="").text == text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("better", "now", "tone"),
    [("more", 2, "better"), ("more", 0, "worse"), ("less", 2, "worse"), ("less", 0, "better"), ("", 2, "same")],
)
def test_a_change_is_welcome_or_not(better: str, now: float, tone: str) -> None:
    assert change(now, 1, kind="number", better=better).tone == tone  # type: ignore[arg-type]


@given(
    now=st.integers(0, 10**12),
    before=st.integers(0, 10**12),
    kind=st.sampled_from(["number", "money", "span"]),
    better=st.sampled_from(["more", "less", ""]),
)
def test_what_grew_never_says_that_it_shrank(now: int, before: int, kind: str, better: str) -> None:
    said = change(now, before, kind=kind, better=better).text  # type: ignore[arg-type]
    assert len(said) < 40
    assert not (now > before and said.startswith("-"))
    assert not (now < before and said.startswith(("+", "x")))
