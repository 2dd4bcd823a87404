"""Function calling on the run route, on the fake engine (contract 1.3, 3.1, 3.2, 5.4).

The fake calls what a message tells it to: `call NAME {...}`.
"""

import re
from typing import Any

import orjson
import pytest

from fogbank.runtime.attempts import ATTEMPTS
from fogbank.tasks import TextGenerationRequest
from tests.server import CHAT, TEXT, Running, events

pytestmark = [pytest.mark.anyio, pytest.mark.contract("5.4")]
PARAMETERS = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "Where."},
        "days": {"type": "integer", "description": "How long.", "minimum": 2},
    },
    "required": ["city"],
}
WEATHER = {"name": "weather", "description": "Tells.", "parameters": PARAMETERS}
OPENAI = {"type": "function", "function": WEATHER}
STOP = {"name": "stop", "description": "Stops.", "parameters": {"type": "object", "properties": {}}}
LISBON = {"city": "Lisbon"}
CALL = f"call weather {orjson.dumps(LISBON).decode()}"


@pytest.fixture
def it(fogbank: Running) -> Running:
    return fogbank


def asked(it: Running) -> list[TextGenerationRequest]:
    """What the engine got, oldest first."""
    return [each for each in it.engine.requests if isinstance(each, TextGenerationRequest)]


def body(content: str = CALL, *tools: Any, **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": content}]
    return {"messages": messages, "tools": list(tools or [WEATHER]), **more}


async def result(it: Running, sent: dict[str, Any], model: str = TEXT) -> Any:
    response = await it.run(model, sent)
    assert response.status_code == 200, response.text
    return response.json()["result"]


async def refusal(it: Running, sent: dict[str, Any]) -> tuple[int, str]:
    response = await it.run(TEXT, sent)
    (error,) = response.json()["errors"]
    assert response.status_code == 400
    return error["code"], error["message"]


@pytest.mark.contract("3.1", "3.2")
@pytest.mark.parametrize("form", [WEATHER, OPENAI], ids=["plain", "openai"])
async def test_a_native_call_has_an_object_and_no_id(it: Running, form: dict[str, Any]) -> None:
    answer = await result(it, body(CALL, form))
    assert answer["tool_calls"] == [{"name": "weather", "arguments": LISBON}]
    assert answer["response"] == ""
    assert answer["usage"]["completion_tokens"] > 0


async def test_text_before_a_call_stays(it: Running) -> None:
    it.engine._answer = lambda _: 'Let me see. {"name": "weather", "parameters": {"city": "Rome"}}'
    answer = await result(it, body("hi"))
    assert answer["response"] == "Let me see."
    assert answer["tool_calls"] == [{"name": "weather", "arguments": {"city": "Rome"}}]


@pytest.mark.contract("3.3")
async def test_a_chat_completion_has_openais_form(it: Running) -> None:
    (choice,) = (await result(it, body(), CHAT))["choices"]
    assert choice["finish_reason"] == "tool_calls"
    (call,) = choice["message"]["tool_calls"]
    assert re.fullmatch("[A-Za-z0-9]{9}", call["id"])
    assert call["type"] == "function"
    assert call["function"] == {"name": "weather", "arguments": '{"city":"Lisbon"}'}
    assert choice["message"]["content"] is None


async def test_several_calls(it: Running) -> None:
    answer = await result(it, body(f"{CALL} call stop {{}}", WEATHER, STOP))
    assert [call["name"] for call in answer["tool_calls"]] == ["weather", "stop"]


@pytest.mark.contract("3.1")
async def test_functions_can_be_called_and_their_code_is_never_run(it: Running) -> None:
    function = {"name": "boom", "code": "process.exit(1)"}
    messages = [{"role": "user", "content": 'call boom {"x": 1}'}]
    answer = await result(it, {"messages": messages, "functions": [function]})
    assert answer["tool_calls"] == [{"name": "boom", "arguments": {"x": 1}}]
    (tool,) = asked(it)[-1].tools
    assert (tool.name, tool.description) == ("boom", "process.exit(1)")


@pytest.mark.parametrize("choice", ["required", "any"])
async def test_a_required_call_is_made_whatever_is_said(it: Running, choice: str) -> None:
    answer = await result(it, body("hello", WEATHER, STOP, tool_choice=choice))
    assert answer["tool_calls"] == [{"name": "weather", "arguments": {"city": ""}}]


@pytest.mark.parametrize(
    "form", [{"type": "function", "function": {"name": "stop"}}, {"name": "stop"}]
)
async def test_a_named_tool_is_called(it: Running, form: dict[str, Any]) -> None:
    answer = await result(it, body("hello", WEATHER, STOP, tool_choice=form))
    assert answer["tool_calls"] == [{"name": "stop", "arguments": {}}]


async def test_none_hides_the_tools(it: Running) -> None:
    answer = await result(it, body(CALL, tool_choice="none"))
    assert answer["tool_calls"] == []
    assert answer["response"] == CALL
    assert asked(it)[-1].tools == ()


async def test_a_call_with_wrong_arguments_is_made_again(it: Running) -> None:
    answer = await result(it, body('call weather {"city": 5}'))
    assert answer["tool_calls"] == [{"name": "weather", "arguments": {"city": ""}}]
    assert len(it.engine.requests) == 2
    assert it.engine.started == 2
    one = await result(it, body())
    assert answer["usage"]["completion_tokens"] > one["usage"]["completion_tokens"]
    assert answer["usage"]["prompt_tokens"] < 2 * one["usage"]["prompt_tokens"]


async def test_a_call_of_an_unknown_tool_is_text(it: Running) -> None:
    answer = await result(it, body('call rm {"path":"/"}'))
    assert answer["tool_calls"] == []
    assert answer["response"] == '{"name":"rm","parameters":{"path":"/"}}'


async def test_a_call_that_cannot_be_made_right_stays_text(it: Running) -> None:
    even = {"n": {"type": "integer", "description": "Even.", "minimum": 1, "multipleOf": 2}}
    tool = {"name": "even", "description": "", "parameters": {"type": "object", "properties": even}}
    tool["parameters"]["required"] = ["n"]  # type: ignore[index]
    answer = await result(it, body('call even {"n": 3}', tool))
    assert (answer["tool_calls"], answer["response"]) == (
        [],
        '{"name":"even","parameters":{"n":3}}',
    )
    assert len(it.engine.requests) == 1 + ATTEMPTS
    temperatures = [each.sampling.temperature for each in asked(it)]
    assert temperatures[:5] == [0.6, 0.6, 1.1, 1.5, 1.5]
    code, message = await refusal(it, body("hello", tool, tool_choice="required"))
    assert code == 3030
    assert "Tool call couldn't be made: 1 is not a multiple of 2" in message


async def test_a_forced_call_that_max_tokens_ends_is_an_error(it: Running) -> None:
    code, message = await refusal(it, body("hello", tool_choice="required", max_tokens=3))
    assert code == 3030
    assert "max_tokens (3) ended the answer first" in message
    assert len(it.engine.requests) == 1


async def test_a_free_call_that_max_tokens_ends_is_text(it: Running) -> None:
    (choice,) = (await result(it, body(max_tokens=2), CHAT))["choices"]
    assert choice["finish_reason"] == "length"
    assert choice["message"] == {"role": "assistant", "content": '{"name": "weather",'}


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"tool_choice": "perhaps"}, "'tool_choice' is none of"),
        ({"tool_choice": {"name": "rm"}}, "'rm', which is not among the tools"),
        ({"tools": [WEATHER, WEATHER]}, "two tools are called 'weather'"),
    ],
)
async def test_what_cannot_be_called_is_refused(
    it: Running, more: dict[str, Any], text: str
) -> None:
    code, message = await refusal(it, {**body(), **more})
    assert code == 8001
    assert text in message


async def test_a_hostile_schema_is_refused_by_its_tools_name(it: Running) -> None:
    deep: dict[str, Any] = {"type": "string", "description": ""}
    for _ in range(60):
        deep = {"type": "object", "description": "", "properties": {"a": deep}}
    tool = {**WEATHER, "parameters": {"type": "object", "properties": {"a": deep}}}
    code, message = await refusal(it, body(CALL, tool))
    assert code == 8001
    assert "the tool 'weather': the schema is nested deeper" in message
    assert not it.engine.requests


TEXTUAL = {"id": "abcdefghi", "function": {"name": "weather", "arguments": '{"city":"Lisbon"}'}}
NATIVE = {"name": "weather", "arguments": LISBON}


@pytest.mark.contract("3.1")
@pytest.mark.parametrize(
    "turn",
    [
        {"content": "", "tool_calls": [TEXTUAL]},
        {"content": "", "tool_calls": [NATIVE]},
        {"content": '{"name": "weather", "parameters": {}}', "tool_calls": [NATIVE]},
    ],
    ids=["openai", "native", "langchain"],
)
async def test_turns_of_calls_and_results(it: Running, turn: dict[str, Any]) -> None:
    messages = [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", **turn},
        {"role": "tool", "name": "weather", "tool_call_id": "abcdefghi", "content": "Sunny."},
    ]
    answer = await result(it, {"messages": messages, "tools": [WEATHER]})
    assert answer["response"] == "Sunny."
    _, assistant, tool = asked(it)[-1].messages or ()
    (call,) = assistant["tool_calls"]
    assert (call.name, call.arguments) == ("weather", '{"city":"Lisbon"}')
    assert assistant["content"] == ""
    assert tool == {
        "role": "tool",
        "content": "Sunny.",
        "name": "weather",
        "tool_call_id": "abcdefghi",
    }


@pytest.mark.parametrize(
    "calls",
    [
        5,
        [5],
        [{"function": {}}],
        [{"name": "f", "arguments": "[]"}],
        [{"name": "f", "arguments": "{"}],
    ],
)
async def test_turns_that_are_no_calls(it: Running, calls: Any) -> None:
    turn = {"role": "assistant", "content": "", "tool_calls": calls}
    code, _ = await refusal(it, {"messages": [turn]})
    assert code == 8001


async def streamed(it: Running, sent: dict[str, Any], model: str = TEXT) -> list[Any]:
    response = await it.run(model, {**sent, "stream": True})
    assert response.status_code == 200, response.text
    data = events(response.text)
    assert data.pop() == "[DONE]"
    return [orjson.loads(each) for each in data]


@pytest.mark.contract("1.3")
@pytest.mark.parametrize("choice", ["auto", "required"])
async def test_a_native_stream_of_a_call(it: Running, choice: str) -> None:
    start, closed, reason, last = await streamed(it, body(CALL, tool_choice=choice))
    (call,) = start["tool_calls"]
    assert (call["type"], call["index"], call["name"]) == ("function", 0, "weather")
    assert call["function"] == {
        "name": "weather",
        "arguments": orjson.dumps(call["arguments"]).decode(),
    }
    assert start["response"] == ""
    assert closed == {
        "tool_calls": [
            {"id": None, "type": None, "index": 0, "function": {"name": None, "arguments": None}}
        ]
    }
    assert reason == {"finish_reason": "tool_calls"}
    assert last["usage"]["completion_tokens"] > 0


@pytest.mark.contract("1.3")
async def test_text_flows_while_it_is_no_call(it: Running) -> None:
    found = await streamed(it, body("I say {hello} to <you> and so on"))
    assert "".join(event["response"] for event in found) == "I say {hello} to <you> and so on"
    assert len(found) > 6
    assert not any("tool_calls" in event or "finish_reason" in event for event in found)


@pytest.mark.contract("1.3", "3.3")
async def test_a_chat_completion_stream_of_calls(it: Running) -> None:
    found = await streamed(it, body(f"{CALL} call stop {{}}", WEATHER, STOP), CHAT)
    (choice,) = found[0]["choices"]
    calls = choice["delta"]["tool_calls"]
    assert [(call["index"], call["function"]["name"]) for call in calls] == [
        (0, "weather"),
        (1, "stop"),
    ]
    assert found[1]["choices"] == [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]
    assert found[2]["usage"]["total_tokens"] > 0


@pytest.mark.contract("1.3")
async def test_a_stream_whose_call_is_wrong(it: Running) -> None:
    start, *_ = await streamed(it, body('call weather {"city": 5}'))
    assert start["tool_calls"][0]["arguments"] == {"city": ""}
    text, last = await streamed(it, body('call rm {"path":"/"}'))
    assert text == {"response": '{"name":"rm","parameters":{"path":"/"}}'}
    assert "usage" in last


async def test_a_forced_stream_that_fails_has_a_status(it: Running) -> None:
    sent = body("hello", tool_choice="required", max_tokens=3, stream=True)
    response = await it.run(TEXT, sent)
    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == 3030


async def test_response_format_holds_where_no_call_is_forced(it: Running) -> None:
    wanted = {"type": "json_schema", "json_schema": {"type": "boolean"}}
    assert (await result(it, body(CALL, response_format=wanted)))["response"] is False
    forced = await result(it, body("hi", response_format=wanted, tool_choice="required"))
    assert forced["response"] == ""
    assert forced["tool_calls"][0]["name"] == "weather"
