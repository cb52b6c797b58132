"""How a figure differs from the one before it, in as few letters as say it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from config.commandline import amounts
from config.pages.charts import number

Kind = Literal["number", "share", "money", "span"]
"""A count, a part of one, micro-dollars, seconds."""
FORMS: Mapping[Kind, Callable[[float], str]] = {
    "number": number,
    "share": amounts.percent,
    "money": lambda micros: amounts.dollars(round(micros)),
    "span": amounts.duration,
}
_MANIFOLD = 10
"""From here on "x12" says more than "+1100 %"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`tone` says whether that is welcome."""

    text: str
    before: str
    tone: Literal["better", "worse", "same"]


def change(now: float, before: float, *, kind: Kind, better: Literal["more", "less", ""]) -> Change:
    """From one window to the next."""
    text = _points(now, before) if kind == "share" else _relative(now, before, kind)
    is_same = text == "same" or not better
    tone: Literal["better", "worse", "same"] = "better" if (now > before) == (better == "more") else "worse"
    return Change(text=text, before=FORMS[kind](before), tone="same" if is_same else tone)


def _points(now: float, before: float) -> str:
    points = round((now - before) * 100)
    return f"{points:+d} points" if abs(points) > 1 else f"{points:+d} point" if points else "same"


def _relative(now: float, before: float, kind: Kind) -> str:
    if not before:
        return f"+{FORMS[kind](now)}" if now else "same"
    if now >= before * _MANIFOLD:
        return f"x{number(round(now / before))}"
    part = round((now - before) / before * 100)
    return f"{part:+d} %" if part else "same"
