"""The vllm engine on real vLLM and real weights. The last test kills the engine of the others."""

import asyncio
import json
import os
import re
import signal
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from fogbank.engines.base import EngineDead, EngineRefused, EngineUnavailable, Health
from fogbank.engines.vllm import VllmEngine
from fogbank.structured.preparation import ANY_JSON
from fogbank.tasks import Constraint, Message, TextGenerationRequest, TextGenerationResult
from tests.engine.asking import ask, held_to, request, seconds_until, story, tell
from tests.engine.conftest import OPTIONS

# vLLM and torch warn of each other while they are imported and started.
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.engine,
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings("ignore"),
]

CAPITAL = "What is the capital of France?"
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 20}, "in_europe": {"type": "boolean"}},
    "required": ["city", "in_europe"],
    "additionalProperties": False,
}


async def test_it_knows_the_capital_of_france_and_counts_its_tokens(engine: VllmEngine) -> None:
    asked = await request(engine, CAPITAL)
    answer = await ask(engine, CAPITAL)
    assert "Paris" in answer.text
    assert answer.finish_reason == "stop"
    assert asked.prompt_token_ids is not None
    assert answer.usage.prompt_tokens == len(asked.prompt_token_ids)
    assert 2 < answer.usage.completion_tokens < 32


async def test_a_stream_arrives_token_by_token_and_is_the_whole_answer(engine: VllmEngine) -> None:
    whole = await ask(engine, CAPITAL)
    chunks = [chunk async for chunk in tell(engine, CAPITAL)]
    assert "".join(chunk.text for chunk in chunks) == whole.text
    counts = [chunk.completion_tokens for chunk in chunks]
    assert counts == list(range(1, whole.usage.completion_tokens + 1))
    assert [chunk.finish_reason for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert chunks[-1].finish_reason == whole.finish_reason
    assert chunks[-1].prompt_tokens == whole.usage.prompt_tokens


async def test_max_tokens_and_stop_end_an_answer(engine: VllmEngine) -> None:
    short = await ask(engine, CAPITAL, max_tokens=3)
    assert (short.finish_reason, short.usage.completion_tokens) == ("length", 3)
    stopped = await ask(engine, CAPITAL, stop=("France",))
    assert stopped.finish_reason == "stop"
    assert "France" not in stopped.text


async def test_the_same_seed_gives_the_same_answer(engine: VllmEngine) -> None:
    wanted: dict[str, Any] = {"temperature": 1.5, "max_tokens": 12}
    first, again, other = [
        (await ask(engine, "Invent a name.", seed=seed, **wanted)).text for seed in (1, 1, 2)
    ]
    assert first == again
    assert first != other


async def test_json_mode_gives_an_object_or_an_array(engine: VllmEngine) -> None:
    anything = held_to(ANY_JSON)
    answer = await ask(
        engine, "Name one city, as JSON.", constraint=anything, max_tokens=100, seed=1
    )
    if answer.finish_reason == "stop":
        assert isinstance(json.loads(answer.text), dict | list)
    assert answer.text.startswith(("{", "["))


async def test_json_mode_gives_compact_json_of_the_schema(engine: VllmEngine) -> None:
    answers = await asyncio.gather(
        *(
            ask(
                engine,
                "Name one city, as JSON.",
                constraint=held_to(CITY),
                max_tokens=60,
                temperature=1,
                seed=seed,
            )
            for seed in range(4)
        )
    )
    for answer in answers:
        value = json.loads(answer.text)
        assert isinstance(value["city"], str)
        assert isinstance(value["in_europe"], bool)
        assert set(value) == {"city", "in_europe"}
        assert answer.text == json.dumps(
            value, separators=(",", ":"), ensure_ascii="\\u" in answer.text
        )


@pytest.mark.parametrize(
    ("constraint", "fitting"),
    [
        (Constraint("regex", r"[A-Z]{3}-\d{2}"), r"[A-Z]{3}-\d{2}"),
        (Constraint("regex", "yes|don't know"), "yes|don't know"),
        (
            Constraint(
                "lark", 'start: "<" v0 ">"\nv0: %json {"type":"integer","minimum":0,"maximum":9}'
            ),
            r"<\d>",
        ),
    ],
    ids=str,
)
async def test_other_constraints_hold(
    engine: VllmEngine, constraint: Constraint, fitting: str
) -> None:
    answer = await ask(engine, CAPITAL, constraint=constraint, max_tokens=60, seed=1)
    assert answer.finish_reason == "stop"
    assert re.fullmatch(fitting, answer.text)


async def test_an_answer_goes_on_from_its_prefix(engine: VllmEngine) -> None:
    assert engine.continues
    rest = Constraint("lark", 'start: "\\",\\"in_europe\\":" v0 "}"\nv0: %json {"type":"boolean"}')
    asked = await request(engine, "Name one city, as JSON.", constraint=rest, max_tokens=60)
    prefix = '{"city":"Lisb'
    result = await engine.run(replace(asked, prefix=prefix))
    assert isinstance(result, TextGenerationResult)
    value = json.loads(prefix + result.text)
    assert value["city"] == "Lisb"
    assert isinstance(value["in_europe"], bool)


@pytest.mark.parametrize(
    "constraint",
    [
        Constraint("json", '{"type":"no such type"}'),
        Constraint("json", '{"type":"string","pattern":"(?=a)b("}'),
        Constraint("json", '{"type":"array","uniqueItems":true}'),
        Constraint("json", '{"$ref":"#/nowhere"}'),
        Constraint("json", "[1]"),
        Constraint("json", "{"),
        Constraint("regex", "("),
        Constraint("lark", "start: nothing"),
    ],
    ids=str,
)
async def test_a_constraint_that_cannot_be_used_is_refused_and_the_engine_lives(
    engine: VllmEngine, constraint: Constraint
) -> None:
    with pytest.raises(EngineRefused):
        await ask(engine, CAPITAL, constraint=constraint)
    with pytest.raises(EngineRefused):
        [chunk async for chunk in tell(engine, CAPITAL, constraint=constraint)]
    assert engine.health() is Health.READY
    assert (await ask(engine, CAPITAL, max_tokens=1)).text


@pytest.mark.parametrize(
    "sampling",
    [{"max_tokens": 0}, {"seed": 2**70}, {"top_k": -7}, {"presence_penalty": 9}],
    ids=str,
)
async def test_parameters_that_vllm_refuses_leave_nothing_behind(
    engine: VllmEngine, sampling: dict[str, Any]
) -> None:
    with pytest.raises(EngineRefused):
        await ask(engine, CAPITAL, **sampling)
    assert not engine._llm.output_processor.request_states


@pytest.mark.parametrize(
    "sampling", [{"temperature": 5}, {"top_p": 2}, {"top_p": 0}, {"repetition_penalty": 0}], ids=str
)
async def test_parameters_that_the_contract_allows_are_served(
    engine: VllmEngine, sampling: dict[str, Any]
) -> None:
    assert (await ask(engine, CAPITAL, **{"max_tokens": 2, **sampling})).usage.completion_tokens


async def test_the_context_window_is_the_engines(engine: VllmEngine) -> None:
    assert engine.context_window == OPTIONS["max_model_len"]
    ids = [5] * (engine.context_window + 1)
    plain = await request(engine, CAPITAL)
    with pytest.raises(EngineRefused, match="longer than the maximum"):
        await engine.run(replace(plain, prompt_token_ids=ids))


async def test_a_tool_message_is_understood(engine: VllmEngine) -> None:
    messages = (
        Message(role="user", content="What is the temperature in Paris?"),
        Message(role="tool", content="21 degrees"),
    )
    ids = await engine.encode(TextGenerationRequest(messages=messages))
    assert len(ids) > 10


async def test_an_abandoned_stream_frees_its_slot_within_a_second(engine: VllmEngine) -> None:
    stream = engine.stream(await request(engine, "Tell a long story.", max_tokens=1500))
    await anext(stream)
    assert engine.running == 1
    await stream.aclose()
    assert await seconds_until(lambda: engine.running == 0) < 1


async def test_a_cancelled_run_frees_its_slot_within_a_second(engine: VllmEngine) -> None:
    task = asyncio.create_task(ask(engine, "Tell a long story.", max_tokens=1500))
    assert await seconds_until(lambda: engine.running == 1) < 10
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert await seconds_until(lambda: engine.running == 0) < 1
    assert not engine._llm.output_processor.request_states


async def test_the_engines_own_numbers(engine: VllmEngine) -> None:
    stories = [asyncio.create_task(story(engine, number)) for number in range(3)]
    assert await seconds_until(lambda: engine.stats().running == 3) < 10
    stats = engine.stats()
    assert 0 < stats.kv_cache_usage < 1
    assert stats.prefix_cache_queries > 0
    for task in stories:
        task.cancel()
    await asyncio.gather(*stories, return_exceptions=True)
    assert await seconds_until(lambda: engine.running == 0) < 1


async def test_an_interrupt_from_the_terminal_does_not_reach_the_engine(
    engine: VllmEngine,
) -> None:
    for pid in engine.pids():
        os.kill(pid, signal.SIGINT)
    assert "Paris" in (await ask(engine, CAPITAL)).text
    assert engine.health() is Health.READY


async def test_log_probabilities_of_every_token(engine: VllmEngine) -> None:
    answer = await ask(engine, CAPITAL, logprobs=2)
    assert len(answer.logprobs) == answer.usage.completion_tokens
    assert "".join(item.token for item in answer.logprobs).startswith(answer.text)
    for item in answer.logprobs:
        assert item.top[0] == (item.token, item.logprob), "greedy"
        assert len(item.top) == 2
    streamed = [
        item async for chunk in tell(engine, CAPITAL, logprobs=2) for item in chunk.logprobs
    ]
    assert [item.token for item in streamed] == [item.token for item in answer.logprobs]
    alone = await ask(engine, CAPITAL, logprobs=0)
    assert {item.top for item in alone.logprobs} == {()}


async def test_min_p_of_one_is_greedy(engine: VllmEngine) -> None:
    greedy = await ask(engine, CAPITAL)
    assert (await ask(engine, CAPITAL, temperature=1.5, min_p=1.0)).text == greedy.text


@pytest.mark.contract("5.2")
async def test_a_prompt_that_begins_as_another_did_is_partly_cached(engine: VllmEngine) -> None:
    text = "One fish and two fish and red fish and blue fish. " * 12
    assert (await ask(engine, text, max_tokens=2)).usage.cached_tokens < 64
    again = await ask(engine, text + "And more?", max_tokens=2)
    assert 64 <= again.usage.cached_tokens < again.usage.prompt_tokens
    chunks = [chunk async for chunk in tell(engine, text, max_tokens=2)]
    assert chunks[-1].cached_tokens >= 64


@pytest.mark.contract("5.1")
async def test_low_priority_is_served_last(engine: VllmEngine) -> None:
    """The first 32 fill the engine; of those that wait, the later ones go first."""
    ended: list[str] = []

    async def one(name: str, number: int, *, low: bool) -> None:
        asked = await request(engine, f"Count to {number}.", max_tokens=6)
        await engine.run(replace(asked, low_priority=low))
        ended.append(name)

    kinds = [("first", False)] * 32 + [("low", True)] * 8 + [("live", False)] * 8
    await asyncio.gather(*(one(name, at, low=low) for at, (name, low) in enumerate(kinds)))
    places = {name: [at for at, seen in enumerate(ended) if seen == name] for name in set(ended)}
    assert sum(places["live"]) < sum(places["low"])


async def test_prompts_with_seeds_that_do_not_fit_in_one_step(engine: VllmEngine) -> None:
    """vLLM on a CPU died of the first prompt that it read in two parts."""
    prompts = [f"{number}: " + "a b c d e f g " * 12 for number in range(30)]
    asked = [await request(engine, prompt) for prompt in prompts]
    assert sum(len(each.prompt_token_ids or ()) for each in asked) > OPTIONS["max_model_len"]
    answers = await asyncio.gather(
        *(ask(engine, prompt, temperature=1, seed=1, max_tokens=2) for prompt in prompts)
    )
    assert len(answers) == 30
    assert engine.health() is Health.READY


@pytest.mark.verify  # the server's own test kills one too (tests/acceptance)
async def test_after_a_kill_every_stream_ends_and_a_new_engine_answers(engine: VllmEngine) -> None:
    begun = asyncio.Semaphore(0)
    streams = [asyncio.create_task(story(engine, number, begun)) for number in range(8)]
    for _ in streams:
        await begun.acquire()
    pids = engine.pids()
    os.kill(pids[0], signal.SIGKILL)
    assert await seconds_until(lambda: engine.health() is Health.DEAD) < 0.5
    ends = await asyncio.wait_for(asyncio.gather(*streams, return_exceptions=True), 2)
    assert [type(end) for end in ends] == [EngineDead] * 8
    with pytest.raises(EngineDead):
        await ask(engine, CAPITAL)
    await engine.stop()
    assert engine.health() is Health.STOPPED

    second = VllmEngine("second", engine.model, options=OPTIONS)
    await second.start()
    try:
        assert "Paris" in (await ask(second, CAPITAL)).text
        begun = asyncio.Semaphore(0)
        running = asyncio.create_task(story(second, 1, begun))
        await begun.acquire()
        pids += second.pids()
    finally:
        await second.stop()
    with pytest.raises(EngineUnavailable):
        await asyncio.wait_for(running, 2)
    assert second.pids() == []
    assert not [pid for pid in pids if _runs(pid)]


def _runs(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().split()[2] != "Z"
    except FileNotFoundError:
        return False
