"""Money, usage and savings: exact, against fractions; the pattern by its definition."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.deployments.energygenius.money import annual_cost, dollars, exact, rounded, total
from fogbank.deployments.energygenius.plan import Plan, offer_of
from fogbank.deployments.energygenius.recommend_request import household_of
from fogbank.deployments.energygenius.usage import MONTHS, Month, month_number, pattern_of
from tests.deployments.energygenius.genius import body

numbers = st.one_of(
    st.integers(0, 10_000_000), st.floats(0, 10_000_000, allow_nan=False, allow_infinity=False)
)


def cents(amount: Fraction) -> int:
    """To cents, halves away from zero, for amounts from 0."""
    return int(amount * 100 + Fraction(1, 2))


@given(numbers, numbers, st.floats(0.0001, 10))
def test_annual_cost_is_exact(kwh: float, fee: float, rate: float) -> None:
    rate_, kwh_, fee_ = exact(rate), exact(kwh), exact(fee)
    expected = Fraction(rate_) * Fraction(kwh_) + 12 * Fraction(fee_)
    assert Fraction(annual_cost(rate_, kwh_, fee_)) == expected
    assert Fraction(rounded(annual_cost(rate_, kwh_, fee_))) == Fraction(cents(expected), 100)


@given(st.lists(numbers, max_size=12))
def test_sums_are_exact(values: list[float]) -> None:
    assert Fraction(total(map(exact, values))) == sum((Fraction(exact(v)) for v in values), 0)


def test_the_rule_of_rounding() -> None:
    assert exact(0.1) + exact(0.2) == Decimal("0.3")
    assert rounded(Decimal("0.005")) == Decimal("0.01")
    assert rounded(Decimal("2.675")) == Decimal("2.68")
    assert rounded(Decimal("-0.005")) == Decimal("-0.01")
    assert dollars(Decimal("1234.5")) == "$1,234.50"


@given(
    st.lists(numbers, min_size=12, max_size=12),
    st.lists(numbers, min_size=12, max_size=12),
    st.none() | st.floats(0, 10),
    st.none() | st.floats(0, 1000),
    st.none() | st.floats(0, 1000),
    st.floats(0.01, 1),
    st.integers(0, 100),
)
def test_savings(
    usages: list[float],
    costs: list[float],
    rate: float | None,
    monthly: float | None,
    exit_fee: float | None,
    base: float,
    fee: int,
) -> None:
    request = body()
    for month, usage, cost in zip(
        request["energyUsageData"]["monthlyData"], usages, costs, strict=True
    ):
        month.update(usage=usage, cost=cost)
    request["currentPlan"] = {"rate": rate, "monthlyFee": monthly, "earlyTerminationFee": exit_fee}
    household = household_of(request)
    offer = offer_of(plan(baseRate=base, monthlyFee=fee), household)
    kwh = sum((Fraction(exact(usage)) for usage in usages), Fraction(0))
    new = cents(Fraction(exact(base)) * kwh + 12 * fee)
    if rate is None:
        now = cents(sum((Fraction(exact(cost)) for cost in costs), Fraction(0)))
    else:
        now = cents(Fraction(exact(rate)) * kwh + 12 * Fraction(exact(monthly or 0)))
    leaving = cents(Fraction(exact(exit_fee or 0)))
    assert Fraction(offer.annual_cost) == Fraction(new, 100)
    assert Fraction(offer.savings) == Fraction(now - new - leaving, 100)


def plan(**given: Any) -> Plan:
    return Plan.model_validate(
        {"planId": "p", "supplier": "s", "planName": "n", "baseRate": 0.1,
         "contractTermMonths": 12, **given}
    )  # fmt: skip


def months(*usages: float) -> list[Month]:
    return [
        Month(name, number, exact(usage), Decimal(0))
        for number, (name, usage) in enumerate(zip(MONTHS, usages, strict=True), 1)
    ]


@pytest.mark.parametrize(
    ("usages", "pattern"),
    [
        ((100,) * 12, "consistent"),
        ((0,) * 12, "consistent"),
        ((120, 80) * 6, "consistent"),  # 20 % exactly
        ((289009, *(236461.91,) * 10, 236461.9), "consistent"),  # the same, of an endless mean
        ((121, 79) * 6, "high-variance"),
        ((50, 50, 50, 50, 90, 200, 220, 210, 90, 50, 50, 50), "seasonal"),
        ((200, 60, 50, 50, 60, 90, 190, 200, 90, 50, 60, 210), "seasonal"),  # winter and summer
        ((200, 50) * 6, "high-variance"),  # six peaks are no seasons
        ((1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), "seasonal"),  # a winter across the year's end
    ],
)
def test_pattern(usages: tuple[float, ...], pattern: str) -> None:
    assert pattern_of(months(*usages)) == pattern
    assert pattern_of(months(*usages)[::-1]) == pattern  # in whatever order they come


@given(st.lists(numbers, min_size=12, max_size=12))
def test_consistent_means_within_a_fifth_of_the_mean(usages: list[float]) -> None:
    exactly = [Fraction(exact(usage)) for usage in usages]
    mean = sum(exactly, Fraction(0)) / 12
    near = all(abs(usage - mean) * 5 <= mean for usage in exactly)
    assert (pattern_of(months(*usages)) == "consistent") == near


@pytest.mark.parametrize(
    ("label", "number"),
    [
        *((name, number) for number, name in enumerate(MONTHS, 1)),
        ("jan", 1), ("Sept.", 9), ("December 2025", 12), ("2025-03", 3), ("2025-03-01", 3),
        ("7", 7), ("07", 7), ("13", None), ("0", None), ("Brumaire", None), ("ma", None),
    ],
)  # fmt: skip
def test_month_number(label: str, number: int | None) -> None:
    assert month_number(label) == number
