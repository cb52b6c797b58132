"""A chart on any page; the dashboard's panels draw theirs by the same template."""

from collections.abc import Sequence

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.text import slugify

from config.pages import charts


def chart(
    title: str,
    kind: charts.Kind,
    points: Sequence[tuple[str, float] | charts.Point],
    unit: str = "",
    series: Sequence[charts.Series] = (),
) -> SafeString:
    """Bars compare names, a line follows time, columns stack `series` over time; `points` are (label, number)."""
    drawing = charts.draw(kind, points, series)
    empty = not any(point[1] for point in points)
    shown = {"title": title, "kind": kind, "unit": unit, "series": series, "drawing": drawing, "is_empty": empty}
    return render_to_string("config/chart.html", {"chart": shown, "key": slugify(title)})
