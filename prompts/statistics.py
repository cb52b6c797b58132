"""Was it chance? The exact McNemar test over paired cases, and Wilson's interval for a rate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, comb, sqrt
from typing import Literal

Call = Literal["regression", "improvement", "no difference", "too few cases", "not run"]
Reason = Literal["", "not tested", "ad-hoc cases", "other cases", "other model", "other settings", "missing answers"]

SIGNIFICANT = 0.05
MANY_MISSING = 0.2
"""Of a suite. An outage does not strike cases at random, so what is left of a suite speaks for itself only."""
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
    missing: int = 0
    """Cases of the suite that one run or both have no answer for."""
    comparable: bool = True
    """False when the runs differ in more than the prompt; then nothing is called, whatever was lost or won."""
    reason: Reason = ""
    """Why nothing is called, or with how little: one word for programs; the note says it in full."""
    p_value: float | None = None
    needed: int | None = None
    """About how many common cases would tell the two apart, where these do not."""
    blocked: Sequence[str] = ()
    """Cases that must pass and do not, by name: they weigh more than any statistics."""
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


def cases_needed(lost: int, won: int, common: int) -> int | None:
    """How many cases would be significant if they flipped as these do; None where as many were won as lost.

    By the chi-square of McNemar's test with its continuity correction, (|lost - won| - 1)**2 / (lost + won) >= 3.84,
    solved for the number of cases.
    """
    if not common or lost == won:
        return None
    lead, flips = abs(lost - won) / common, 3.841458820694124 * (lost + won) / common
    middle = 2 * lead + flips
    return max(FEWEST_CASES, ceil((middle + sqrt(middle * middle - 4 * lead * lead)) / (2 * lead * lead)))


def pass_any(passed: int, tries: int, k: int) -> float:
    """The chance that at least one of `k` tries passes, unbiased from how many of `tries` did (pass@k; Chen 2021)."""
    return 1.0 - comb(tries - passed, k) / comb(tries, k)


def pass_all(passed: int, tries: int, k: int) -> float:
    """The chance that all of `k` tries pass, likewise (pass^k)."""
    return comb(passed, k) / comb(tries, k)


def many_missing(missing: int, total: int) -> bool:
    return missing > MANY_MISSING * total


def judge(before: Mapping[str, bool], after: Mapping[str, bool], *, total: int | None = None) -> Verdict:
    """The verdict over the cases both could judge; each maps a case to whether it passed.

    `total` is how many cases the suite has, by default those that one of the two knows.

    A regression stands on the cases that were answered; that nothing was lost does not, when many are missing.
    """
    common = before.keys() & after.keys()
    lost = sum(before[case] and not after[case] for case in common)
    won = sum(after[case] and not before[case] for case in common)
    p_value = mcnemar(lost, won)
    call: Call = "no difference"
    if len(common) < FEWEST_CASES:
        call = "too few cases"
    elif p_value < SIGNIFICANT:
        call = "regression" if lost > won else "improvement"
    total = len(before.keys() | after.keys()) if total is None else total
    missing = total - len(common)
    reason: Reason = "missing answers" if many_missing(missing, total) else ""
    if reason and call != "regression":
        call = "too few cases"
    return Verdict(
        call=call,
        lost=lost,
        won=won,
        common=len(common),
        missing=missing,
        reason=reason,
        p_value=p_value,
        needed=_needed(call, lost, won, len(common)),
        note=_note(call, lost, won, len(common), p_value) + _gaps(missing, total),
    )


def _needed(call: Call, lost: int, won: int, common: int) -> int | None:
    if common < FEWEST_CASES:
        return FEWEST_CASES
    return cases_needed(lost, won, common) if call == "no difference" else None


def _note(call: Call, lost: int, won: int, common: int, p_value: float) -> str:
    facts = f"{lost} lost and {won} won of {common} common cases, p = {p_value:.2g}."
    if call == "too few cases" and common < FEWEST_CASES:
        more = "case" if FEWEST_CASES - common == 1 else "cases"
        return (
            f"{facts} Fewer than {FEWEST_CASES} cases can never tell two versions apart; "
            f"add {FEWEST_CASES - common} {more} at least."
        )
    if call == "no difference":
        needed = cases_needed(lost, won, common)
        rate = f" If more cases flip as these do, about {needed} would tell." if needed else ""
        return f"{facts} {_power(common)}{rate}"
    return facts


def _gaps(missing: int, total: int) -> str:
    if not missing:
        return ""
    said = f" {missing} of {total} cases have no answer in one of the runs"
    return f"{said}; test again when the model answers." if many_missing(missing, total) else f"{said}."


def _power(common: int) -> str:
    """What this many cases can see. Simulated: paired runs, a rate that falls from 95 %, p < 0.05."""
    if common < 50:
        return f"With {common} cases even a fall by 20 points is often missed; 50 cases find it nine times in ten."
    if common < 100:
        return f"With {common} cases a fall by 20 points is found nine times in ten; 100 cases find one by 10 points."
    if common < 200:
        return f"With {common} cases a fall by 10 points is found nine times in ten; 200 cases find one by 5 points."
    return f"With {common} cases a fall by 5 points is found nearly nine times in ten."
