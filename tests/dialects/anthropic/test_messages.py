"""`messages`, Anthropic's form and an extension (contract 1.6)."""

from typing import Any

import orjson
import pytest

from fogbank.engines.base import EngineDead
from fogbank.tasks import NamedTool, TextGenerationRequest, ToolCall
from tests.dialects.proof import HEADER, held, proven
from tests.server import ACCOUNT, TEXT, Running

pytestmark = [pytest.mark.anyio, pytest.mark.contract("1.6")]
SAID = [{"role": "user", "content": "one two three"}]
BASE = f"/client/v4/accounts/{ACCOUNT}/ai/v1"
WEATHER = {
    "name": "weather",
    "description": "Weather of a city.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}


async def post(fogbank: Running, path: str = "/v1/messages", **body: Any) -> Any:
    given = {"model": TEXT, "max_tokens": 100, "messages": SAID} | body
    response = await fogbank.client.post(path, json=given)
    assert response.headers["x-fogbank-extension"] == "messages"
    return response


async def answer(fogbank: Running, **body: Any) -> Any:
    response = await post(fogbank, **body)
    assert response.status_code == 200, response.text
    return response.json()


async def stream(fogbank: Running, **body: Any) -> list[Any]:
    response = await post(fogbank, stream=True, **body)
    *blocks, empty = response.text.split("\n\n")
    assert empty == ""
    found = []
    for block in blocks:
        name, data = block.split("\n")
        event = orjson.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        found.append(event)
    return found


def seen(fogbank: Running) -> TextGenerationRequest:
    request = fogbank.engine.requests[-1]
    assert isinstance(request, TextGenerationRequest)
    return request


@pytest.mark.contract("clients 10")
@pytest.mark.parametrize("path", [f"{BASE}/messages", f"{BASE}/v1/messages", "/v1/messages"])
async def test_a_message_at_every_path(fogbank: Running, path: str) -> None:
    body = (await post(fogbank, path)).json()
    assert body["id"].startswith("msg_")
    assert (body["type"], body["role"], body["model"]) == ("message", "assistant", TEXT)
    assert body["content"] == [{"type": "text", "text": "one two three"}]
    assert (body["stop_reason"], body["stop_sequence"]) == ("end_turn", None)
    assert body["usage"]["input_tokens"] == 4
    assert body["usage"]["output_tokens"] == 3
    assert body["usage"]["cache_read_input_tokens"] == 0


async def test_parameters(fogbank: Running) -> None:
    await answer(
        fogbank,
        system=[{"type": "text", "text": "Be brief."}],
        max_tokens=7,
        temperature=0.5,
        top_p=0.9,
        top_k=5,
        stop_sequences=["four", *"abcde"],
        metadata={"user_id": "me"},
        thinking=None,
    )
    sampling = seen(fogbank).sampling
    assert (sampling.max_tokens, sampling.temperature) == (7, 0.5)
    assert (sampling.top_p, sampling.top_k, sampling.stop) == (0.9, 5, ("four", *"abcde"))
    assert seen(fogbank).messages == ({"role": "system", "content": "Be brief."}, *SAID)


async def test_cut_off(fogbank: Running) -> None:
    assert (await answer(fogbank, max_tokens=1))["stop_reason"] == "max_tokens"


@pytest.mark.contract("1.6", "5.4")
@pytest.mark.parametrize(
    ("choice", "read"),
    [({"type": "any"}, "required"), ({"type": "tool", "name": "weather"}, NamedTool("weather"))],
)
async def test_a_tool_that_must_be_used(fogbank: Running, choice: Any, read: Any) -> None:
    body = await answer(fogbank, tools=[WEATHER], tool_choice=choice)
    assert body["stop_reason"] == "tool_use"
    (block,) = body["content"]
    assert (block["type"], block["name"], block["input"]) == ("tool_use", "weather", {"city": ""})
    assert seen(fogbank).tool_choice == read


async def test_the_turns_of_a_tool(fogbank: Running) -> None:
    used = {"type": "tool_use", "id": "a1", "name": "weather", "input": {"city": None}}
    result = {
        "type": "tool_result",
        "tool_use_id": "a1",
        "content": [{"type": "text", "text": "sun"}],
    }
    wrong = {"type": "tool_result", "tool_use_id": "a2", "content": "no", "is_error": True}
    said = [
        *SAID,
        {"role": "assistant", "content": [{"type": "text", "text": "I look."}, used]},
        {"role": "user", "content": [result, wrong, {"type": "text", "text": "And?"}]},
    ]
    await answer(fogbank, messages=said)
    assert seen(fogbank).messages == (
        *SAID,
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [ToolCall("a1", "weather", '{"city":null}')],
        },
        {"role": "tool", "content": "sun", "tool_call_id": "a1"},
        {"role": "tool", "content": "Error: no", "tool_call_id": "a2"},
        {"role": "user", "content": "And?"},
    )


async def test_a_schema(fogbank: Running) -> None:
    schema = {"type": "object", "properties": {"a": {"const": None}}, "required": ["a"]}
    config = {"format": {"type": "json_schema", "schema": schema}}
    body = await answer(fogbank, output_config=config)
    assert body["content"][0]["text"] == '{"a":null}'
    assert held(seen(fogbank))


async def test_how_a_schema_was_met(fogbank: Running) -> None:
    config = {"format": {"type": "json_schema", "schema": {"const": 1}}}
    proven((await post(fogbank, output_config=config)).headers[HEADER])
    delta = (await stream(fogbank, output_config=config))[-2]
    assert list(delta)[-2:] == ["usage", "structured_output"]
    proven(delta["structured_output"])


async def test_a_stream(fogbank: Running) -> None:
    found = await stream(fogbank)
    assert [event["type"] for event in found] == [
        "message_start",
        "content_block_start",
        *["content_block_delta"] * 3,
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert found[0]["message"]["usage"]["input_tokens"] == 4
    texts = [event["delta"]["text"] for event in found if event["type"] == "content_block_delta"]
    assert "".join(texts) == "one two three"
    assert found[-2]["delta"]["stop_reason"] == "end_turn"
    assert found[-2]["usage"]["output_tokens"] == 3


async def test_a_stream_of_a_tool(fogbank: Running) -> None:
    found = await stream(fogbank, tools=[WEATHER], tool_choice={"type": "any"})
    start, delta, stop = found[1:4]
    assert start["content_block"]["input"] == {}
    assert start["content_block"]["name"] == "weather"
    assert delta["delta"] == {"type": "input_json_delta", "partial_json": '{"city":""}'}
    assert (start["index"], stop["type"]) == (0, "content_block_stop")
    assert found[-2]["delta"]["stop_reason"] == "tool_use"


@pytest.mark.contract("decision 6")
async def test_a_stream_that_fails(fogbank: Running) -> None:
    fogbank.engine.fail_next(EngineDead("gone"), after=1)
    last = (await stream(fogbank))[-1]
    assert last["type"] == "error"
    assert last["error"] == {"type": "api_error", "message": "Upstream service unavailable"}


IMAGE = [{"role": "user", "content": [{"type": "image", "source": {}}]}]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"max_tokens": None}, "required properties at '/' are 'model,messages,max_tokens'"),
        ({"messages": IMAGE}, "blocks of type 'image' are not read"),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "not served here"),
        ({"tool_choice": {"type": "any"}}, "needs 'tools'"),
        ({"tool_choice": {"type": "tool", "name": "f"}}, "no function named 'f'"),
        ({"model": "@cf/no/such"}, "No such model"),
        ({"system": [{"type": "image"}]}, "blocks of type 'image'"),
        (
            {"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]},
            "needs 'tool_use_id'",
        ),
        (
            {"messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "a"}]}]},
            "needs 'name'",
        ),
    ],
)
async def test_what_is_refused(fogbank: Running, body: dict[str, Any], text: str) -> None:
    response = await post(fogbank, **body)
    assert response.status_code == 400
    told = response.json()
    assert told["type"] == "error"
    assert told["error"]["type"] == "invalid_request_error"
    assert text in told["error"]["message"]
    assert told["success"] is False


async def test_a_stated_reason_for_every_status(fogbank: Running) -> None:
    response = await post(fogbank, max_tokens=3999)
    assert response.status_code == 413
    assert response.json()["error"]["type"] == "request_too_large"


async def test_the_key_may_stand_in_x_api_key(fogbank: Running) -> None:
    fogbank.server.guard._keys.create("me")
    assert (await fogbank.client.post("/v1/messages", json={})).status_code == 401
    key = fogbank.server.guard._keys.create("you")
    body = {"model": TEXT, "max_tokens": 5, "messages": SAID}
    headers = {"x-api-key": key}
    response = await fogbank.client.post("/v1/messages", json=body, headers=headers)
    assert response.status_code == 200
