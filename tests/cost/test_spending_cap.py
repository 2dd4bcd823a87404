"""The cap on what asking a cloud may cost holds in every order of events."""

import asyncio
import random
from contextlib import ExitStack
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.cost.spending_cap import CapReached, Reservation, SpendingCap

neurons = st.floats(0, 1000, allow_subnormal=False)
ends = st.tuples(st.integers(0, 20), st.one_of(st.none(), st.floats(0, 1)))
"""Which of the open calls ends, and the share of the worst that it cost; None: nobody knows."""


@given(neurons, st.lists(st.one_of(neurons, ends), max_size=60))
def test_it_is_never_passed_whatever_overlaps(
    limit: float, events: list[float | tuple[int, float | None]]
) -> None:
    cap = SpendingCap(limit)
    open_: list[tuple[ExitStack, Reservation, float]] = []
    paid = 0.0
    refused = False
    for event in events:
        if isinstance(event, float):
            stack = ExitStack()
            try:
                open_.append((stack, stack.enter_context(cap.reserve(event)), event))
                assert not refused
            except CapReached:
                refused = True
        elif open_:
            stack, reservation, worst = open_.pop(event[0] % len(open_))
            if event[1] is not None:
                reservation.settle(worst * event[1])
            stack.close()
            paid += worst * (1 if event[1] is None else event[1])
        assert paid + sum(worst for *_, worst in open_) <= limit + 1e-6
        assert cap.committed <= limit + 1e-9
        assert cap.committed >= paid - 1e-6
    for stack, *_ in open_:
        stack.close()


@given(st.integers(0, 2**32), st.integers(1, 30))
def test_tasks_side_by_side(seed: int, many: int) -> None:
    """Calls that end in any order, some cancelled, some broken, on one event loop."""
    drawn, limit, worst = random.Random(seed), 100.0, 9.0
    cap, charged = SpendingCap(limit), 0.0

    async def call() -> None:
        nonlocal charged
        with cap.reserve(worst) as reservation:
            for _ in range(drawn.randrange(4)):
                await asyncio.sleep(0)
            cost = drawn.uniform(0, worst)
            charged += cost
            if drawn.random() < 0.3:
                raise OSError
            reservation.settle(cost)

    async def all_of_them() -> None:
        tasks = [asyncio.create_task(call()) for _ in range(many)]
        await asyncio.sleep(0)
        for task in tasks:
            if drawn.random() < 0.2:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(all_of_them())
    assert charged <= cap.committed + 1e-6 <= limit + 2e-6


def test_what_is_known_and_what_is_assumed() -> None:
    cap = SpendingCap(10)
    with cap.reserve(4) as call:
        call.settle(1.5)
    with pytest.raises(OSError, match="gone"), cap.reserve(4):
        raise OSError("gone")
    assert (cap.known, cap.assumed, cap.committed) == (1.5, 4, 5.5)
    with pytest.raises(CapReached, match=r"at most 5\.00 neurons was not made: 4\.50 of the cap"):
        cap.reserve(5).__enter__()
    with pytest.raises(CapReached, match=r"at most 5\.00"):
        cap.reserve(1).__enter__()


def test_a_bill_above_the_worst_case_is_counted_and_ends_it() -> None:
    cap = SpendingCap(10)
    with cap.reserve(4) as call:
        call.settle(12)
    assert cap.committed == 12
    with pytest.raises(CapReached, match=r"0\.00 of the cap of 10 are left"):
        cap.reserve(0.1).__enter__()


@pytest.mark.parametrize("cost", [-1, nan, inf])
def test_no_such_cost(cost: float) -> None:
    cap = SpendingCap(10)
    with pytest.raises(ValueError, match="no number of neurons"), cap.reserve(4) as call:
        call.settle(cost)
    assert cap.assumed == 4
