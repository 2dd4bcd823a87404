"""The axes of charts, whatever the data."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.charts.scale import FARTHEST, scale

NUMBERS = st.floats(-FARTHEST, FARTHEST)
ANY = st.lists(st.floats() | st.none(), max_size=20)


def test_round_marks_hold_the_data() -> None:
    axis = scale([3, 97], 200, 0)
    assert list(axis.ticks) == [0, 20, 40, 60, 80, 100]
    assert axis(0) == 200
    assert axis(50) == 100
    assert axis(100) == 0


def test_below_zero() -> None:
    axis = scale([-12, 30], 0, 100)
    assert list(axis.ticks) == [-20, -10, 0, 10, 20, 30]
    assert axis(-20) == 0


@pytest.mark.parametrize(
    ("values", "zero", "low", "high"),
    [([], True, 0, 1), ([0, 0], True, 0, 1), ([5, 5], True, 0, 5), ([5, 5], False, 2, 8)],
)
def test_nothing_and_the_same(values: list[float], zero: bool, low: float, high: float) -> None:
    axis = scale(values, 0, 1, zero=zero)
    assert (axis.low, axis.high) == (low, high)


@given(ANY, st.booleans())
def test_every_axis_is_finite_and_rises(values: list[float | None], zero: bool) -> None:
    axis = scale(values, 260, 20, zero=zero)
    assert all(map(math.isfinite, (*axis.ticks, axis.low, axis.high)))
    assert axis.low < axis.high
    assert 2 <= len(axis.ticks) <= 14
    assert list(axis.ticks) == sorted(set(axis.ticks))
    if zero:
        assert axis.low <= 0 <= axis.high
    for value in values:
        if value is not None:
            assert 20 <= axis(value) <= 260


@given(st.lists(NUMBERS, min_size=1, max_size=20))
def test_what_can_be_drawn_lies_on_the_axis(values: list[float]) -> None:
    axis = scale(values, 0, 1, zero=False)
    room = 1e-6 * max(abs(axis.low), abs(axis.high))
    assert axis.low - room <= min(values) <= max(values) <= axis.high + room
