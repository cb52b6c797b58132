"""The geometry of the dashboard's charts: numbers in, coordinates out. Drawn by templates/config/chart.html as SVG.

Across, everything is a percentage, so that a chart fills whatever room there is and its text stays readable; down,
it is pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import Literal, NamedTuple

from config.pages.leads import NOWHERE, Lead

Kind = Literal["bar", "line", "columns"]

_ROW = 22
_BAR_FROM, _BAR_ROOM = 38.0, 50.0  # names before it, figures after it
_LINE_FROM, _LINE_ROOM = 10.0, 88.0
_TOP, _PLOT, _BOTTOM = 10, 120, 22
_MOST_MARKS = 40
_FILLED = 0.72  # of a column's room
_LEAST, _MOST = 1e-9, 1e18  # beyond these an axis would leave the range of floats


class Point(NamedTuple):
    """One name or step, and where it leads. `parts` are a column's, from the ground up; they make its value."""

    label: str
    value: float
    lead: Lead = NOWHERE
    parts: tuple[float, ...] = ()


class Series(NamedTuple):
    """What the parts of a column are called, and how they are coloured."""

    name: str
    tone: Literal["good", "wait", "bad", "quiet"]


@dataclass(frozen=True, slots=True)
class Row:
    """A point in words: in the table beneath, and where the pointer rests."""

    label: str
    text: str
    lead: Lead = NOWHERE
    parts: Sequence[str] = ()
    made_of: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    row: Row
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
class Block:
    """A part of a column."""

    x: float
    y: float
    width: float
    height: float
    tone: str


@dataclass(frozen=True, slots=True)
class Band:
    """The room of a point from top to bottom: what is pointed at."""

    x: float
    width: float
    row: Row


@dataclass(frozen=True, slots=True)
class Drawing:
    height: int
    rows: Sequence[Row] = ()
    bars: Sequence[Bar] = ()
    path: str = ""
    """In a box of 100 by 100, stretched over the plot."""
    area: str = ""
    marks: Sequence[Mark] = ()
    blocks: Sequence[Block] = ()
    bands: Sequence[Band] = ()
    x_ticks: Sequence[Mark] = ()
    y_ticks: Sequence[Mark] = ()


def draw(kind: Kind, points: Sequence[tuple[str, float] | Point], series: Sequence[Series] = ()) -> Drawing:
    """Where everything of a chart goes. What cannot be drawn (NaN, negative, next to nothing) counts as 0."""
    clean = [_clean(Point(*point)) for point in points]
    if kind == "columns":
        return _columns(clean, series)
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


def _clean(point: Point) -> Point:
    parts = tuple(_drawable(part) for part in point.parts)
    return point._replace(label=str(point.label), value=_drawable(sum(parts) if parts else point.value), parts=parts)


def _drawable(value: float) -> float:
    return min(float(value), _MOST) if value > _LEAST else 0.0


def _row(point: Point, series: Sequence[Series] = ()) -> Row:
    parts = [number(part) for part in point.parts]
    made_of = ", ".join(f"{name} {part}" for (name, _), part in zip(series, parts, strict=False))
    return Row(point.label, number(point.value), point.lead, parts, made_of)


def _bars(points: Sequence[Point]) -> Drawing:
    top = max((point.value for point in points), default=0) or 1
    rows = [_row(point) for point in points]
    widths = [round(point.value / top * _BAR_ROOM, 2) for point in points]
    bars = [
        Bar(row=row, top=index * _ROW, width=widths[index], end=_BAR_FROM + widths[index])
        for index, row in enumerate(rows)
    ]
    return Drawing(height=len(bars) * _ROW, rows=rows, bars=bars)


def _line(points: Sequence[Point]) -> Drawing:
    ceiling = _round_up(max((point.value for point in points), default=0))
    last = max(len(points) - 1, 1)
    shares = [(index / last, point.value / ceiling) for index, point in enumerate(points)]
    path = " ".join(f"{'L' if i else 'M'}{x * 100:.2f} {100 - y * 100:.2f}" for i, (x, y) in enumerate(shares))
    rows = [_row(point) for point in points]
    marks = [
        Mark(x=_across(x), y=_down(y), label=row.label, text=row.text) for (x, y), row in zip(shares, rows, strict=True)
    ]
    half = 0.5 / last
    return Drawing(
        height=_TOP + _PLOT + _BOTTOM,
        rows=rows,
        path=path,
        area=f"{path} L{shares[-1][0] * 100:.2f} 100 L0 100 Z" if shares else "",
        marks=marks if len(marks) <= _MOST_MARKS else (),
        bands=[_band(x - half, x + half, row) for (x, _), row in zip(shares, rows, strict=True)],
        x_ticks=_x_ticks([(mark.x, mark.label) for mark in marks]),
        y_ticks=_y_ticks(ceiling),
    )


def _columns(points: Sequence[Point], series: Sequence[Series]) -> Drawing:
    ceiling = _round_up(max((point.value for point in points), default=0))
    room = 1 / max(len(points), 1)
    rows = [_row(point, series) for point in points]
    tones: Sequence[str] = [tone for _, tone in series] or ["plain"]
    middles = [(index + 0.5) * room for index in range(len(points))]
    return Drawing(
        height=_TOP + _PLOT + _BOTTOM,
        rows=rows,
        blocks=[
            block
            for middle, point in zip(middles, points, strict=True)
            for block in _stack(point, middle - room * _FILLED / 2, room * _FILLED, ceiling, tones)
        ],
        bands=[_band(middle - room / 2, middle + room / 2, row) for middle, row in zip(middles, rows, strict=True)],
        x_ticks=_x_ticks([(_across(middle), row.label) for middle, row in zip(middles, rows, strict=True)]),
        y_ticks=_y_ticks(ceiling),
    )


def _stack(point: Point, left: float, width: float, ceiling: float, tones: Sequence[str]) -> Sequence[Block]:
    blocks, ground = [], 0.0
    for part, tone in zip(point.parts or (point.value,), tones, strict=False):
        below, ground = ground, min(ground + part / ceiling, 1)
        if ground > below:
            top, bottom = _down(ground), _down(below)
            blocks.append(Block(_across(left), top, round(width * _LINE_ROOM, 2), round(bottom - top, 1), tone))
    return blocks


def _band(left: float, right: float, row: Row) -> Band:
    begin, end = _across(max(left, 0)), _across(min(right, 1))
    return Band(x=begin, width=round(end - begin, 2), row=row)


def _x_ticks(places: Sequence[tuple[float, str]]) -> Sequence[Mark]:
    every = max(ceil(len(places) / 5), 1)
    return [Mark(x=x, y=_TOP + _PLOT + 14, label=label) for x, label in places[::every]]


def _y_ticks(ceiling: float) -> Sequence[Mark]:
    return [Mark(x=_LINE_FROM - 1, y=_down(part), label=number(ceiling * part)) for part in (0, 0.5, 1)]


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
