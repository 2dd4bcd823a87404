import json
import math
from typing import Any

import pytest

from fogbank.engines.base import (
    EngineDead,
    EngineError,
    EngineOverloaded,
    EngineRefused,
    EngineTooLong,
    EngineUnavailable,
)
from fogbank.engines.remote_wire import (
    ChunkReader,
    embeddings,
    generation_body,
    generation_result,
    message,
    status_error,
)
from fogbank.tasks import Constraint, Sampling, TextChunk, TextGenerationRequest


def test_a_prompt_is_one_user_turn() -> None:
    path, body = generation_body("m", TextGenerationRequest(prompt="hi"), stream=False)
    assert path == "chat/completions"
    assert body == {
        "model": "m",
        "max_tokens": 256,
        "temperature": 0.6,
        "messages": [{"role": "user", "content": "hi"}],
    }


def test_raw_goes_to_completions() -> None:
    request = TextGenerationRequest(prompt="hi", raw=True)
    path, body = generation_body("m", request, stream=True)
    assert (path, body["prompt"]) == ("completions", "hi")
    assert body["stream_options"] == {"include_usage": True}


def test_all_sampling_is_passed_on() -> None:
    sampling = Sampling(
        max_tokens=5,
        temperature=0.0,
        top_p=0.5,
        top_k=3,
        seed=0,
        repetition_penalty=1.1,
        frequency_penalty=0.2,
        presence_penalty=-0.3,
        stop=("x",),
    )
    _, body = generation_body(
        "m", TextGenerationRequest(prompt="", sampling=sampling), stream=False
    )
    assert {key: body[key] for key in body if key not in ("model", "messages")} == {
        "max_tokens": 5,
        "temperature": 0.0,
        "top_p": 0.5,
        "top_k": 3,
        "seed": 0,
        "repetition_penalty": 1.1,
        "frequency_penalty": 0.2,
        "presence_penalty": -0.3,
        "stop": ["x"],
    }


def held(constraint: Constraint) -> dict[str, Any]:
    request = TextGenerationRequest(prompt="", constraint=constraint)
    return generation_body("m", request, stream=False)[1]


def test_json_mode_is_that_of_openais_api() -> None:
    body = held(Constraint("json", '{"type":"array"}'))
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": {"type": "array"}, "strict": True},
    }
    assert "structured_outputs" not in body


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        (Constraint("regex", "a|b"), {"regex": "a|b"}),
        (Constraint("lark", 'start: "a"'), {"grammar": 'start: "a"'}),
    ],
)
def test_what_openais_api_lacks_is_asked_for_as_vllm_has_it(
    constraint: Constraint, expected: dict[str, str]
) -> None:
    body = held(constraint)
    assert body["structured_outputs"] == expected
    assert "response_format" not in body


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, EngineRefused),
        (422, EngineRefused),
        (429, EngineOverloaded),
        (401, EngineUnavailable),
        (403, EngineUnavailable),
        (404, EngineUnavailable),
        (307, EngineUnavailable),
        (500, EngineUnavailable),
        (503, EngineUnavailable),
    ],
)
def test_statuses(status: int, kind: type[EngineError]) -> None:
    error = status_error(status, b'{"error": {"message": "because"}}')
    assert type(error) is kind
    assert status == 307 or "because" in str(error)


def test_a_prompt_that_is_too_long_keeps_its_length() -> None:
    said = (
        "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens"
        " (8900 in the messages)."
    )
    error = status_error(400, json.dumps({"error": {"message": said}}).encode())
    assert isinstance(error, EngineTooLong)
    assert error.tokens == 9000


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"error": {"message": "m"}}', "m"),
        (b'{"message": "m"}', "m"),
        (b'{"detail": [{"loc": 1}]}', '[{"loc":1}]'),
        (b"<h1>Bad</h1>", "<h1>Bad</h1>"),
        (b"\xff", "�"),
        (b"", "no message"),
        (b"x" * 9000, "x" * 500),
    ],
)
def test_messages(body: bytes, text: str) -> None:
    assert message(body) == text


@pytest.mark.parametrize(
    "answer", [{}, [], None, "x", {"choices": []}, {"choices": [{"text": "no reason"}]}]
)
def test_what_is_no_completion_is_an_error(answer: object) -> None:
    with pytest.raises(EngineDead):
        generation_result(answer)


def test_an_aborted_completion_is_an_error() -> None:
    with pytest.raises(EngineDead, match="aborted"):
        generation_result({"choices": [{"text": "", "finish_reason": "abort"}]})


def test_vectors_are_sorted_and_normalised() -> None:
    answer = {"data": [{"index": 1, "embedding": [0, 2]}, {"index": 0, "embedding": [3, 4]}]}
    first, second = embeddings(answer, 2).vectors
    assert math.isclose(first[0], 0.6)
    assert second == [0.0, 1.0]


@pytest.mark.parametrize("answer", [{"data": []}, {}, {"data": [{"index": 0}]}, None])
def test_what_is_no_vector_is_an_error(answer: object) -> None:
    with pytest.raises(EngineDead):
        embeddings(answer, 1)


def read(*events: object) -> tuple[list[TextChunk], ChunkReader]:
    reader = ChunkReader()
    chunks = [reader.read(json.dumps(event).encode()) for event in events]
    return [chunk for chunk in chunks if chunk is not None], reader


def test_usage_after_the_end_is_in_the_last_chunk() -> None:
    chunks, reader = read(
        {"choices": [{"delta": {"role": "assistant", "content": ""}}]},
        {"choices": [{"delta": {"content": "a"}, "finish_reason": None}]},
        {"choices": [{"delta": {"content": "b"}, "finish_reason": "length"}]},
        {
            "choices": [],
            "usage": {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "prompt_tokens_details": {"cached_tokens": 8},
            },
        },
    )
    assert chunks == [TextChunk("a", completion_tokens=1)]
    assert reader.last == TextChunk("b", 9, 4, 8, "length")


def test_without_usage_events_are_counted() -> None:
    _, reader = read(
        {"choices": [{"text": "a"}]}, {"choices": [{"text": "", "finish_reason": "x"}]}
    )
    assert reader.last == TextChunk("", 0, 1, finish_reason="stop")


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"error": {"message": "no", "code": 400}}, EngineRefused),
        ({"error": {"message": "died", "code": 500}}, EngineDead),
        ({"error": "died"}, EngineDead),
        ({"choices": [{}]}, EngineDead),
        ([1], EngineDead),
    ],
)
def test_events_of_errors(event: object, kind: type[EngineError]) -> None:
    with pytest.raises(kind):
        read(event)


def test_an_event_that_is_not_json() -> None:
    with pytest.raises(EngineDead, match="not a completion"):
        ChunkReader().read(b"{")
