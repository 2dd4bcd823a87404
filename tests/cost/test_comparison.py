"""The same traffic here and there."""

from datetime import date, timedelta

import pytest

from fogbank.cost.bill import Bill, DayUse, make_bill
from fogbank.cost.comparison import DAYS, compare
from fogbank.cost.hardware import Hardware
from tests.ledger import PRICES

A, B, SMALL = "@cf/test/a", "@cf/test/b", "@cf/test/small"
MINE = Hardware.model_validate(
    {
        "name": "mine",
        "description": "A rented one.",
        "sources": ["a test"],
        "rent_per_hour": {"value": 2, "low": 1, "high": 3},
        "capacity": {
            A: {"tokens_per_second": 1000, "output_share": 0.5, "source": "a test"},
            B: {"tokens_per_second": 250, "output_share": 0.5, "source": "a test"},
        },
    }
)
TEN = 10 * 86_400


def bill(**tokens: int) -> Bill:
    """Ten days alike, a neuron a token; names are the models' last parts."""
    return make_bill(
        [
            DayUse(
                day=date(2026, 11, 1) + timedelta(days=at),
                model=f"@cf/test/{name}",
                requests=1,
                prompt_tokens=count // 10,
                neurons=count / 10,
            )
            for at in range(10)
            for name, count in tokens.items()
        ],
        PRICES,
    )


def test_one_model_by_hand() -> None:
    told = compare(bill(a=500 * TEN), 10, MINE)
    assert told is not None
    assert told.tokens_per_second == pytest.approx(500)
    assert (told.machines, told.left_out) == (1, ())
    assert told.utilisation == pytest.approx(0.5)
    assert told.own.total == pytest.approx(2 * 730.5)
    neurons = 500 * TEN - 10 * 10_000  # a neuron a token, ten days' allocation taken off
    assert told.cloud_usd == pytest.approx(neurons / 10 * DAYS * 0.011 / 1000)
    assert told.own_usd_per_million == pytest.approx(2 * 730.5 / (500 * 2.6298))
    free = 10_000 * DAYS * 0.011 / 1000
    rate = (2 * 730.5 + free) / (0.011 / 1000 * 2_629_800)
    assert told.break_even.tokens_per_second == pytest.approx(rate)
    assert told.break_even.utilisation == pytest.approx(rate / 1000)
    assert told.odds.probability == 1
    assert [swing.figure for swing in told.swings] == ["rent_per_hour"]


def test_two_models_share_the_machine_by_time() -> None:
    told = compare(bill(a=400 * TEN, b=150 * TEN), 10, MINE)
    assert told is not None
    assert told.utilisation == pytest.approx(400 / 1000 + 150 / 250 - 0, rel=1e-9)


def test_more_than_a_machine_can_do_takes_two() -> None:
    told = compare(bill(a=1500 * TEN), 10, MINE)
    assert told is not None
    assert told.machines == 2
    assert told.utilisation == pytest.approx(0.75)
    assert told.own.total == pytest.approx(2 * 2 * 730.5)


def test_what_the_hardware_cannot_say_is_left_out_on_both_sides() -> None:
    with_small, without = bill(a=500 * TEN, small=10 * TEN), bill(a=500 * TEN)
    one, other = compare(with_small, 10, MINE), compare(without, 10, MINE)
    assert one is not None
    assert other is not None
    assert one.left_out == (SMALL,)
    assert one.own == other.own
    assert one.cloud_usd == pytest.approx(other.cloud_usd, rel=1e-3)  # it had a little of the free
    assert compare(bill(small=5), 10, MINE) is None
