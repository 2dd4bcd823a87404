"""Curves over two axes, and named places on one."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.charts.marks import Mark
from fogbank.charts.plane import Curve, curve_chart
from tests.charts.drawn import SVG, check, drawings, texts

NAMES = st.text(max_size=20)
POINTS = st.lists(st.tuples(st.floats(), st.floats()), max_size=8)


@given(st.lists(st.tuples(NAMES, POINTS), max_size=3), st.lists(st.tuples(NAMES, st.floats())))
def test_whatever_the_points(
    curves: list[tuple[str, list[tuple[float, float]]]], marks: list[tuple[str, float]]
) -> None:
    drawn = [Curve(name, points) for name, points in curves]
    check(curve_chart("t", "d", drawn, marks=[Mark(*each) for each in marks], x_unit="a/s"))


def test_a_mark_stands_where_the_curves_meet() -> None:
    flat, rising = [(0.0, 50.0), (200.0, 50.0)], [(0.0, 0.0), (200.0, 100.0)]
    curves = [Curve("flat", flat), Curve("rising", rising, "dash")]
    chart = curve_chart("t", "d", curves, marks=[Mark("even", 100, 2)], y_unit="USD")
    assert chart.legend == (("flat", 0, "line"), ("rising", 1, "dash"))
    for root in drawings(chart):
        paths = [each.get("d", "")[1:].split("L") for each in root.iter(f"{SVG}path")]
        (x1, level), (x2, _) = [list(map(float, step.split())) for step in paths[0]]
        (_, low), (_, high) = [list(map(float, step.split())) for step in paths[1]]
        mark = next(e for e in root.iter(f"{SVG}line") if e.get("class") == "mark-line s2")
        assert float(mark.get("x1", "")) == pytest.approx((x1 + x2) / 2, abs=0.02)
        assert level == pytest.approx((low + high) / 2, abs=0.02)
        assert {"even", "USD", "0", "100"} <= set(texts(root))


def test_names_of_marks_keep_out_of_each_others_way() -> None:
    marks = [Mark("now", 90), Mark("later", 91), Mark("at last", 92)]
    for root in drawings(curve_chart("t", "d", [Curve("a", [(0, 0), (100, 9)])], marks=marks)):
        named = [each for each in root.iter(f"{SVG}text") if each.get("class") == "name"]
        heights = [float(each.get("y", "")) for each in named]
        assert min(b - a for a, b in pairwise(heights)) >= 13
        assert all(each.get("text-anchor") == "end" for each in named)
