"""Calls and log-probabilities on the wire to a remote server and back."""

from typing import Any

import orjson
import pytest

from fogbank.engines.base import EngineDead
from fogbank.engines.remote_wire import ChunkReader, generation_body, generation_result
from fogbank.tasks import (
    Constraint,
    Message,
    NamedTool,
    Sampling,
    TextGenerationRequest,
    TokenLogprob,
    Tool,
    ToolCall,
    ToolChoice,
)

TOOL = Tool("add", "Adds.", {"type": "object"})
HELD = Constraint("json", '{"type":"object"}')
FUNCTION = {"name": "add", "description": "Adds.", "parameters": {"type": "object"}}
CALL = {"id": "abcdefghi", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}


def body(**more: Any) -> dict[str, Any]:
    request = TextGenerationRequest(messages=(Message(role="user", content="1?"),), **more)
    return generation_body("m", request, stream=False)[1]


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", None),
        ("required", "required"),
        (NamedTool("add"), {"type": "function", "function": {"name": "add"}}),
    ],
)
def test_tools_and_the_choice_between_them(choice: ToolChoice, sent: Any) -> None:
    held = HELD if sent else None
    found = body(tools=(TOOL,), tool_choice=choice, constraint=held)
    assert found["tools"] == [{"type": "function", "function": FUNCTION}]
    assert found.get("tool_choice") == sent
    assert "response_format" not in found, "the server's own constraint holds"


def test_json_mode_beside_tools() -> None:
    assert "response_format" in body(tools=(TOOL,), constraint=HELD)


def test_turns_of_calls_and_results() -> None:
    turns = (
        Message(role="assistant", content="", tool_calls=[ToolCall("abcdefghi", "add", '{"a":1}')]),
        Message(role="tool", content="2", tool_call_id="abcdefghi"),
        Message(role="function", content="2", name="add"),
    )
    sent = generation_body("m", TextGenerationRequest(messages=turns), stream=False)[1]["messages"]
    assert sent[0] == {"role": "assistant", "content": "", "tool_calls": [CALL]}
    assert sent[1] == {"role": "tool", "content": "2", "tool_call_id": "abcdefghi"}
    assert sent[2]["role"] == "tool"
    assert sent[2]["tool_call_id"] == "000000001"


def test_calls_of_a_whole_answer() -> None:
    message = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    choice = {"message": message, "finish_reason": "tool_calls"}
    result = generation_result({"choices": [choice]})
    assert (result.text, result.finish_reason) == ("", "stop")
    assert result.tool_calls == (ToolCall("abcdefghi", "add", '{"a":1}'),)
    for broken in ([5], [{"id": "x"}], 7):
        with pytest.raises(EngineDead):
            generation_result({"choices": [{**choice, "message": {"tool_calls": broken}}]})


def test_calls_of_a_stream_come_whole_at_its_end() -> None:
    reader = ChunkReader()
    deltas: list[dict[str, Any]] = [
        {"index": 0, "id": "abcdefghi", "function": {"name": "add", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"a"'}},
        {"index": 0, "function": {"arguments": ":1}"}},
        {"index": 1, "function": {"name": "stop"}},
    ]
    for delta in deltas:
        event = {"choices": [{"delta": {"tool_calls": [delta]}, "finish_reason": None}]}
        assert reader.read(orjson.dumps(event)) is None
    last = {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]}
    chunk = reader.read(orjson.dumps(last))
    assert chunk is not None
    first, second = chunk.tool_calls
    assert first == ToolCall("abcdefghi", "add", '{"a":1}')
    assert (second.name, second.arguments) == ("stop", "{}")
    assert len(second.id) == 9
    assert reader.last is not None
    assert reader.last.finish_reason == "stop"


def test_log_probabilities() -> None:
    assert {"logprobs": True, "top_logprobs": 2}.items() <= body(
        sampling=Sampling(logprobs=2, min_p=0.1)
    ).items()
    assert body(sampling=Sampling(min_p=0.1))["min_p"] == 0.1
    raw = TextGenerationRequest(prompt="a", raw=True, sampling=Sampling(logprobs=0))
    assert generation_body("m", raw, stream=False)[1]["logprobs"] == 0
    top = [{"token": "a", "logprob": -1.0}, {"token": "b", "logprob": -2.0}]
    content = [{"token": "a", "logprob": -1.0, "top_logprobs": top}]
    choice = {"message": {"content": "a"}, "finish_reason": "stop"}
    chat = generation_result({"choices": [{**choice, "logprobs": {"content": content}}]})
    expected = (TokenLogprob("a", -1.0, (("a", -1.0), ("b", -2.0))),)
    assert chat.logprobs == expected
    told = {"tokens": ["a"], "token_logprobs": [-1.0], "top_logprobs": [{"a": -1.0, "b": -2.0}]}
    text = {"text": "a", "finish_reason": "stop", "logprobs": told}
    assert generation_result({"choices": [text]}).logprobs == expected
    event = {"choices": [{"delta": {"content": "a"}, "logprobs": {"content": content}}]}
    chunk = ChunkReader().read(orjson.dumps(event))
    assert chunk is not None
    assert chunk.logprobs == expected
