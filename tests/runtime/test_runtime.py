"""Deadlines, draining, the queue and the errors of engines, as a dialect sees them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from fogbank.errors import AIError
from fogbank.runtime.context import Context
from fogbank.tasks import TextGenerationRequest
from tests.server import TEXT, Running, profile, running, settings, until

pytestmark = pytest.mark.anyio
HELLO = TextGenerationRequest(prompt="one two three")


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(settings(tmp_path), profile(max_concurrent=1, max_waiting=1)) as it:
        yield it


async def code_of(running: Running, context: Context) -> int:
    card = running.server.runtime.catalog.cards[TEXT]
    with pytest.raises(AIError) as caught:
        await running.server.runtime.run(card, HELLO, context)
    return caught.value.kind.code


@pytest.mark.contract("decision 11")
async def test_a_deadline_while_computing(one: Running) -> None:
    one.engine.stall()
    assert await code_of(one, Context(deadline=0.05)) == 3007
    await until(lambda: one.engine.running == 0)


@pytest.mark.contract("2.1", "decision 11")
async def test_a_deadline_in_the_queue_and_a_full_queue(one: Running) -> None:
    one.engine.stall()
    runtime = one.server.runtime
    first = asyncio.create_task(code_of(one, Context(deadline=0.5)))
    await until(lambda: one.engine.running == 1)
    second = asyncio.create_task(code_of(one, Context(deadline=0.05)))
    await until(lambda: runtime.waiting("text") == 1)
    assert await code_of(one, Context(deadline=9)) == 3040
    assert await code_of(one, Context(deadline=9, reject_if_busy=True)) == 3040
    assert await second == 3040
    assert runtime.waiting("text") == 0
    assert await first == 3007
    assert runtime.in_flight == 0


@pytest.mark.contract("decision 8")
async def test_a_load_that_fails_is_told_before_the_deadline(tmp_path: Path) -> None:
    async with running(settings(tmp_path), profile(load="demand")) as it:
        it.builder.start_failures.append(OSError("never mind"))
        assert await code_of(it, Context(deadline=5)) == 7009


@pytest.mark.contract("decision 11")
async def test_the_deadline_strikes_a_caller_between_two_pieces(one: Running) -> None:
    card = one.server.runtime.catalog.cards[TEXT]
    with pytest.raises(AIError) as caught:
        async with one.server.runtime.stream(card, HELLO, Context(deadline=0.05)) as chunks:
            async for _ in chunks:
                await asyncio.sleep(60)
    assert caught.value.kind.code == 3007
    assert one.engine.running == 0
    assert one.engine.aborted == 1


async def test_leaving_a_stream_frees_the_slot(one: Running) -> None:
    card = one.server.runtime.catalog.cards[TEXT]
    async with one.server.runtime.stream(card, HELLO, Context(deadline=5)) as chunks:
        async for _ in chunks:
            break
    assert one.engine.running == 0
    assert one.server.runtime.in_flight == 0


async def test_draining_refuses_new_and_bounds_old(one: Running) -> None:
    one.engine.stall()
    old = asyncio.create_task(code_of(one, Context(deadline=60)))
    await until(lambda: one.engine.running == 1)
    one.server.runtime.drain(0.05)
    assert await code_of(one, Context(deadline=60)) == 3040
    assert await old == 3008


async def test_draining_while_a_deadline_is_striking(one: Running) -> None:
    """A timeout that has fired cannot be rescheduled; the drain must not trip over it."""
    engine = one.engine
    released = asyncio.Event()

    class Stubborn:
        async def run(self) -> None:
            try:
                await asyncio.sleep(60)
            finally:
                await released.wait()

    async def stubborn(request: object) -> None:
        await Stubborn().run()

    engine.run = stubborn  # type: ignore[method-assign, assignment]
    old = asyncio.create_task(code_of(one, Context(deadline=0.01)))
    await asyncio.sleep(0.05)
    one.server.runtime.drain(0)
    released.set()
    assert await old in (3007, 3008)


async def test_a_generator_of_the_engine_is_closed_with_the_stream(one: Running) -> None:
    async with aclosing(one.engine.stream(HELLO)) as chunks:
        async for _ in chunks:
            break
    assert one.engine.running == 0
