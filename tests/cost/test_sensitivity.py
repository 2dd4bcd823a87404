"""What moves the answer, and its odds."""

import pytest

from fogbank.cost.break_even import CloudPrice
from fogbank.cost.figure import Figure, number
from fogbank.cost.sensitivity import Question, odds, swings
from tests.cost.test_break_even import RENTED

RENT = Figure(value=3, low=2, high=4)
CARE = Figure(value=0, low=0, high=2)


def question(cloud: float, **figures: Figure) -> Question:
    return Question(RENTED, figures, CloudPrice(cloud, 0), tokens_per_second=500)


def test_one_at_a_time_the_widest_first() -> None:
    told = swings(
        question(1, rent_per_hour=RENT, hosting_per_month=CARE, years=RENT, pue=number(1))
    )
    assert [swing.figure for swing in told] == ["rent_per_hour", "hosting_per_month"]
    assert (told[0].low, told[0].high) == pytest.approx((2 * 730.5, 4 * 730.5))
    assert told[1].width == pytest.approx(2)


@pytest.mark.parametrize(("usd", "chance"), [(0.1, 0.0), (10.0, 1.0), (3 * 730.5 / 1314.9, 0.5)])
def test_the_odds(usd: float, chance: float) -> None:
    """At 500 tokens/s 1,314.9 million tokens a month: the last is the top of the triangle."""
    told = odds(question(usd, rent_per_hour=RENT))
    assert told.probability == pytest.approx(chance, abs=0.02)
    low, middle, high = told.own
    assert 2 * 730.5 <= low < middle < high <= 4 * 730.5
    assert middle == pytest.approx(3 * 730.5, rel=0.02)


def test_the_same_seed_the_same_odds() -> None:
    asked = question(2, rent_per_hour=RENT, tokens_per_second=Figure(value=900, low=400, high=990))
    assert odds(asked) == odds(asked)
    assert odds(asked, seed=1) != odds(asked, seed=2)


def test_no_doubt_no_spread() -> None:
    told = odds(question(2), samples=10)
    assert told.own[0] == told.own[2] == pytest.approx(3 * 730.5)
    assert told.utilisation[0] is not None


def test_never_is_no_number() -> None:
    told = odds(question(0.0), samples=5)
    assert told.utilisation == (None, None, None)
    assert told.probability == 0
