import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.statistics import judge, mcnemar, wilson


@pytest.mark.parametrize(
    ("lost", "won", "expected"),
    [(5, 0, 0.0625), (6, 0, 0.03125), (16, 0, 3.0517578125e-05), (11, 1, 0.00634765625), (0, 0, 1.0), (3, 3, 1.0)],
)
def test_mcnemar_is_exact(lost: int, won: int, expected: float) -> None:
    assert mcnemar(lost, won) == pytest.approx(expected, abs=1e-12)


def test_mcnemar_stands_thousands_of_flips() -> None:
    assert 0 <= mcnemar(3000, 2000) < 1e-40


@pytest.mark.parametrize(
    ("passed", "total", "low", "high"), [(18, 20, 0.699, 0.972), (200, 200, 0.981, 1), (0, 10, 0, 0.278), (0, 0, 0, 1)]
)
def test_wilson_has_the_published_limits(passed: int, total: int, low: float, high: float) -> None:
    assert wilson(passed, total) == pytest.approx((low, high), abs=1e-3)


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_is_symmetric_and_a_probability(lost: int, won: int) -> None:
    assert mcnemar(lost, won) == mcnemar(won, lost)
    assert 0 < mcnemar(lost, won) <= 1


@given(st.integers(0, 500), st.integers(0, 500))
def test_wilson_holds_the_rate(passed: int, failed: int) -> None:
    low, high = wilson(passed, passed + failed)
    assert 0 <= low <= high <= 1
    if passed + failed:
        assert low - 1e-12 <= passed / (passed + failed) <= high + 1e-12


def outcomes(passed: int, total: int) -> dict[str, bool]:
    return {f"case {number}": number < passed for number in range(total)}


@pytest.mark.parametrize(
    ("before", "after", "total", "call"),
    [
        (18, 2, 20, "regression"),
        (2, 18, 20, "improvement"),
        (18, 18, 20, "no difference"),
        (20, 15, 20, "no difference"),
        (20, 14, 20, "regression"),
        (5, 0, 5, "too few cases"),
        (0, 0, 0, "too few cases"),
    ],
)
def test_the_verdict(before: int, after: int, total: int, call: str) -> None:
    verdict = judge(outcomes(before, total), outcomes(after, total))
    assert verdict.call == call
    assert verdict.note


def test_only_common_cases_are_compared() -> None:
    verdict = judge({"a": True, "b": True}, {"b": False, "c": True})
    assert (verdict.common, verdict.lost, verdict.won) == (1, 1, 0)
