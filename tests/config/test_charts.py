"""The geometry of charts."""

from itertools import pairwise
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.pages.charts import Point, Series, draw, number

POINTS = st.lists(st.tuples(st.text(max_size=40), st.floats() | st.integers(-(10**9), 10**12)), max_size=60)


@given(kind=st.sampled_from(["bar", "line", "columns"]), points=POINTS)
def test_everything_stays_inside_the_drawing(kind, points):
    drawing = draw(kind, points)
    for bar in drawing.bars:
        assert 0 <= bar.width <= 50
        assert 0 <= bar.top < drawing.height
    assert len(drawing.rows) == len(points)
    for block in drawing.blocks:
        assert 0 <= block.x <= block.x + block.width <= 100
        assert 0 <= block.y <= block.y + block.height <= drawing.height
    for band in drawing.bands:
        assert 0 <= band.x <= band.x + band.width <= 100
    for mark in [*drawing.marks, *drawing.x_ticks, *drawing.y_ticks]:
        assert 0 <= mark.x <= 100
        assert 0 <= mark.y <= drawing.height


def test_the_longest_bar_is_the_largest_value():
    drawing = draw("bar", [("a", 2), ("b", 4), ("c", 0)])
    assert [bar.width for bar in drawing.bars] == [25, 50, 0]
    assert [bar.row.text for bar in drawing.bars] == ["2", "4", "0"]


def test_the_parts_of_a_column_stand_on_each_other_and_make_its_value():
    series = [Series("allowed", "good"), Series("denied", "bad")]
    drawing = draw("columns", [Point("mon", 0, parts=(6, 4)), Point("tue", 0, parts=(0, 5))], series)
    assert [row.text for row in drawing.rows] == ["10", "5"]
    assert drawing.rows[0].made_of == "allowed 6, denied 4"
    allowed, denied, tuesday = drawing.blocks
    assert denied.y + denied.height == allowed.y
    assert (allowed.height, denied.height, tuesday.height) == (72, 48, 60)
    assert [block.tone for block in drawing.blocks] == ["good", "bad", "bad"]


def test_the_bands_of_a_chart_leave_nothing_out_and_do_not_overlap():
    for kind in ("line", "columns"):
        bands = draw(kind, [(str(index), 1) for index in range(7)]).bands
        assert (bands[0].x, round(bands[-1].x + bands[-1].width)) == (10, 98)
        for left, right in pairwise(bands):
            assert abs(left.x + left.width - right.x) < 0.05


def test_a_line_runs_from_left_to_right_under_a_round_ceiling():
    drawing = draw("line", [("mon", 0), ("tue", 30), ("wed", 15)])
    assert drawing.path == "M0.00 100.00 L50.00 40.00 L100.00 70.00"
    assert [tick.label for tick in drawing.y_ticks] == ["0", "25", "50"]
    assert [mark.label for mark in drawing.marks] == ["mon", "tue", "wed"]


@pytest.mark.parametrize(
    "points", [[], [("a", 0)], [("a", nan), ("b", inf)], [("a", -3)], [("a", 1.7e308)], [("a", 5e-324)]]
)
@pytest.mark.parametrize("kind", ["bar", "line", "columns"])
def test_nothing_and_nonsense_can_be_drawn(kind, points):
    draw(kind, points)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (7, "7"),
        (1234, "1,234"),
        (12345, "12.3k"),
        (3_400_000, "3.4M"),
        (0.423, "0.42"),
        (12.34, "12.3"),
        (0.5, "0.5"),
        (nan, "-"),
    ],
)
def test_figures_are_written_for_people(value, text):
    assert number(value) == text
