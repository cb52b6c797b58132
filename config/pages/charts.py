"""The geometry of the dashboard's charts: numbers in, coordinates out. Drawn by templates/config/chart.html as SVG.

Across, everything is a percentage, so that a chart fills whatever room there is and its text stays readable; down,
it is pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

_ROW = 22
_BAR_FROM, _BAR_ROOM = 38.0, 50.0  # names before it, figures after it
_LINE_FROM, _LINE_ROOM = 10.0, 88.0
_TOP, _PLOT, _BOTTOM = 10, 120, 22
_MOST_MARKS = 40
_LEAST, _MOST = 1e-9, 1e18  # beyond these an axis would leave the range of floats


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    text: str
    top: int
    width: float
    end: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of a line, or a tick of an axis."""

    x: float
    y: float
    label: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    height: int
    bars: Sequence[Bar] = ()
    path: str = ""
    """In a box of 100 by 100, stretched over the plot."""
    area: str = ""
    marks: Sequence[Mark] = ()
    x_ticks: Sequence[Mark] = ()
    y_ticks: Sequence[Mark] = ()


def draw(kind: str, points: Sequence[tuple[str, float]]) -> Drawing:
    """Where everything of a chart goes. What cannot be drawn (NaN, negative, next to nothing) counts as 0."""
    clean = [(str(label), min(float(value), _MOST) if value > _LEAST else 0.0) for label, value in points]
    return _line(clean) if kind == "line" else _bars(clean)


def number(value: float) -> str:
    """A figure as people read it: 1,234 or 12.3k or 0.42."""
    if not isfinite(value):
        return "-"
    size = abs(value)
    if size >= 1_000_000:
        return f"{value / 1_000_000:.1f}M"
    if size >= 10_000:
        return f"{value / 1000:.1f}k"
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:.2f}".rstrip("0").rstrip(".") if size < 10 else f"{value:.1f}"


def _bars(points: Sequence[tuple[str, float]]) -> Drawing:
    top = max((value for _, value in points), default=0) or 1
    widths = [round(value / top * _BAR_ROOM, 2) for _, value in points]
    bars = [
        Bar(label=label, text=number(value), top=row * _ROW, width=widths[row], end=_BAR_FROM + widths[row])
        for row, (label, value) in enumerate(points)
    ]
    return Drawing(height=len(bars) * _ROW, bars=bars)


def _line(points: Sequence[tuple[str, float]]) -> Drawing:
    ceiling = _round_up(max((value for _, value in points), default=0))
    last = max(len(points) - 1, 1)
    shares = [(index / last, value / ceiling) for index, (_, value) in enumerate(points)]
    path = " ".join(f"{'L' if i else 'M'}{x * 100:.2f} {100 - y * 100:.2f}" for i, (x, y) in enumerate(shares))
    marks = [
        Mark(x=_across(x), y=_down(y), label=label, text=number(value))
        for (x, y), (label, value) in zip(shares, points, strict=True)
    ]
    every = max(ceil(len(marks) / 5), 1)
    return Drawing(
        height=_TOP + _PLOT + _BOTTOM,
        path=path,
        area=f"{path} L{shares[-1][0] * 100:.2f} 100 L0 100 Z" if shares else "",
        marks=marks if len(marks) <= _MOST_MARKS else (),
        x_ticks=[Mark(x=mark.x, y=_TOP + _PLOT + 14, label=mark.label) for mark in marks[::every]],
        y_ticks=[Mark(x=_LINE_FROM - 1, y=_down(part), label=number(ceiling * part)) for part in (0, 0.5, 1)],
    )


def _across(share: float) -> float:
    return round(_LINE_FROM + share * _LINE_ROOM, 2)


def _down(share: float) -> float:
    return round(_TOP + _PLOT - share * _PLOT, 1)


def _round_up(value: float) -> float:
    """The next of 1, 2, 5 times a power of ten, so that the axis has round numbers."""
    if value <= 0:
        return 1
    power = 10.0 ** floor(log10(value))
    return next(factor * power for factor in (1, 2, 5, 10) if value <= factor * power)
