"""Own cost and break-even: by hand, and as laws."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.cost.break_even import CloudPrice, break_even, paid_for_after
from fogbank.cost.own import HOURS, SECONDS, Machine, machines_needed, own_cost, own_month

RENTED = Machine(
    tokens_per_second=1000,
    rent_per_hour=3,
    years=4,
    residual=0,
    idle_watts=0,
    loaded_watts=0,
    pue=1,
    price_per_kwh=0,
    hosting_per_month=0,
    care_hours_per_month=0,
    care_price_per_hour=0,
)
BOUGHT = replace(
    RENTED,
    rent_per_hour=None,
    purchase=48_000,
    residual=0.25,
    idle_watts=500,
    loaded_watts=1500,
    pue=1.2,
    price_per_kwh=0.1,
    hosting_per_month=200,
    care_hours_per_month=5,
    care_price_per_hour=60,
)
CLOUD = CloudPrice(usd_per_million=2, free_usd_per_month=3)


def test_a_month_by_hand() -> None:
    assert own_cost(RENTED, 0.5).total == pytest.approx(3 * 730.5)
    half = own_cost(BOUGHT, 0.5)
    assert half.capital == pytest.approx(48_000 * 0.75 / 48)  # 750
    assert half.power == pytest.approx(1.0 * 730.5 * 1.2 * 0.1)  # 1 kW all month
    assert (half.hosting, half.people) == (200, 300)
    assert half.total == pytest.approx(750 + 87.66 + 200 + 300)


def test_break_even_by_hand() -> None:
    # 3 * 730.5 + 3 free dollars, at 2 dollars a million tokens: 1,097.25 million in 2,629,800 s
    told = break_even(RENTED, CLOUD)
    assert told.tokens_per_second == pytest.approx(1_097_250_000 / 2_629_800)
    assert told.utilisation == pytest.approx(0.41724, abs=1e-5)
    cheap = CloudPrice(usd_per_million=1e-9, free_usd_per_month=0)
    assert break_even(BOUGHT, cheap).tokens_per_second is None


def test_when_it_has_paid_for_itself() -> None:
    assert paid_for_after(RENTED, 500, 5000) is None
    saved = 5000 - own_cost(BOUGHT, 0.5).running
    assert paid_for_after(BOUGHT, 500, 5000) == pytest.approx(48_000 / saved)
    assert paid_for_after(BOUGHT, 500, 100) is None


def test_more_than_one_machine() -> None:
    assert [machines_needed(BOUGHT, rate) for rate in (0, 1000, 1001, 2500)] == [1, 1, 2, 3]
    assert own_month(BOUGHT, 2000).total == pytest.approx(2 * own_cost(BOUGHT, 1).total)


def test_months_and_hours() -> None:
    assert (HOURS, SECONDS) == (730.5, 2_629_800)


prices = st.floats(1e-3, 1e3)


@given(rent=prices, usd=prices, free=st.floats(0, 10), capacity=st.floats(1, 1e6))
def test_at_the_break_even_both_cost_the_same(
    rent: float, usd: float, free: float, capacity: float
) -> None:
    machine = replace(RENTED, rent_per_hour=rent, tokens_per_second=capacity)
    cloud = CloudPrice(usd, free)
    rate = break_even(machine, cloud).tokens_per_second
    assert rate is not None
    assert cloud.month(rate) == pytest.approx(own_cost(machine, rate / capacity).total, rel=1e-6)
    assert cloud.month(rate * 0.9) < own_cost(machine, 0.9 * rate / capacity).total
    assert cloud.month(rate * 1.1) > own_cost(machine, 1.1 * rate / capacity).total


@given(usd=prices, watts=st.floats(0, 5000), kwh=st.floats(0, 1))
def test_power_that_rises_with_the_load_counts(usd: float, watts: float, kwh: float) -> None:
    machine = replace(BOUGHT, idle_watts=0, loaded_watts=watts, price_per_kwh=kwh)
    cloud = CloudPrice(usd, 0)
    told = break_even(machine, cloud)
    if told.tokens_per_second is not None and told.utilisation is not None:
        own = own_cost(machine, told.utilisation).total
        assert cloud.month(told.tokens_per_second) == pytest.approx(own, rel=1e-6)
