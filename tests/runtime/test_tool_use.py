"""How often a call is made (`runtime/tool_use.py`); the rest is tested on the run route."""

from dataclasses import replace

import pytest

from fogbank.engines.fake import FakeEngine
from fogbank.errors import AIError
from fogbank.runtime.tool_use import ATTEMPTS, plan
from fogbank.structured.tool_constraint import Bounds
from fogbank.tasks import Sampling, TextGenerationRequest, TextGenerationResult, Tool

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


async def test_large_schemas_are_compiled_off_the_loop() -> None:
    wide = {"type": "object", "properties": {"x" * 20 + str(n): {} for n in range(900)}}
    request = replace(REQUEST, tools=(Tool("wide", "", wide),))
    planned, tools = await plan(request)
    assert tools is not None
    assert planned == request


async def test_without_tools_there_is_nothing_to_plan() -> None:
    plain = TextGenerationRequest(prompt="hi", tool_choice="required")
    assert await plan(plain) == (plain, None)
