"""Was it chance? The exact McNemar test over paired cases, and Wilson's interval for a rate."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb, sqrt
from typing import Literal

Call = Literal["regression", "improvement", "no difference", "too few cases", "not run"]

SIGNIFICANT = 0.05
FEWEST_CASES = 6
"""Five flips one way give p = 0.0625, six give 0.031: with fewer cases nothing can ever be significant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What two runs over the same cases say about the two versions."""

    call: Call
    lost: int = 0
    """Cases that passed before and fail now."""
    won: int = 0
    common: int = 0
    """Cases both runs could judge."""
    p_value: float | None = None
    note: str = ""


def mcnemar(lost: int, won: int) -> float:
    """Two-sided exact p-value: each flipped case is a fair coin under the null hypothesis (McNemar 1947)."""
    flips = lost + won
    tail = sum(comb(flips, k) for k in range(min(lost, won) + 1))
    # Whole numbers until the last step: 2.0**flips overflows past 1,023 flips.
    p_value: float = 2 * tail / 2**flips
    return min(1.0, p_value)


def wilson(passed: int, total: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """The 95 % score interval of a rate (Wilson 1927); (0, 1) when nothing was tried."""
    if total == 0:
        return 0.0, 1.0
    rate, square = passed / total, z * z
    centre = (rate + square / (2 * total)) / (1 + square / total)
    half = z * sqrt(rate * (1 - rate) / total + square / (4 * total * total)) / (1 + square / total)
    low = 0.0 if passed == 0 else max(0.0, centre - half)
    high = 1.0 if passed == total else min(1.0, centre + half)
    return low, high


def judge(before: Mapping[str, bool], after: Mapping[str, bool]) -> Verdict:
    """The verdict over the cases both know; each maps a case to whether it passed."""
    common = before.keys() & after.keys()
    lost = sum(before[case] and not after[case] for case in common)
    won = sum(after[case] and not before[case] for case in common)
    p_value = mcnemar(lost, won)
    call: Call = "no difference"
    if len(common) < FEWEST_CASES:
        call = "too few cases"
    elif p_value < SIGNIFICANT:
        call = "regression" if lost > won else "improvement"
    note = _note(call, lost, won, len(common), p_value)
    return Verdict(call=call, lost=lost, won=won, common=len(common), p_value=p_value, note=note)


def _note(call: Call, lost: int, won: int, common: int, p_value: float) -> str:
    facts = f"{lost} lost and {won} won of {common} common cases, p = {p_value:.2g}."
    if call == "too few cases":
        return f"{facts} Fewer than {FEWEST_CASES} cases can never tell two versions apart; add cases."
    if call == "no difference":
        return f"{facts} {_power(common)}"
    return facts


def _power(common: int) -> str:
    """What this many cases can see. Simulated: paired runs, a rate that falls from 95 %, p < 0.05."""
    if common < 50:
        return f"With {common} cases even a fall by 20 points is often missed; 50 cases find it nine times in ten."
    if common < 100:
        return f"With {common} cases a fall by 20 points is found nine times in ten; 100 cases find one by 10 points."
    if common < 200:
        return f"With {common} cases a fall by 10 points is found nine times in ten; 200 cases find one by 5 points."
    return f"With {common} cases a fall by 5 points is found nearly nine times in ten."
