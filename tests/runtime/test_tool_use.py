"""How calls are made and settled (`runtime/tool_use.py`); the rest is tested on the run route."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

import pytest

from fogbank.engines.base import EngineRefused
from fogbank.engines.fake import FakeEngine
from fogbank.errors import AIError
from fogbank.runtime.attempts import ATTEMPTS, FULL, HOTTEST, WARMER
from fogbank.runtime.structured_use import Unmet, prepared
from fogbank.runtime.tool_use import ToolUse, plan
from fogbank.structured.library import Library
from fogbank.structured.narrowing import NO_BOUNDS, Bounds
from fogbank.tasks import (
    JsonFormat,
    NamedTool,
    Sampling,
    TaskRequest,
    TextChunk,
    TextGenerationRequest,
    TextGenerationResult,
    Tool,
    ToolCall,
    Usage,
)

pytestmark = pytest.mark.anyio
LIBRARY = Library()
BACKEND = "llguidance"
TOOL = Tool(
    "add", "", {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
)
STOP = Tool("stop", "", {"type": "object"})
REQUEST = TextGenerationRequest(
    prompt="hi", tools=(TOOL,), tool_choice="required", sampling=Sampling(seed=7)
)
FREE = replace(REQUEST, tool_choice="auto")
RIGHT = '{"name":"add","parameters":{"a":"b"}}'
WRONG = '{"name":"add","parameters":{"a":1}}'


async def engine(*answers: str) -> FakeEngine:
    """Says these one after another."""
    left = list(answers)
    fake = FakeEngine("fake", answer=lambda _: left.pop(0))
    await fake.start()
    return fake


async def planned(
    request: TextGenerationRequest, bounds: Bounds = NO_BOUNDS, asked: JsonFormat | None = None
) -> tuple[TextGenerationRequest, ToolUse]:
    use = None if asked is None else await prepared(asked, LIBRARY, BACKEND, NO_BOUNDS)
    ready, tools = await plan(request, LIBRARY, BACKEND, bounds, use)
    assert tools is not None
    return ready, tools


async def run(
    fake: FakeEngine,
    request: TextGenerationRequest = REQUEST,
    bounds: Bounds = NO_BOUNDS,
    asked: JsonFormat | None = None,
) -> TextGenerationResult:
    ready, tools = await planned(request, bounds, asked)
    return await tools.run(fake, ready)


async def stream(
    fake: FakeEngine, request: TextGenerationRequest = REQUEST, asked: JsonFormat | None = None
) -> list[TextChunk]:
    ready, tools = await planned(request, asked=asked)
    async with aclosing(tools.stream(fake, ready)) as chunks:
        return [replace(chunk) async for chunk in chunks]


def requests(fake: FakeEngine) -> list[TextGenerationRequest]:
    return [each for each in fake.requests if isinstance(each, TextGenerationRequest)]


async def test_a_wrong_call_is_made_again_with_another_seed_and_warmer() -> None:
    fake = await engine("{}", "no", RIGHT)
    result = await run(fake)
    assert result.tool_calls[0].arguments == '{"a":"b"}'
    samplings = [each.sampling for each in requests(fake)]
    assert [sampling.seed for sampling in samplings] == [7, 8, 9]
    assert [sampling.temperature for sampling in samplings] == [
        0.6,
        0.6 + WARMER,
        min(0.6 + 2 * WARMER, HOTTEST),
    ]
    assert result.usage.prompt_tokens == 1
    assert result.usage.completion_tokens > 20
    assert (result.text, result.finish_reason) == ("", "tool_calls")


async def test_there_is_an_end_to_it() -> None:
    fake = await engine(*["{}"] * ATTEMPTS)
    with pytest.raises(Unmet, match="3030: Tool call couldn't be made: ") as caught:
        await run(fake)
    assert len(fake.requests) == ATTEMPTS
    assert caught.value.usage.completion_tokens == 2 * ATTEMPTS


@pytest.mark.parametrize("bounds", [NO_BOUNDS, Bounds(length=9)])
async def test_half_a_call_is_never_closed(bounds: Bounds) -> None:
    fake = await engine(*[RIGHT] * FULL)
    with pytest.raises(Unmet, match=r"max_tokens \(5\) ended the answer first"):
        await run(fake, replace(REQUEST, sampling=Sampling(max_tokens=5)), bounds)
    assert len(fake.requests) == FULL
    assert not any(request.prefix for request in requests(fake))


async def test_only_the_named_tool_is_shown_and_called() -> None:
    fake = await engine('{"name":"stop","parameters":{}}')
    result = await run(fake, replace(REQUEST, tools=(TOOL, STOP), tool_choice=NamedTool("stop")))
    assert [(call.name, call.arguments) for call in result.tool_calls] == [("stop", "{}")]
    (asked,) = requests(fake)
    assert asked.tools == (STOP,)
    assert asked.constraint is not None
    held = json.loads(asked.constraint.text)
    assert held["properties"]["name"] == {"const": "stop"}


async def test_a_model_is_bounded_as_its_profile_says() -> None:
    fake = await engine(RIGHT)
    await run(fake, bounds=Bounds(length=9, items=2))
    (asked,) = requests(fake)
    assert asked.constraint is not None
    assert '"maxLength":9' in asked.constraint.text


@pytest.mark.parametrize(
    ("tools", "choice", "told"),
    [
        ((TOOL,), NamedTool("x" * 999), "'tool_choice' names 'x"),
        ((TOOL, TOOL), "auto", "two tools are called 'add'"),
        ((Tool("f", "", {"type": "text"}),), "auto", "the parameters of the tool 'f'"),
    ],
)
async def test_tools_that_cannot_be_used(
    tools: tuple[Tool, ...], choice: NamedTool, told: str
) -> None:
    with pytest.raises(AIError, match=f"8001: Invalid input: {told}") as caught:
        await planned(replace(REQUEST, tools=tools, tool_choice=choice))
    assert len(str(caught.value)) < 400


async def test_what_was_spent_on_a_call_that_did_not_come_about_is_counted() -> None:
    fake = await engine(WRONG, *["{} {} {}"] * ATTEMPTS)
    result = await run(fake, FREE)
    assert result.text == WRONG
    assert result.finish_reason == "stop"
    assert result.usage.completion_tokens == 1 + len("{} {} {}") * ATTEMPTS


async def test_an_engine_that_refuses_the_constraint_leaves_the_call_text() -> None:
    fake = await engine(WRONG)
    fail_after_first(fake, EngineRefused("no grammar"))
    result = await run(fake, FREE)
    assert (result.text, result.tool_calls) == (WRONG, ())


def fail_after_first(fake: FakeEngine, error: Exception) -> None:
    answer = fake._answer

    def then(request: TextGenerationRequest) -> str:
        if request.constraint is not None:
            raise error
        return answer(request)

    fake._answer = then


async def test_a_tool_is_called_anew_once_in_an_answer() -> None:
    fake = await engine(f"{WRONG} {WRONG} {WRONG}", RIGHT)
    result = await run(fake, FREE)
    assert [call.arguments for call in result.tool_calls] == ['{"a":"b"}']
    assert result.text == WRONG * 2
    assert len(fake.requests) == 2


async def test_a_call_made_anew_is_held_to_its_own_tool() -> None:
    fake = await engine(WRONG, RIGHT)
    await run(fake, replace(FREE, tools=(TOOL, STOP), sampling=Sampling(logprobs=1)))
    _, again = requests(fake)
    assert again.constraint is not None
    assert json.loads(again.constraint.text)["properties"]["name"] == {"const": "add"}
    assert again.tool_choice == NamedTool("add")
    assert again.tools == (TOOL, STOP), "the same prompt"
    assert again.sampling.logprobs is None


async def test_a_right_call_is_kept_as_it_is() -> None:
    fake = await engine('{"name": "add", "parameters": {"a": "b", "c": 1}}')
    result = await run(fake, FREE)
    assert [call.arguments for call in result.tool_calls] == ['{"a":"b","c":1}']
    assert (result.text, result.finish_reason) == ("", "tool_calls")
    (asked,) = requests(fake)
    assert asked.constraint is None


async def test_stop_does_not_cut_a_forced_call() -> None:
    fake = await engine(RIGHT)
    result = await run(fake, replace(REQUEST, sampling=Sampling(stop=(":",))))
    assert result.tool_calls[0].arguments == '{"a":"b"}'


async def test_a_forced_call_is_streamed_whole() -> None:
    called, last = await stream(await engine("{}", RIGHT))
    assert [call.arguments for call in called.tool_calls] == ['{"a":"b"}']
    assert (called.text, last.text, last.finish_reason) == ("", "", "tool_calls")
    assert called.completion_tokens == last.completion_tokens > 12


async def test_a_wrong_call_in_a_stream_is_made_again() -> None:
    fake = await engine(f"Well. {WRONG}", RIGHT)
    chunks = await stream(fake, FREE)
    assert "".join(chunk.text for chunk in chunks).strip() == "Well."
    (call,) = [call for chunk in chunks for call in chunk.tool_calls]
    assert call.arguments == '{"a":"b"}'
    assert chunks[-1].finish_reason == "tool_calls"
    assert chunks[-1].completion_tokens > 10, "with those of the second answer"


class Calling(FakeEngine):
    """Calls a tool although an answer in JSON was asked for, as a remote server may."""

    arguments = '{"a":1}'

    async def run(self, request: TaskRequest) -> TextGenerationResult:
        assert isinstance(request, TextGenerationRequest)
        self.requests.append(request)
        if request.tool_choice == "auto":
            call = ToolCall("123456789", "add", self.arguments)
            return TextGenerationResult("", Usage(1, 1), "stop", tool_calls=(call,))
        return TextGenerationResult(RIGHT, Usage(1, 1), "stop")

    async def stream(self, request: TextGenerationRequest) -> AsyncGenerator[TextChunk]:
        self.requests.append(request)
        yield TextChunk("", 1, 1, tool_calls=(ToolCall("123456789", "add", self.arguments),))
        yield TextChunk("", 1, 1, finish_reason="stop")


@pytest.mark.parametrize(("arguments", "tries"), [('{"a":1}', 2), ('{"a":"b"}', 1)])
async def test_calls_beside_a_response_format_are_verified_too(arguments: str, tries: int) -> None:
    fake = Calling("fake")
    fake.arguments = arguments
    await fake.start()
    result = await run(fake, FREE, asked=JsonFormat())
    assert [call.arguments for call in result.tool_calls] == ['{"a":"b"}']
    assert result.finish_reason == "tool_calls"
    assert len(fake.requests) == tries
    fake.requests.clear()
    called, last = await stream(fake, FREE, asked=JsonFormat())
    assert [call.arguments for call in called.tool_calls] == ['{"a":"b"}']
    assert last.finish_reason == "tool_calls"
    assert len(fake.requests) == tries


async def test_an_answer_beside_tools_is_of_the_response_format() -> None:
    schema = {"properties": {"b": {"type": "integer"}}, "required": ["b"]}
    fake = await engine(WRONG, '{"b":2}')
    result = await run(fake, FREE, asked=JsonFormat(schema))
    assert (result.text, result.tool_calls, result.finish_reason) == ('{"b":2}', (), "stop")
    assert result.evidence is not None
    assert result.evidence.tries == 2
    assert all(each.constraint and each.tools for each in requests(fake))
    chunks = await stream(await engine('{"b":2}'), FREE, asked=JsonFormat(schema))
    assert "".join(chunk.text for chunk in chunks) == '{"b":2}'
    assert chunks[-1].finish_reason == "stop"
    assert chunks[-1].evidence is not None


async def test_a_forced_call_goes_before_a_response_format() -> None:
    result = await run(await engine(RIGHT), asked=JsonFormat({"type": "array"}))
    assert [call.name for call in result.tool_calls] == ["add"]
    assert result.text == ""


async def test_large_schemas_are_planned() -> None:
    wide = {"type": "object", "properties": {"x" * 20 + str(n): {} for n in range(900)}}
    request = replace(REQUEST, tools=(Tool("wide", "", wide),))
    ready, _ = await planned(request)
    assert ready == request


async def test_without_tools_there_is_nothing_to_plan() -> None:
    plain = TextGenerationRequest(prompt="hi", tool_choice="required")
    assert await plan(plain, LIBRARY, BACKEND) == (plain, None)


async def test_tools_that_must_not_be_called_are_not_shown() -> None:
    none = replace(REQUEST, tool_choice="none")
    assert await plan(none, LIBRARY, BACKEND) == (replace(none, tools=()), None)
