"""A chart on any page; the dashboard's panels draw theirs by the same template."""

from collections.abc import Sequence
from typing import Literal

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.text import slugify

from config.pages import charts


def chart(title: str, kind: Literal["bar", "line"], points: Sequence[tuple[str, float]], unit: str = "") -> SafeString:
    """Bars compare names, a line follows time; `points` are (label, number)."""
    shown = {
        "title": title,
        "kind": kind,
        "points": points,
        "unit": unit,
        "drawing": charts.draw(kind, points),
        "is_empty": not any(value for _, value in points),
    }
    return render_to_string("config/chart.html", {"chart": shown, "key": slugify(title)})
