"""`responses` (contract 1.6, 3.6)."""

from typing import Any

import orjson
import pytest

from fogbank.dialects.openai.responses_events import ResponseEvents
from fogbank.engines.base import EngineDead
from fogbank.tasks import TextChunk, TextGenerationRequest, ToolCall
from tests.dialects.openai.test_chat import PERSON
from tests.dialects.proof import held
from tests.server import TEXT, Running

pytestmark = [pytest.mark.anyio, pytest.mark.contract("1.6", "3.6")]
WEATHER = {
    "type": "function",
    "name": "weather",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}


async def respond(fogbank: Running, **body: Any) -> Any:
    response = await fogbank.client.post(
        "/v1/responses", json={"model": TEXT, "input": "one two three"} | body
    )
    assert response.status_code == 200, response.text
    return response.json()


async def stream(fogbank: Running, **body: Any) -> list[Any]:
    """Every event but the `[DONE]` at the end."""
    given = {"model": TEXT, "input": "one two three", "stream": True} | body
    response = await fogbank.client.post("/v1/responses", json=given)
    assert response.status_code == 200
    *blocks, done, empty = response.text.split("\n\n")
    assert (done, empty) == ("data: [DONE]", "")
    found = []
    for block in blocks:
        name, data = block.split("\n")
        event = orjson.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        found.append(event)
    assert [event["sequence_number"] for event in found] == list(range(len(found)))
    return found


def seen(fogbank: Running) -> TextGenerationRequest:
    request = fogbank.engine.requests[-1]
    assert isinstance(request, TextGenerationRequest)
    return request


async def test_a_text(fogbank: Running) -> None:
    body = await respond(fogbank, instructions="Be brief.", temperature=0)
    assert (body["object"], body["status"], body["model"]) == ("response", "completed", TEXT)
    (item,) = body["output"]
    assert (item["type"], item["role"], item["status"]) == ("message", "assistant", "completed")
    (part,) = item["content"]
    assert (part["type"], part["text"]) == ("output_text", "one two three")
    assert body["usage"]["input_tokens"] == 7
    assert body["usage"]["output_tokens"] == 3
    assert body["usage"]["input_tokens_details"] == {"cached_tokens": 0}
    assert seen(fogbank).messages == (
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "one two three"},
    )


async def test_cut_off(fogbank: Running) -> None:
    body = await respond(fogbank, max_output_tokens=2)
    assert body["status"] == "incomplete"
    assert body["incomplete_details"] == {"reason": "max_output_tokens"}


async def test_items(fogbank: Running) -> None:
    given = [
        {"role": "user", "content": [{"type": "input_text", "text": "Weather?"}]},
        {"type": "reasoning", "summary": []},
        {
            "type": "function_call",
            "call_id": "abcdefghi",
            "name": "weather",
            "arguments": '{"city":"Lisbon"}',
        },
        {"type": "function_call_output", "call_id": "abcdefghi", "output": "sunny"},
    ]
    await respond(fogbank, input=given)
    assert seen(fogbank).messages == (
        {"role": "user", "content": "Weather?"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [ToolCall("abcdefghi", "weather", '{"city":"Lisbon"}')],
        },
        {"role": "tool", "content": "sunny", "tool_call_id": "abcdefghi"},
    )


async def test_a_schema(fogbank: Running) -> None:
    wanted = {"type": "json_schema", "name": "person", "schema": PERSON, "strict": True}
    body = await respond(fogbank, text={"format": wanted})
    assert body["output"][0]["content"][0]["text"] == '{"name":"x","age":0}'
    assert '"age"' in held(seen(fogbank))


@pytest.mark.contract("3.6", "5.4")
async def test_a_call(fogbank: Running) -> None:
    body = await respond(fogbank, tools=[WEATHER], tool_choice="required")
    (item,) = body["output"]
    assert (item["type"], item["name"]) == ("function_call", "weather")
    assert item["arguments"] == '{"city":""}'
    assert len(item["call_id"]) == 9


@pytest.mark.contract("1.3", "3.6")
async def test_a_stream(fogbank: Running) -> None:
    found = await stream(fogbank)
    assert [event["type"] for event in found] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        *["response.output_text.delta"] * 3,
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert "".join(event.get("delta", "") for event in found) == "one two three"
    response = found[-1]["response"]
    assert response["output"][0]["content"][0]["text"] == "one two three"
    assert response["usage"]["total_tokens"] == 7
    assert found[0]["response"]["status"] == "in_progress"


async def test_a_stream_of_a_call(fogbank: Running) -> None:
    named = {"type": "function", "name": "weather"}
    found = await stream(fogbank, tools=[WEATHER], tool_choice=named)
    assert [event["type"] for event in found[2:-1]] == [
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
    ]
    assert found[-1]["response"]["output"] == [found[-2]["item"]]


def test_text_before_and_after_a_call() -> None:
    """Every item has an id and an index of its own."""
    framing = ResponseEvents({"output": []})
    call = ToolCall("abcdefghi", "weather", "{}")
    data = b"".join(
        framing.chunk(chunk)
        for chunk in (TextChunk("a"), TextChunk("", tool_calls=(call,)), TextChunk("b"))
    ) + framing.end(TextChunk("", finish_reason="tool_calls"), None)
    found = [orjson.loads(line[6:]) for line in data.splitlines() if line.startswith(b"data: {")]
    added = [event for event in found if event["type"] == "response.output_item.added"]
    assert [event["output_index"] for event in added] == [0, 1, 2]
    ids = [event["item"]["id"] for event in added]
    assert len(set(ids)) == 3
    deltas = [event for event in found if event["type"] == "response.output_text.delta"]
    assert [event["item_id"] for event in deltas] == [ids[0], ids[2]]
    assert [item["id"] for item in found[-1]["response"]["output"]] == ids


async def test_a_stream_that_is_cut_off(fogbank: Running) -> None:
    found = await stream(fogbank, max_output_tokens=1)
    assert found[-1]["type"] == "response.incomplete"
    assert found[-1]["response"]["output"][0]["status"] == "incomplete"


async def test_a_stream_that_fails(fogbank: Running) -> None:
    fogbank.engine.fail_next(EngineDead("gone"), after=1)
    body = {"model": TEXT, "input": "one two three", "stream": True}
    response = await fogbank.client.post("/v1/responses", json=body)
    *_, last, empty = response.text.split("\n\n")
    name, data = last.split("\n")
    assert (name, empty) == ("event: error", "")
    assert orjson.loads(data.removeprefix("data: "))["message"] == "Upstream service unavailable"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"background": True}, "background"),
        ({"tools": [{"type": "web_search"}]}, "tools.0.type"),
        ({"tools": [{"type": "function"}]}, "tools.0.name"),
        ({"input": [{"type": "item_reference", "id": "a"}]}, "input.0.type"),
        ({"input": [{"type": "function_call_output", "output": "a"}]}, "input.0.call_id"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image"}]}]},
            "input.0.content.0",
        ),
        ({"max_output_tokens": 5000}, "max_output_tokens"),
    ],
)
async def test_what_is_refused(fogbank: Running, body: dict[str, Any], param: str) -> None:
    given = {"model": TEXT, "input": "a"} | body
    response = await fogbank.client.post("/v1/responses", json=given)
    assert response.status_code == 400
    assert response.json()["error"]["param"] == param
