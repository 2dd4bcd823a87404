"""Calls, log-probabilities and priorities of VllmEngine, with a stand-in for vLLM."""

from contextlib import aclosing
from types import SimpleNamespace
from typing import Any

import pytest

from fogbank.engines.json_calls import JsonCalls
from fogbank.engines.vllm_options import engine_arguments
from fogbank.tasks import (
    Constraint,
    Sampling,
    TextChunk,
    TextGenerationRequest,
    TextGenerationResult,
    TokenLogprob,
    Tool,
)
from tests.engines.test_vllm_engine import engine_on
from tests.engines.vllm_standin import Llm, needs_outlines, output

pytestmark = pytest.mark.anyio
TOOL = Tool("add", "Adds.", {"type": "object"})
HELD = Constraint("json", '{"type":"object"}')
CALL = '{"name": "add", "parameters": {"a": 1}}'


def request(**more: Any) -> TextGenerationRequest:
    return TextGenerationRequest(prompt="hi", prompt_token_ids=[1, 2, 3], **more)


async def run(llm: Llm, asked: TextGenerationRequest) -> TextGenerationResult:
    result = await engine_on(llm).run(asked)
    assert isinstance(result, TextGenerationResult)
    return result


async def stream(llm: Llm, asked: TextGenerationRequest) -> list[TextChunk]:
    async with aclosing(engine_on(llm).stream(asked)) as chunks:
        return [chunk async for chunk in chunks]


async def test_a_whole_call() -> None:
    result = await run(Llm([output(CALL, 9, "stop")]), request(tools=(TOOL,)))
    assert result.text == ""
    assert [(call.name, call.arguments) for call in result.tool_calls] == [("add", '{"a":1}')]


async def test_a_streamed_call_comes_whole_before_the_end() -> None:
    llm = Llm([output("Well. "), output(CALL[:9]), output(CALL[9:]), output("", 1, "stop")])
    text, called, last = await stream(llm, request(tools=(TOOL,)))
    assert (text.text, called.text, last.text) == ("Well. ", "", "")
    assert called.tool_calls[0].name == "add"
    assert called.finish_reason is None
    assert (last.finish_reason, last.completion_tokens) == ("stop", 4)


async def test_a_call_that_max_tokens_cut_is_text() -> None:
    llm = Llm([output("Well. "), output(CALL[:20], 1, "length")])
    first, last = await stream(llm, request(tools=(TOOL,)))
    assert first.text + last.text == "Well. " + CALL[:20]
    assert last.finish_reason == "length"
    assert not last.tool_calls


@needs_outlines
@pytest.mark.parametrize("asked", [request(), request(tools=(TOOL,), constraint=HELD)])
async def test_without_tools_or_under_a_constraint_no_call_is_looked_for(
    asked: TextGenerationRequest,
) -> None:
    result = await run(Llm([output(CALL, 9, "stop")]), asked)
    assert (result.text, result.tool_calls) == (CALL, ())


@pytest.mark.parametrize(("tools", "shown"), [((TOOL,), True), ((), False)])
async def test_special_tokens_are_shown_to_a_parser_that_reads_them(
    tools: tuple[Tool, ...], shown: bool
) -> None:
    class Reads(JsonCalls):
        shows_special_tokens = True

    llm = Llm([output("a", 1, "stop")])
    engine = engine_on(llm)
    engine._parser = Reads()
    await engine.run(request(tools=tools))
    assert hasattr(llm.calls[0][1], "skip_special_tokens") is shown


@pytest.mark.contract("5.1")
async def test_what_gives_way_has_the_lower_priority() -> None:
    llm = Llm([output("a", 1, "stop")])
    engine = engine_on(llm)
    await engine.run(request())
    await engine.run(request(low_priority=True))
    assert llm.priorities == [0, 1], "vLLM serves the smaller number first"


@pytest.mark.parametrize(
    ("options", "policy"), [({}, "priority"), ({"scheduling_policy": "fcfs"}, "fcfs")]
)
def test_the_scheduler_goes_by_priority(
    options: dict[str, str], policy: str, tmp_path: Any
) -> None:
    known = {"scheduling_policy", "model", "trust_remote_code"}
    found = engine_arguments(tmp_path, options, known=known, on_cpu=False)
    assert found["scheduling_policy"] == policy


def entry(token: str, logprob: float, rank: int) -> SimpleNamespace:
    return SimpleNamespace(decoded_token=token, logprob=logprob, rank=rank)


PLACES = [
    {7: entry("a", -0.1, 1), 8: entry("b", -2.0, 2)},
    {7: entry("z", -9.0, 30), 8: entry("b", -0.2, 1), 9: entry("c", -0.3, 2)},
]


@pytest.mark.parametrize(
    ("count", "tops"),
    [
        (0, [(), ()]),
        (1, [(("a", -0.1),), (("b", -0.2),)]),
        (2, [(("a", -0.1), ("b", -2.0)), (("b", -0.2), ("c", -0.3))]),
    ],
)
async def test_log_probabilities_of_the_drawn_and_of_the_likeliest(
    count: int, tops: list[tuple[tuple[str, float], ...]]
) -> None:
    whole = output("az", 2, "stop")
    whole.outputs[0].logprobs = PLACES
    llm = Llm([whole])
    asked = request(sampling=Sampling(logprobs=count, min_p=0.2))
    expected = (TokenLogprob("a", -0.1, tops[0]), TokenLogprob("z", -9.0, tops[1]))
    assert (await run(llm, asked)).logprobs == expected
    assert (llm.calls[0][1].logprobs, llm.calls[0][1].min_p) == (count, 0.2)
    (chunk,) = await stream(llm, asked)
    assert chunk.logprobs == expected


async def test_a_token_without_text_keeps_its_log_probability() -> None:
    half, rest = output(""), output("é", 1, "stop")
    half.outputs[0].logprobs = [{7: entry("�", -1.0, 1)}]
    rest.outputs[0].logprobs = [{7: entry("é", -2.0, 1)}]
    chunks = await stream(Llm([half, rest]), request(sampling=Sampling(logprobs=0)))
    assert [item.logprob for chunk in chunks for item in chunk.logprobs] == [-1.0, -2.0]
