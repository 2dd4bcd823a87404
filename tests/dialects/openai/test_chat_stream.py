"""`chat/completions`, streamed (contract 1.3)."""

from typing import Any

import orjson
import pytest

from fogbank.engines.base import EngineDead
from tests.dialects.openai.test_chat import PERSON, SAID, WEATHER
from tests.server import STAND_IN, STANDING_IN, TEXT, Running, events

pytestmark = [pytest.mark.anyio, pytest.mark.contract("1.3", "1.6")]


async def stream(fogbank: Running, **body: Any) -> list[Any]:
    """The events before `[DONE]`."""
    given = {"model": TEXT, "messages": SAID, "stream": True} | body
    response = await fogbank.client.post("/v1/chat/completions", json=given)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream"
    *data, done = events(response.text)
    assert done == "[DONE]"
    return [orjson.loads(item) for item in data]


@pytest.mark.contract("clients 5", "clients 6")
async def test_role_text_reason_usage(fogbank: Running) -> None:
    *pieces, last = await stream(fogbank)
    choices = [piece["choices"][0] for piece in pieces]
    assert all(choice["index"] == 0 for choice in choices)
    assert [choice["delta"] for choice in choices] == [
        {"role": "assistant", "content": ""},
        {"content": "one"},
        {"content": " two"},
        {"content": " three"},
        {},
    ]
    assert [choice["finish_reason"] for choice in choices] == [None] * 4 + ["stop"]
    assert last["choices"] == []
    assert last["usage"] == {
        "prompt_tokens": 4,
        "completion_tokens": 3,
        "total_tokens": 7,
        "prompt_tokens_details": {"cached_tokens": 0},
    }
    assert len({piece["id"] for piece in [*pieces, last]}) == 1
    assert {piece["object"] for piece in pieces} == {"chat.completion.chunk"}


@pytest.mark.contract("clients 6")
async def test_no_key_tool_calls_without_one(fogbank: Running) -> None:
    """An empty list makes a client drop all later text (contract 1.3)."""
    assert not any("tool_calls" in str(piece) for piece in await stream(fogbank))


@pytest.mark.contract("1.3", "5.4")
async def test_a_call(fogbank: Running) -> None:
    pieces = await stream(fogbank, tools=[WEATHER], tool_choice="required")
    deltas = [piece["choices"][0]["delta"] for piece in pieces if piece["choices"]]
    calls = [call for delta in deltas for call in delta.get("tool_calls", [])]
    assert [(call["index"], call["type"]) for call in calls] == [(0, "function")]
    assert calls[0]["function"] == {"name": "weather", "arguments": '{"city":""}'}
    assert pieces[-2]["choices"][0]["finish_reason"] == "tool_calls"


async def test_json_mode_streams_its_text(fogbank: Running) -> None:
    wanted = {"type": "json_schema", "json_schema": PERSON}
    pieces = await stream(fogbank, response_format=wanted)
    texts = [p["choices"][0]["delta"].get("content", "") for p in pieces if p["choices"]]
    assert "".join(texts) == '{"name":"x","age":0}'


async def test_several_answers_are_told_apart_by_index(fogbank: Running) -> None:
    *pieces, last = await stream(fogbank, n=3)
    for index in range(3):
        own = [p["choices"][0] for p in pieces if p["choices"][0]["index"] == index]
        assert own[0]["delta"]["role"] == "assistant"
        assert "".join(c["delta"].get("content", "") for c in own) == "one two three"
        assert own[-1]["finish_reason"] == "stop"
    assert last["usage"]["prompt_tokens"] == 4
    assert last["usage"]["completion_tokens"] == 9


async def test_logprobs(fogbank: Running) -> None:
    pieces = await stream(fogbank, logprobs=True, top_logprobs=1)
    told = [p["choices"][0]["logprobs"] for p in pieces if "logprobs" in str(p)]
    assert [item["content"][0]["token"] for item in told] == ["one", " two", " three"]


@pytest.mark.contract("decision 6")
@pytest.mark.parametrize("n", [1, 3])
async def test_a_failure_within_is_an_error_event_and_no_done(fogbank: Running, n: int) -> None:
    fogbank.engine.fail_next(EngineDead("gone"), after=1)
    body = {"model": TEXT, "messages": SAID, "stream": True, "n": n}
    response = await fogbank.client.post("/v1/chat/completions", json=body)
    assert response.status_code == 200
    last = orjson.loads(events(response.text)[-1])
    assert last["error"]["message"] == "Upstream service unavailable"
    assert last["error"]["type"] == "server_error"
    assert fogbank.engine.running == 0


async def test_an_early_failure_has_its_own_status(fogbank: Running) -> None:
    fogbank.engine.fail_next(EngineDead("gone"))
    body = {"model": TEXT, "messages": SAID, "stream": True}
    response = await fogbank.client.post("/v1/chat/completions", json=body)
    assert response.status_code == 502
    assert response.headers["content-type"] == "application/json"


async def test_headers(fogbank: Running) -> None:
    body = {"model": STAND_IN, "messages": SAID, "stream": True}
    response = await fogbank.client.post("/v1/chat/completions", json=body)
    assert response.headers["x-fogbank-served-by"] == STANDING_IN
    assert len(response.headers["cf-ai-req-id"]) == 36
