"""Deadlines, draining, the queue and the errors of engines, as a dialect sees them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from fogbank.errors import AIError
from fogbank.runtime.attempts import ATTEMPTS
from fogbank.runtime.context import Context
from fogbank.tasks import (
    JsonFormat,
    RegexFormat,
    Sampling,
    TextGenerationRequest,
    TextGenerationResult,
    Tool,
)
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


CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "note": {"type": "string"}},
    "required": ["city"],
}
HELD = replace(HELLO, output_format=JsonFormat(CITY))
OUTPUTS = "fogbank_structured_outputs_total"


def counted(running: Running, name: str, **labels: str) -> float | None:
    return running.server.runtime.metrics.registry.get_sample_value(name, {"model": TEXT, **labels})


async def test_an_answer_in_a_given_form_is_verified_counted_and_logged(
    one: Running, caplog: pytest.LogCaptureFixture
) -> None:
    runtime = one.server.runtime
    card = runtime.catalog.cards[TEXT]
    result = (await runtime.run(card, HELD, Context(deadline=5))).result
    assert isinstance(result, TextGenerationResult)
    assert result.text == '{"city":""}'
    assert result.evidence is not None
    assert result.evidence.backend == "fake"
    async with runtime.stream(card, HELD, Context(deadline=5)) as chunks:
        last = [chunk async for chunk in chunks][-1]
    assert last.evidence is not None
    assert last.evidence.digest == result.evidence.digest
    assert last.evidence.compile_ms == 0
    assert counted(one, OUTPUTS, outcome="verified") == 2
    assert counted(one, "fogbank_structured_output_tries_total") == 2
    assert counted(one, "fogbank_schema_compile_seconds_count") == 1


async def test_a_profile_bounds_answers_and_calls_each_in_its_own_way(tmp_path: Path) -> None:
    limits = {"json_mode": {"length": 9}, "tool_calls": {"length": 5, "items": 2}}
    async with running(settings(tmp_path), profile(**limits)) as it:
        card = it.server.runtime.catalog.cards[TEXT]
        tool = Tool("add", "", CITY)
        forced = replace(HELLO, tools=(tool,), tool_choice="required")
        for request in (HELD, forced):
            await it.server.runtime.run(card, request, Context(deadline=5))
        answer, call = [
            json.loads(request.constraint.text)
            for request in it.engine.requests
            if isinstance(request, TextGenerationRequest) and request.constraint is not None
        ]
    assert answer["properties"]["city"]["maxLength"] == 9
    parameters = call["properties"]["parameters"]
    assert parameters["properties"]["city"]["maxLength"] == 5


@pytest.mark.parametrize("asked", [JsonFormat({"type": "text"}), RegexFormat("(")])
async def test_a_form_that_cannot_be_used_reaches_no_engine(
    one: Running, asked: JsonFormat | RegexFormat
) -> None:
    runtime = one.server.runtime
    card, bad = runtime.catalog.cards[TEXT], replace(HELLO, output_format=asked)
    one.engine.stall()
    with pytest.raises(AIError, match="8001: Invalid input: the "):
        await runtime.run(card, bad, Context(deadline=5))
    with pytest.raises(AIError, match="8001: Invalid input: the "):
        async with runtime.stream(card, bad, Context(deadline=5)):
            pass
    assert one.engine.started == 0
    assert counted(one, OUTPUTS, outcome="refused") == 2


async def test_what_a_wrong_answer_took_is_counted(one: Running) -> None:
    card = one.server.runtime.catalog.cards[TEXT]
    one.engine._answer = lambda _: "no JSON"
    with pytest.raises(AIError, match="3030: JSON Mode couldn't be met: it is not JSON"):
        await one.server.runtime.run(card, HELD, Context(deadline=5))
    assert counted(one, "fogbank_tokens_total", kind="completion") == 3 * ATTEMPTS
    assert counted(one, OUTPUTS, outcome="verified") is None
    assert one.engine.running == 0


async def test_max_tokens_that_are_too_few_are_named(one: Running) -> None:
    card = one.server.runtime.catalog.cards[TEXT]
    short = replace(HELD, sampling=Sampling(max_tokens=1))
    with pytest.raises(AIError, match=r"max_tokens \(1\) ended the answer first"):
        await one.server.runtime.run(card, short, Context(deadline=5))
