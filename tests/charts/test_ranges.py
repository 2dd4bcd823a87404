"""Ranges on one axis."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.charts.marks import Mark
from fogbank.charts.ranges import Range, range_chart
from tests.charts.drawn import SVG, check, drawings, texts

NAMES = st.text(max_size=20)


@given(
    st.lists(st.tuples(NAMES, st.floats(), st.floats()), max_size=6),
    st.lists(st.tuples(NAMES, st.floats()), max_size=3),
)
def test_whatever_the_ranges(
    ranges: list[tuple[str, float, float]], marks: list[tuple[str, float]]
) -> None:
    drawn = [Range(*each) for each in ranges]
    check(range_chart("t", "d", drawn, marks=[Mark(*each) for each in marks], unit="USD"))


def test_a_range_is_as_wide_as_it_is_and_told_from_below() -> None:
    ranges = [Range("wide", 400, 200), Range("narrow", 290, 310, 2)]
    for root in drawings(range_chart("t", "d", ranges, marks=[Mark("best", 300)], unit="USD")):
        wide, narrow = root.iter(f"{SVG}rect")
        width = float(wide.get("width", ""))
        assert width == pytest.approx(10 * float(narrow.get("width", "")), abs=0.1)
        mark = next(e for e in root.iter(f"{SVG}line") if "mark" in e.get("class", ""))
        middle = float(wide.get("x", "")) + width / 2
        assert float(mark.get("x1", "")) == pytest.approx(middle, abs=0.02)
        assert {"200 to 400 USD", "290 to 310 USD", "best"} <= set(texts(root))
