"""Turns: never too many at once, first come first served, nobody stuck, nothing lost."""

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.deployments.esmap.turn import Busy, Turns

pytestmark = pytest.mark.anyio


async def test_first_come_first_served() -> None:
    turns, order = Turns(3, 100), list[str]()
    gate = asyncio.Event()

    async def work(name: str, count: int) -> None:
        async with turns.hold(count):
            order.append(name)
            await gate.wait()

    tasks = [
        asyncio.create_task(work(name, count))
        for name, count in (("a", 2), ("batch", 3), ("b", 1), ("c", 1))
    ]
    await asyncio.sleep(0)
    # A place is free, but the batch was there before.
    assert (order, turns.waiting, turns.working) == (["a"], 5, 2)
    gate.set()
    await asyncio.gather(*tasks)
    assert order == ["a", "batch", "b", "c"]
    assert (turns.waiting, turns.working) == (0, 0)


async def test_a_waiter_that_leaves_lets_the_next_one_in() -> None:
    turns = Turns(2, 100)
    async with turns.hold(1):
        batch = asyncio.create_task(_held(turns, 2))
        single = asyncio.create_task(_held(turns, 1))
        await asyncio.sleep(0)
        assert turns.waiting == 3
        batch.cancel()
        with suppress(asyncio.CancelledError):
            await batch
        await single
        assert (turns.waiting, turns.working) == (0, 1)


async def test_room() -> None:
    turns = Turns(2, 3)
    turns.check_room(5)
    with pytest.raises(Busy):
        turns.check_room(6)
    async with turns.hold(2):
        waiting = asyncio.create_task(_held(turns, 2))
        await asyncio.sleep(0)
        turns.check_room(1)
        with pytest.raises(Busy):
            turns.check_room(2)
    await waiting
    turns.check_room(5)


async def _held(turns: Turns, count: int) -> None:
    async with turns.hold(count):
        await asyncio.sleep(0)


Client = tuple[int, int, int, int | None]
CLIENT = st.tuples(
    st.integers(1, 4), st.integers(0, 5), st.integers(0, 5), st.one_of(st.none(), st.integers(0, 8))
)


@given(st.lists(CLIENT, max_size=25))
def test_nothing_is_lost_whoever_leaves_when(
    clients: list[Client],
) -> None:
    """(places, arrives, works for, is cancelled at), in turns of the event loop."""

    async def run() -> None:
        turns, working, most = Turns(4, 1000), 0, 0

        async def client(count: int, arrives: int, works: int) -> None:
            nonlocal working, most
            for _ in range(arrives):
                await asyncio.sleep(0)
            async with turns.hold(count):
                working += count
                most = max(most, working)
                try:
                    for _ in range(works):
                        await asyncio.sleep(0)
                finally:
                    working -= count

        async def leave(task: asyncio.Task[None], at: int) -> None:
            for _ in range(at):
                await asyncio.sleep(0)
            task.cancel()

        tasks = [asyncio.create_task(client(*given)) for *given, _ in clients]
        leaving = [
            asyncio.create_task(leave(task, at))
            for task, (*_, at) in zip(tasks, clients, strict=True)
            if at is not None
        ]
        async with asyncio.timeout(10):
            await asyncio.gather(*tasks, *leaving, return_exceptions=True)
        assert most <= 4
        assert (turns.working, turns.waiting) == (0, 0)

    asyncio.run(run())
