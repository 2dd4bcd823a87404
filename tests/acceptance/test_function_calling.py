"""What the embedded model calls when it must (issue 3: 50 times of 50)."""

import asyncio
from typing import Any

import httpx2
import jsonschema_rs
import orjson
import pytest

from tests.acceptance.asking import TEXT, Story, ask, refusal
from tests.acceptance.tools import Case, cases, tool

pytestmark = [pytest.mark.anyio, pytest.mark.engine]
CASES = cases()
WEATHER = CASES[0]


def body(case: Case, *others: Case, **more: Any) -> dict[str, Any]:
    return {
        "messages": [{"role": "user", "content": case[2]}],
        "tools": [tool(each) for each in (case, *others)],
        "tool_choice": "required",
        **more,
    }


def check(result: dict[str, Any], *offered: Case) -> None:
    (call,) = result["tool_calls"]
    assert call.keys() == {"name", "arguments"}
    schema = {name: parameters for name, parameters, _ in offered}[call["name"]]
    jsonschema_rs.validate(schema, call["arguments"])
    assert result["response"] == ""
    assert result["usage"]["completion_tokens"] > 4


@pytest.mark.contract("5.4", "3.2")
@pytest.mark.parametrize("case", CASES[::5], ids=lambda case: case[0])
async def test_a_required_call_parses_and_validates(web: httpx2.AsyncClient, case: Case) -> None:
    check(await ask(web, TEXT, **body(case)), case)


@pytest.mark.verify
@pytest.mark.contract("5.4", "3.2")
async def test_fifty_of_fifty(web: httpx2.AsyncClient) -> None:
    assert len(CASES) == 50
    answers = await asyncio.gather(*(ask(web, TEXT, **body(case)) for case in CASES))
    for case, answer in zip(CASES, answers, strict=True):
        check(answer, case)


@pytest.mark.verify
@pytest.mark.parametrize("temperature", [1.0, 5.0])
async def test_fifty_of_fifty_however_wildly_it_draws(
    web: httpx2.AsyncClient, temperature: float
) -> None:
    neighbours = [*CASES[1:], CASES[0]]
    pairs = list(zip(CASES, neighbours, strict=True))
    wild: dict[str, Any] = {"temperature": temperature, "seed": 7}
    answers = await asyncio.gather(*(ask(web, TEXT, **body(*pair, **wild)) for pair in pairs))
    for pair, answer in zip(pairs, answers, strict=True):
        check(answer, *pair)


@pytest.mark.contract("1.3", "5.4")
async def test_a_required_call_streams(web: httpx2.AsyncClient) -> None:
    story = await Story().read(web, **body(WEATHER))
    assert story.finished
    called, closed, reason, usage = story.events
    (call,) = called["tool_calls"]
    jsonschema_rs.validate(WEATHER[1], orjson.loads(call["function"]["arguments"]))
    assert closed["tool_calls"][0]["function"] == {"name": None, "arguments": None}
    assert reason == {"finish_reason": "tool_calls"}
    assert usage["usage"]["completion_tokens"] > 5


@pytest.mark.contract("5.4")
async def test_a_call_that_max_tokens_ends_is_an_error(web: httpx2.AsyncClient) -> None:
    status, error = await refusal(web, TEXT, **body(WEATHER, max_tokens=4))
    assert (status, error["code"]) == (400, 3030)
    assert "max_tokens (4) ended the answer first" in error["message"]


@pytest.mark.contract("5.4")
async def test_the_result_of_a_call_is_read(web: httpx2.AsyncClient) -> None:
    call = {"name": "find_code", "arguments": {"of": "Anna"}}
    messages = [
        {"role": "user", "content": "What is the code of Anna?"},
        {"role": "assistant", "content": orjson.dumps(call).decode()},
        {"role": "tool", "name": "find_code", "content": "The code of Anna is 4711."},
        {"role": "user", "content": "So what is the code of Anna?"},
    ]
    result = await ask(web, TEXT, messages=messages, max_tokens=40)
    assert "4711" in result["response"]
    assert result["tool_calls"] == []
