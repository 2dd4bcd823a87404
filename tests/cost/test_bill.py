"""The cloud's bill of what was served."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.cost.bill import DayUse, make_bill, priced_again
from fogbank.tasks import Usage
from tests.ledger import PRICES

A, B = "@cf/test/a", "@cf/test/b"
FIRST, SECOND = date(2026, 11, 1), date(2026, 11, 2)


def use(day: date, model: str, neurons: float, **more: Any) -> DayUse:
    return replace(DayUse(day=day, model=model, requests=1, neurons=neurons), **more)


def test_free_neurons_of_one_day_are_of_no_other() -> None:
    bill = make_bill([use(FIRST, A, 4000), use(SECOND, A, 25_000)], PRICES)
    assert list(bill.days) == [(FIRST, 4000, 0), (SECOND, 25_000, 15_000)]
    assert (bill.neurons, bill.billed) == (29_000, 15_000)
    assert bill.usd == pytest.approx(15_000 * 0.011 / 1000)


def test_a_days_free_neurons_are_shared_by_its_lines() -> None:
    bill = make_bill([use(FIRST, A, 30_000), use(FIRST, B, 10_000, key="k")], PRICES)
    assert [(line.model, line.key, line.billed) for line in bill.lines] == [
        (A, None, 22_500),
        (B, "k", 7_500),
    ]


def test_what_is_unpriced_is_counted_and_not_billed() -> None:
    bill = make_bill([use(FIRST, A, 0, requests=7, unpriced=7, prompt_tokens=5)], PRICES)
    assert (bill.lines[0].unpriced, bill.lines[0].tokens, bill.usd) == (7, 5, 0)
    assert make_bill([], PRICES).usd == 0


def test_by_another_table() -> None:
    asked = use(FIRST, A, 3.0, requests=4, prompt_tokens=10, completion_tokens=2)

    def price(model: str, usage: Usage) -> float | None:
        return 2.0 * usage.prompt_tokens + usage.completion_tokens if model == A else None

    told = priced_again(asked, price)
    assert (told.neurons, told.unpriced, told.requests) == (22, 0, 4)
    gone = priced_again(use(FIRST, B, 3.0, requests=4), price)
    assert (gone.neurons, gone.unpriced) == (0, 4)


days = st.sampled_from([FIRST, SECOND])
uses = st.builds(
    DayUse,
    day=days,
    model=st.sampled_from([A, B]),
    key=st.sampled_from([None, "k"]),
    requests=st.integers(0, 9),
    neurons=st.floats(0, 1e6),
)


@given(st.lists(uses, max_size=12))
def test_lines_and_days_add_up_to_the_same(found: list[DayUse]) -> None:
    bill = make_bill(found, PRICES)
    assert sum(line.neurons for line in bill.lines) == pytest.approx(bill.neurons)
    assert sum(line.billed for line in bill.lines) == pytest.approx(bill.billed)
    assert sum(line.requests for line in bill.lines) == sum(each.requests for each in found)
    assert all(0 <= line.billed <= line.neurons * (1 + 1e-12) for line in bill.lines)
