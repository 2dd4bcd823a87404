"""Charts are valid, finite and named, whatever the data and the names."""

from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.charts.charts import (
    Band,
    Bar,
    Series,
    bar_chart,
    line_chart,
    stack_chart,
)
from tests.charts.drawn import SVG, check, drawings

VALUES = st.lists(st.floats() | st.none(), max_size=12)
NAMES = st.text(max_size=20)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=3), VALUES, VALUES, NAMES)
def test_lines(
    series: list[tuple[str, list[float | None]]],
    lower: list[float | None],
    upper: list[float | None],
    title: str,
) -> None:
    labels = [str(n) for n in range(max([len(v) for _, v in series], default=0))]
    lines = [Series(name, values) for name, values in series]
    check(line_chart(title, title, labels, lines, band=Band("range", lower, upper), unit=title))
    check(line_chart(title, title, labels, lines, zero=False))


@given(st.lists(st.tuples(NAMES, VALUES), max_size=10), VALUES)
def test_stacks(series: list[tuple[str, list[float | None]]], line: list[float | None]) -> None:
    labels = [str(n) for n in range(12)]
    parts = [Series(name, values) for name, values in series]
    check(stack_chart("t", "d", labels, parts, line=Series("demand", line), unit="MW"))


@given(st.lists(st.tuples(NAMES, st.floats(), st.floats() | st.none()), max_size=8))
def test_bars(bars: list[tuple[str, float, float | None]]) -> None:
    drawn = [Bar(name, value, low, low) for name, value, low in bars]
    check(bar_chart("t", "d", drawn, unit="kg", marked=0))


def test_text_never_becomes_markup() -> None:
    hostile = "</title><script>alert(1)</script>&\x00"
    chart = bar_chart(hostile, hostile, [Bar(hostile, 1.0, note=hostile)], unit=hostile)
    check(chart)
    assert "<script" not in chart.wide
    texts = [each.text or "" for each in drawings(chart)[0].iter(f"{SVG}text")]
    assert any("<script>alert(1)</script>" in text for text in texts)


def test_a_stack_is_as_high_as_its_sum() -> None:
    parts = [Series("a", [10.0, 20.0]), Series("b", [30.0, 0.0]), Series("charge", [-5.0, 0.0])]
    root = fromstring(stack_chart("t", "d", ["0", "1"], parts).wide)
    rects = list(root.iter(f"{SVG}rect"))
    a, b, charge, alone = rects
    heights = [float(each.attrib["height"]) for each in rects]
    assert heights[1] == pytest.approx(3 * heights[0], abs=0.05)
    assert heights[3] == pytest.approx(2 * heights[0], abs=0.05)
    assert heights[2] == pytest.approx(heights[0] / 2, abs=0.05)
    assert float(b.attrib["y"]) + heights[1] == pytest.approx(float(a.attrib["y"]), abs=0.05)
    assert float(charge.attrib["y"]) == pytest.approx(float(a.attrib["y"]) + heights[0], abs=0.05)
    assert alone.attrib["x"] != a.attrib["x"]
    assert [each.text for each in root.iter(f"{SVG}title")][1] == "0 · a: 10"


def test_a_gap_parts_a_line() -> None:
    root = fromstring(line_chart("t", "d", ["0", "1", "2"], [Series("a", [1.0, None, 2.0])]).wide)
    lines = [each for each in root.iter(f"{SVG}path") if each.get("class") == "line s0"]
    assert len(lines) == 2


def test_few_labels_where_there_is_little_room() -> None:
    labels = [f"hour {hour}" for hour in range(48)]
    chart = line_chart("t", "d", labels, [Series("a", [1.0] * 48)])
    wide, narrow = (
        [each.text for each in root.iter(f"{SVG}text") if (each.text or "").startswith("hour")]
        for root in drawings(chart)
    )
    assert 1 < len(narrow) < len(wide) < 20
