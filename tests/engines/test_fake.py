import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from fogbank.engines.base import (
    Engine,
    EngineDead,
    EngineOverloaded,
    EngineRefused,
    EngineTooLong,
    EngineUnavailable,
    Health,
)
from fogbank.engines.fake import FakeEngine
from fogbank.tasks import (
    Constraint,
    Sampling,
    TextChunk,
    TextClassificationRequest,
    TextEmbeddingsRequest,
    TextGenerationRequest,
    TextGenerationResult,
    TokenClassificationRequest,
    Usage,
)

pytestmark = pytest.mark.anyio

HELLO = TextGenerationRequest(prompt="say hello to the fog")


@pytest.fixture
async def engine() -> AsyncIterator[FakeEngine]:
    engine = FakeEngine("fake")
    await engine.start()
    yield engine
    await engine.stop()


async def collect(engine: FakeEngine, request: TextGenerationRequest = HELLO) -> list[TextChunk]:
    async with aclosing(engine.stream(request)) as chunks:
        return [chunk async for chunk in chunks]


async def until_running(engine: FakeEngine, count: int) -> None:
    while engine.running < count:
        await asyncio.sleep(0)


def test_it_is_an_engine() -> None:
    engine: Engine = FakeEngine("fake")
    assert engine.running == 0


async def test_an_echo_with_real_counts(engine: FakeEngine) -> None:
    result = await engine.run(HELLO)
    assert result == TextGenerationResult("say hello to the fog", Usage(5, 5), "stop")


async def test_the_last_message_is_echoed_and_all_are_counted(engine: FakeEngine) -> None:
    request = TextGenerationRequest(
        messages=({"role": "system", "content": "be brief"}, {"role": "user", "content": "hi you"})
    )
    assert await engine.run(request) == TextGenerationResult("hi you", Usage(6, 2), "stop")
    assert len(await engine.encode(request) or []) == 6


async def test_a_stream_adds_up_to_the_answer(engine: FakeEngine) -> None:
    chunks = await collect(engine)
    assert "".join(chunk.text for chunk in chunks) == "say hello to the fog"
    assert [chunk.completion_tokens for chunk in chunks] == [1, 2, 3, 4, 5]
    assert [chunk.finish_reason for chunk in chunks] == [None] * 4 + ["stop"]


async def test_an_empty_prompt_has_one_empty_chunk(engine: FakeEngine) -> None:
    chunks = await collect(engine, TextGenerationRequest(prompt=""))
    assert chunks == [TextChunk("", 0, 0, finish_reason="stop")]


@pytest.mark.parametrize(
    ("sampling", "text", "reason"),
    [
        (Sampling(max_tokens=2), "say hello", "length"),
        (Sampling(max_tokens=5), "say hello to the fog", "stop"),
        (Sampling(stop=(" the",)), "say hello to", "stop"),
    ],
)
async def test_sampling(engine: FakeEngine, sampling: Sampling, text: str, reason: str) -> None:
    result = await engine.run(TextGenerationRequest(prompt=HELLO.prompt, sampling=sampling))
    assert isinstance(result, TextGenerationResult)
    assert (result.text, result.finish_reason) == (text, reason)


async def test_the_context_window_holds() -> None:
    engine = FakeEngine("fake", context_window=7)
    await engine.start()
    result = await engine.run(HELLO)
    assert isinstance(result, TextGenerationResult)
    assert (result.text, result.finish_reason) == ("say hello", "length")
    with pytest.raises(EngineTooLong, match="about 7 tokens"):
        await engine.run(TextGenerationRequest(prompt="one two three four five six seven"))


async def test_json_mode_and_its_cut(engine: FakeEngine) -> None:
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}
    held = Constraint("json", json.dumps(schema))
    whole = TextGenerationRequest(prompt="x", constraint=held)
    cut = TextGenerationRequest(prompt="x", constraint=held, sampling=Sampling(max_tokens=3))
    results = [await engine.run(whole), await engine.run(cut)]
    texts = [result.text for result in results if isinstance(result, TextGenerationResult)]
    assert texts == ['{"a":0}', '{"a']


async def test_an_answer_of_ones_own() -> None:
    engine = FakeEngine("fake", answer=lambda request: f"{request.sampling.max_tokens} it is")
    await engine.start()
    result = await engine.run(HELLO)
    assert isinstance(result, TextGenerationResult)
    assert result.text == "256 it is"


@pytest.mark.parametrize(
    ("request_", "tokens"),
    [
        (TextEmbeddingsRequest(("a", "b", "a")), 3),
        (TextClassificationRequest("a"), 1),
        (TokenClassificationRequest("Ada met Grace"), 3),
    ],
)
async def test_the_other_tasks_repeat_themselves(
    engine: FakeEngine,
    request_: TextEmbeddingsRequest | TextClassificationRequest | TokenClassificationRequest,
    tokens: int,
) -> None:
    result = await engine.run(request_)
    assert result.usage == Usage(tokens)
    assert result == await engine.run(request_)


async def test_life(engine: FakeEngine) -> None:
    fresh = FakeEngine("fresh")
    assert fresh.health() is Health.STOPPED
    with pytest.raises(EngineUnavailable, match="not started"):
        await fresh.run(HELLO)
    assert engine.health() is Health.READY
    await engine.stop()
    assert engine.health() is Health.STOPPED
    with pytest.raises(EngineUnavailable, match="stopped"):
        await engine.run(HELLO)


async def test_failures_asked_for_come_in_order_then_end(engine: FakeEngine) -> None:
    engine.fail_next(EngineOverloaded("full"))
    engine.fail_next(ValueError("bug"))
    with pytest.raises(EngineOverloaded):
        await engine.run(HELLO)
    with pytest.raises(ValueError, match="bug"):
        await engine.run(TextClassificationRequest("a"))
    await engine.run(HELLO)
    assert engine.running == 0


async def test_a_failure_in_the_middle_of_a_stream(engine: FakeEngine) -> None:
    engine.fail_next(EngineDead("cut"), after=2)
    async with aclosing(engine.stream(HELLO)) as chunks:
        assert [(await anext(chunks)).text, (await anext(chunks)).text] == ["say", " hello"]
        with pytest.raises(EngineDead):
            await anext(chunks)
    assert (engine.running, engine.aborted) == (0, 0)


async def test_refusal(engine: FakeEngine) -> None:
    engine.refuse("no system role")
    for refused in (engine.run(HELLO), engine.encode(HELLO)):
        with pytest.raises(EngineRefused, match="no system role"):
            await refused
    engine.refuse(None)
    await engine.run(HELLO)
    assert engine.started == 1


async def test_a_start_can_fail_and_be_tried_again() -> None:
    engine = FakeEngine("fake")
    engine.fail_next_start(OSError("no weights"))
    with pytest.raises(OSError, match="no weights"):
        await engine.start()
    assert engine.health() is Health.STOPPED
    await engine.start()
    assert (engine.health(), engine.starts) == (Health.READY, 1)


async def test_a_stall_holds_until_released(engine: FakeEngine) -> None:
    engine.stall()
    task = asyncio.create_task(engine.run(HELLO))
    await until_running(engine, 1)
    done, _ = await asyncio.wait([task], timeout=0.02)
    assert not done
    engine.release()
    await task
    assert (engine.running, engine.aborted) == (0, 0)


async def test_a_stalled_engine_makes_as_many_tokens_as_are_allowed(engine: FakeEngine) -> None:
    engine.stall()
    async with aclosing(engine.stream(HELLO)) as chunks:
        engine.allow(2)
        assert [(await anext(chunks)).text for _ in range(2)] == ["say", " hello"]
        third = asyncio.ensure_future(anext(chunks))
        done, _ = await asyncio.wait([third], timeout=0.02)
        assert not done
        engine.release()
        await third


async def test_a_cancelled_request_frees_its_slot(engine: FakeEngine) -> None:
    engine.stall()
    task = asyncio.create_task(engine.run(HELLO))
    await until_running(engine, 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (engine.running, engine.started, engine.aborted) == (0, 1, 1)


async def test_a_closed_stream_frees_its_slot(engine: FakeEngine) -> None:
    async with aclosing(engine.stream(HELLO)) as chunks:
        assert (await anext(chunks)).text == "say"
        assert engine.running == 1
    assert (engine.running, engine.aborted) == (0, 1)


async def test_a_stream_closed_on_its_last_chunk_is_not_aborted(engine: FakeEngine) -> None:
    async with aclosing(engine.stream(HELLO)) as chunks:
        async for chunk in chunks:
            if chunk.finish_reason:
                break
    assert (engine.running, engine.aborted) == (0, 0)


@pytest.mark.parametrize("held", ["stalled", "slow"])
async def test_death_ends_all_in_flight(engine: FakeEngine, held: str) -> None:
    if held == "stalled":
        engine.stall()
    else:
        engine.slow(60)
    tasks = [asyncio.create_task(collect(engine)) for _ in range(3)]
    await until_running(engine, 3)
    engine.die()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(outcome, EngineDead)
    assert engine.health() is Health.DEAD
    with pytest.raises(EngineDead):
        await engine.run(HELLO)
    engine.release()
    engine.slow(0)
    await engine.start()
    await engine.run(HELLO)


async def test_the_pace_is_kept(engine: FakeEngine) -> None:
    engine.slow(0.01)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await engine.run(HELLO)
    assert loop.time() - began >= 0.045
