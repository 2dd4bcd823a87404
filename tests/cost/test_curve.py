"""Both costs over the traffic."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.cost.break_even import BreakEven, CloudPrice, break_even
from fogbank.cost.curve import POINTS, STEPS, curve
from fogbank.cost.hardware import load_hardware
from fogbank.cost.own import own_month
from fogbank.settings import package_data

SERVER = load_hardware(package_data())["owned-2xh100"]
MACHINE = SERVER.machine(next(iter(SERVER.capacity)))
CLOUD = CloudPrice(0.154, 3.35)
EVEN = break_even(MACHINE, CLOUD)
CAPACITY = MACHINE.tokens_per_second


def test_lines_between_its_points_are_exact() -> None:
    points = curve(MACHINE, CLOUD, 2.5 * CAPACITY, EVEN)
    for left, right in pairwise(points):
        if right.tokens_per_second - left.tokens_per_second < CAPACITY / 1000:
            continue  # a step
        rate = (left.tokens_per_second + right.tokens_per_second) / 2
        between = (left.own_usd + right.own_usd) / 2, (left.cloud_usd + right.cloud_usd) / 2
        exact = own_month(MACHINE, rate).total, CLOUD.month(rate)
        assert between == pytest.approx(exact, rel=1e-6)


def test_the_present_and_the_break_even_are_on_it() -> None:
    points = {point.tokens_per_second: point for point in curve(MACHINE, CLOUD, 10.0, EVEN)}
    assert 10.0 in points
    assert EVEN.tokens_per_second is not None
    even = points[EVEN.tokens_per_second]
    assert even.own_usd == pytest.approx(even.cloud_usd)


def test_what_one_machine_does_not_reach_is_not() -> None:
    cheap = CloudPrice(0.01, 0.0)
    even = break_even(MACHINE, cheap)
    assert even.utilisation is not None
    assert even.utilisation > 1
    rates = {point.tokens_per_second for point in curve(MACHINE, cheap, 10.0, even)}
    assert even.tokens_per_second not in rates
    assert max(rates) == 1.25 * CAPACITY


@given(st.floats(1e-6, 1e12), st.floats(0, 1e4), st.floats(0, 1e6))
def test_it_rises_and_stays_small(rate: float, price: float, free: float) -> None:
    points = curve(MACHINE, CloudPrice(price, free), rate, BreakEven(None, None))
    rates = [point.tokens_per_second for point in points]
    assert rates == sorted(set(rates))
    assert rates[0] == 0
    assert rate in rates
    assert len(rates) <= max(2 * STEPS, POINTS) + 5
    assert [p.cloud_usd for p in points] == sorted(p.cloud_usd for p in points)
