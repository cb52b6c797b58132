"""The geometry of the dashboard's charts: numbers in, coordinates out. Drawn by templates/config/chart.html as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

WIDTH = 440
_ROW, _LABEL, _VALUE = 22, 150, 64
_LONGEST = 24  # characters of a name that fit beside its bar
_PLOT_HEIGHT, _LEFT, _TOP, _BOTTOM = 120, 44, 10, 22


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    text: str
    y: float
    middle: float
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
    height: float
    bars: Sequence[Bar] = ()
    bar_left: float = _LABEL
    path: str = ""
    area: str = ""
    marks: Sequence[Mark] = ()
    x_ticks: Sequence[Mark] = ()
    y_ticks: Sequence[Mark] = ()
    right: float = WIDTH


def draw(kind: str, points: Sequence[tuple[str, float]]) -> Drawing:
    """Where everything of a chart goes. Values that are no finite number count as 0."""
    clean = [(str(label), float(value) if isfinite(value) else 0.0) for label, value in points]
    return _line(clean) if kind == "line" else _bars(clean)


def number(value: float) -> str:
    """A figure as people read it: 1,234 or 12.3k or 0.42."""
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
    room = WIDTH - _LABEL - _VALUE
    lengths = [round(max(value, 0) / top * room, 1) for _, value in points]
    bars = [
        Bar(
            label=label if len(label) <= _LONGEST else f"{label[: _LONGEST - 3]}...",
            text=number(value),
            y=index * _ROW + 4,
            middle=index * _ROW + 11,
            width=lengths[index],
            end=_LABEL + lengths[index] + 6,
        )
        for index, (label, value) in enumerate(points)
    ]
    return Drawing(height=max(len(bars), 1) * _ROW, bars=bars)


def _line(points: Sequence[tuple[str, float]]) -> Drawing:
    bottom = _TOP + _PLOT_HEIGHT
    ceiling = _round_up(max((value for _, value in points), default=0))
    step = (WIDTH - _LEFT - 8) / max(len(points) - 1, 1)

    def height(value: float) -> float:
        return round(bottom - max(value, 0) / ceiling * _PLOT_HEIGHT, 1)

    marks = [
        Mark(x=round(_LEFT + index * step, 1), y=height(value), label=label, text=number(value))
        for index, (label, value) in enumerate(points)
    ]
    path = " ".join(f"{'L' if index else 'M'}{mark.x} {mark.y}" for index, mark in enumerate(marks))
    area = f"{path} L{marks[-1].x} {bottom} L{marks[0].x} {bottom} Z" if marks else ""
    every = max(ceil(len(marks) / 5), 1)
    ticks = [Mark(x=mark.x, y=bottom + 15, label=mark.label) for mark in marks[::every]]
    levels = [Mark(x=_LEFT - 6, y=height(ceiling * part), label=number(ceiling * part)) for part in (0, 0.5, 1)]
    return Drawing(
        height=bottom + _BOTTOM, path=path, area=area, marks=marks, x_ticks=ticks, y_ticks=levels, bar_left=_LEFT
    )


def _round_up(value: float) -> float:
    """The next of 1, 2, 5 times a power of ten, so that the axis has round numbers."""
    if value <= 0:
        return 1
    power = 10.0 ** floor(log10(value))
    return next(factor * power for factor in (1, 2, 5, 10) if value <= factor * power)
