"""How often a call is made (`runtime/tool_use.py`); the rest is tested on the run route."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from fogbank.engines.fake import FakeEngine
from fogbank.errors import AIError
from fogbank.runtime.tool_use import ATTEMPTS, plan
from fogbank.structured.tool_calls import Toolbox
from fogbank.structured.tool_constraint import Bounds
from fogbank.tasks import (
    JsonFormat,
    Sampling,
    TaskRequest,
    TextGenerationRequest,
    TextGenerationResult,
    Tool,
    ToolCall,
    Usage,
)

pytestmark = pytest.mark.anyio
TOOL = Tool(
    "add", "", {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
)
REQUEST = TextGenerationRequest(
    prompt="hi", tools=(TOOL,), tool_choice="required", sampling=Sampling(seed=7)
)
RIGHT = '{"name":"add","parameters":{"a":"b"}}'


async def engine(*answers: str) -> FakeEngine:
    """Says these one after another."""
    left = list(answers)
    fake = FakeEngine("fake", answer=lambda _: left.pop(0))
    await fake.start()
    return fake


async def run(
    fake: FakeEngine, request: TextGenerationRequest = REQUEST, bounds: Bounds | None = None
) -> TextGenerationResult:
    planned, tools = await plan(request, bounds)
    assert tools is not None
    result = await tools.run(fake, planned)
    assert isinstance(result, TextGenerationResult)
    return result


async def test_a_wrong_call_is_made_again_with_another_seed_and_warmer() -> None:
    fake = await engine("{}", "no", RIGHT)
    result = await run(fake)
    assert result.tool_calls[0].arguments == '{"a":"b"}'
    samplings = [each.sampling for each in fake.requests if isinstance(each, TextGenerationRequest)]
    assert [sampling.seed for sampling in samplings] == [7, 8, 9]
    assert [sampling.temperature for sampling in samplings] == [0.6, 1.1, 1.6]
    assert result.usage.prompt_tokens == 1
    assert result.usage.completion_tokens > 20


async def test_there_is_an_end_to_it() -> None:
    fake = await engine(*["{}"] * ATTEMPTS)
    with pytest.raises(AIError, match="3030: Tool call couldn't be made: what the model wrote"):
        await run(fake)
    assert len(fake.requests) == ATTEMPTS


@pytest.mark.parametrize(("bounds", "attempts"), [(None, 1), (Bounds(length=9), ATTEMPTS)])
async def test_only_a_small_model_is_asked_again_after_max_tokens(
    bounds: Bounds | None, attempts: int
) -> None:
    fake = await engine(*[RIGHT] * ATTEMPTS)
    with pytest.raises(AIError, match="max_tokens ended the call first"):
        await run(fake, replace(REQUEST, sampling=Sampling(max_tokens=3)), bounds)
    assert len(fake.requests) == attempts


FREE = replace(REQUEST, tool_choice="auto")
WRONG = '{"name":"add","parameters":{"a":1}}'


async def test_what_was_spent_on_a_call_that_did_not_come_about_is_counted() -> None:
    fake = await engine(WRONG, *["{} {} {}"] * ATTEMPTS)
    result = await run(fake, FREE)
    assert result.text == WRONG
    assert result.usage.completion_tokens == 1 + len("{} {} {}") * ATTEMPTS


async def test_a_tool_is_called_anew_once_in_an_answer() -> None:
    fake = await engine(f"{WRONG} {WRONG} {WRONG}", RIGHT)
    result = await run(fake, FREE)
    assert [call.arguments for call in result.tool_calls] == ['{"a":"b"}']
    assert result.text == WRONG * 2
    assert len(fake.requests) == 2


async def test_stop_does_not_cut_a_forced_call() -> None:
    fake = await engine(RIGHT)
    result = await run(fake, replace(REQUEST, sampling=Sampling(stop=(":",))))
    assert result.tool_calls[0].arguments == '{"a":"b"}'


class Calling(FakeEngine):
    """Calls a tool although an answer in JSON was asked for, as a remote server may."""

    async def run(self, request: TaskRequest) -> TextGenerationResult:
        if isinstance(request, TextGenerationRequest) and request.tool_choice == "auto":
            wrong = ToolCall("123456789", "add", '{"a":1}')
            return TextGenerationResult("", Usage(1, 1), "stop", tool_calls=(wrong,))
        return TextGenerationResult(RIGHT, Usage(1, 1), "stop")


async def test_calls_beside_a_response_format_are_verified_too() -> None:
    fake = Calling("fake")
    await fake.start()
    result = await run(fake, replace(FREE, json_format=JsonFormat(None)))
    assert [call.arguments for call in result.tool_calls] == ['{"a":"b"}']


async def test_patterns_are_compiled_off_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []
    to_thread = asyncio.to_thread

    async def counted(function: Callable[..., Toolbox], *given: object) -> Toolbox:
        threads.append(function)
        return await to_thread(function, *given)

    monkeypatch.setattr("fogbank.runtime.tool_use.asyncio.to_thread", counted)
    await plan(REQUEST)
    assert not threads
    slow = Tool("slow", "", {"properties": {"a": {"type": "string", "pattern": "a{999}"}}})
    await plan(replace(REQUEST, tools=(slow,)))
    assert threads


async def test_large_schemas_are_compiled_off_the_loop() -> None:
    wide = {"type": "object", "properties": {"x" * 20 + str(n): {} for n in range(900)}}
    request = replace(REQUEST, tools=(Tool("wide", "", wide),))
    planned, tools = await plan(request)
    assert tools is not None
    assert planned == request


async def test_without_tools_there_is_nothing_to_plan() -> None:
    plain = TextGenerationRequest(prompt="hi", tool_choice="required")
    assert await plan(plain) == (plain, None)
