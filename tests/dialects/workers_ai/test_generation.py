"""Text generation on the run route: parameters, streams, JSON mode (contract 1.3, 3)."""

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from fogbank.engines.base import EngineDead
from fogbank.engines.fake_answers import echo
from fogbank.tasks import Sampling, TextGenerationRequest
from tests.dialects.proof import held
from tests.server import CHAT, TEXT, Running, events, profile, running, settings

pytestmark = pytest.mark.anyio
PROMPT = {"prompt": "one two three"}
USAGE = {
    "prompt_tokens": 3,
    "completion_tokens": 3,
    "total_tokens": 6,
    "prompt_tokens_details": {"cached_tokens": 0},
}
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
}


def seen(fogbank: Running) -> TextGenerationRequest:
    """The last request that the engine got."""
    request = fogbank.engine.requests[-1]
    assert isinstance(request, TextGenerationRequest)
    return request


def answering(fogbank: Running, text: str) -> None:
    fogbank.engine._answer = lambda request: text


@pytest.mark.contract("3.1")
async def test_defaults(fogbank: Running) -> None:
    await fogbank.run(TEXT, PROMPT)
    assert seen(fogbank).sampling == Sampling(max_tokens=256, temperature=0.6)
    assert seen(fogbank).raw is False
    assert seen(fogbank).constraint is None


@pytest.mark.contract("3.1")
async def test_an_engine_with_its_own_sampling_defaults(tmp_path: Path) -> None:
    spec = profile(sampling={"temperature": 0, "top_k": 5})
    async with running(settings(tmp_path), spec) as fogbank:
        await fogbank.run(TEXT, PROMPT)
        assert seen(fogbank).sampling == Sampling(max_tokens=256, temperature=0, top_k=5)
        await fogbank.run(TEXT, PROMPT | {"temperature": 0.6})
        assert seen(fogbank).sampling.temperature == 0.6


@pytest.mark.contract("3.1")
async def test_every_parameter_reaches_the_engine(fogbank: Running) -> None:
    given = {
        "max_tokens": 7,
        "temperature": 5,
        "top_p": 0.9,
        "top_k": 50,
        "seed": 9999999999,
        "repetition_penalty": 2,
        "frequency_penalty": 0,
        "presence_penalty": 1.5,
    }
    for stream in (False, True):
        await fogbank.run(TEXT, PROMPT | given | {"stream": stream})
        assert seen(fogbank).sampling == Sampling(**given)  # type: ignore[arg-type]


@pytest.mark.contract("3.1", "3.5")
@pytest.mark.parametrize(("raw", "is_raw"), [(True, True), ("true", True), (False, False)])
async def test_raw(fogbank: Running, raw: Any, is_raw: bool) -> None:
    await fogbank.run(TEXT, PROMPT | {"raw": raw})
    assert seen(fogbank).raw is is_raw


@pytest.mark.contract("3.1", "3.5")
async def test_messages(fogbank: Running) -> None:
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello you"}]
    response = await fogbank.run(TEXT, {"messages": messages, "prompt": "not this"})
    assert response.json()["result"]["response"] == "Hello you"
    assert seen(fogbank).messages == tuple(messages)


@pytest.mark.contract("3.2")
async def test_the_prompt_is_tokenised_once(fogbank: Running) -> None:
    await fogbank.run(TEXT, PROMPT)
    assert len(seen(fogbank).prompt_token_ids or ()) == 3


@pytest.mark.contract("3.1", "3.2")
async def test_cut_at_max_tokens(fogbank: Running) -> None:
    result = (await fogbank.run(TEXT, PROMPT | {"max_tokens": 2})).json()["result"]
    assert result["response"] == "one two"
    assert result["usage"]["completion_tokens"] == 2


@pytest.mark.contract("1.3", "decision 6", "clients 5", "clients 6")
async def test_a_native_stream(fogbank: Running) -> None:
    response = await fogbank.run(TEXT, PROMPT | {"stream": True})
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream"
    assert "cf-ai-req-id" in response.headers
    *data, done = events(response.text)
    assert done == "[DONE]"
    assert [orjson.loads(item) for item in data] == [
        {"response": "one"},
        {"response": " two"},
        {"response": " three"},
        {"response": "", "usage": USAGE},
    ]


@pytest.mark.contract("1.3", "3.3", "decision 6", "clients 5", "clients 6")
async def test_a_stream_of_chat_completion_chunks(fogbank: Running) -> None:
    response = await fogbank.run(CHAT, PROMPT | {"stream": True})
    *data, done = events(response.text)
    assert done == "[DONE]"
    chunks = [orjson.loads(item) for item in data]
    made = chunks[0]["created"]
    assert re.fullmatch(rf"id-{made}\d\d\d", chunks[0]["id"])
    for chunk in chunks:
        assert chunk["id"] == chunks[0]["id"]
        assert chunk["object"] == "chat.completion.chunk"
        assert (chunk["created"], chunk["model"]) == (made, CHAT)
    assert [chunk["choices"] for chunk in chunks] == [
        [{"index": 0, "delta": {"content": "one"}}],
        [{"index": 0, "delta": {"content": " two"}}],
        [{"index": 0, "delta": {"content": " three"}}],
        [{"index": 0, "delta": {}, "finish_reason": "stop"}],
        [],
    ]
    assert [chunk.get("usage") for chunk in chunks] == [None] * 4 + [USAGE]


@pytest.mark.contract("1.3")
@pytest.mark.parametrize("text", ["", '\u2028 \x00 "\\ \n\n data: x', "日本語 🙂"])
@pytest.mark.parametrize("model", [TEXT, CHAT])
async def test_any_text_survives_the_framing(fogbank: Running, model: str, text: str) -> None:
    answering(fogbank, text)
    response = await fogbank.run(model, PROMPT | {"stream": True})
    *data, done = events(response.text)
    said = ""
    for item in map(orjson.loads, data):
        said += item.get("response", "")
        for choice in item.get("choices", ()):
            said += choice["delta"].get("content", "")
    whole = (await fogbank.run(model, PROMPT)).json()["result"]
    if model == TEXT:
        assert said == whole["response"]
    else:
        assert said == whole["choices"][0]["message"]["content"]
    assert done == "[DONE]"


@pytest.mark.contract("1.3", "decision 6")
@pytest.mark.parametrize("model", [TEXT, CHAT])
async def test_a_stream_that_fails(fogbank: Running, model: str) -> None:
    fogbank.engine.fail_next(EngineDead("gone"), after=2)
    response = await fogbank.run(model, PROMPT | {"stream": True})
    assert response.status_code == 200
    *said, last = events(response.text)
    assert len(said) == 2
    assert orjson.loads(last) == {
        "errors": [{"code": 7009, "message": "Upstream service unavailable"}],
        "success": False,
    }


@pytest.mark.contract("1.3", "decision 6")
async def test_a_stream_that_fails_by_a_mistake_of_ours(fogbank: Running) -> None:
    fogbank.engine.fail_next(ValueError("a mistake"), after=1)
    response = await fogbank.run(TEXT, PROMPT | {"stream": True})
    last = orjson.loads(events(response.text)[-1])
    assert last["errors"][0]["code"] == 7009
    assert "mistake" not in response.text


@pytest.mark.contract("3.2", "3.4", "decision 1")
@pytest.mark.parametrize(
    "wanted",
    [PERSON, {"name": "person", "strict": True, "schema": PERSON}],
    ids=["bare", "wrapped"],
)
async def test_json_schema_gives_the_parsed_value(fogbank: Running, wanted: Any) -> None:
    body = PROMPT | {"response_format": {"type": "json_schema", "json_schema": wanted}}
    result = (await fogbank.run(TEXT, body)).json()["result"]
    assert result["response"] == {"name": "", "age": 0}
    assert '"age"' in held(seen(fogbank))


@pytest.mark.contract("3.4", "decision 1")
@pytest.mark.parametrize(
    ("schema", "value"),
    [({"type": "array"}, []), ({"const": 3.5}, 3.5), ({"const": None}, None), ({}, {})],
)
async def test_json_schema_of_any_type(fogbank: Running, schema: Any, value: Any) -> None:
    body = PROMPT | {"response_format": {"type": "json_schema", "json_schema": schema}}
    assert (await fogbank.run(TEXT, body)).json()["result"]["response"] == value


@pytest.mark.contract("3.2", "3.4", "decision 1")
async def test_json_object_gives_text(fogbank: Running) -> None:
    body = PROMPT | {"response_format": {"type": "json_object"}}
    assert (await fogbank.run(TEXT, body)).json()["result"]["response"] == "{}"
    assert held(seen(fogbank))


@pytest.mark.contract("1.3", "3.4")
async def test_json_mode_does_not_stream(tmp_path: Path) -> None:
    """As at Cloudflare, where the setting says so; `test_json_mode.py` has the other case."""
    body = PROMPT | {"response_format": {"type": "json_object"}, "stream": True}
    async with running(settings(tmp_path, json_streams=False)) as fogbank:
        response = await fogbank.run(TEXT, body)
        assert response.headers["content-type"] == "application/json"
        assert response.json()["result"]["response"] == "{}"
        text = await fogbank.run(TEXT, PROMPT | {"stream": True})
        assert text.headers["content-type"] == "text/event-stream"


@pytest.mark.contract("3.3", "3.4")
async def test_json_mode_of_a_chat_model_is_text(fogbank: Running) -> None:
    schema = {"const": "word"}
    body = PROMPT | {"response_format": {"type": "json_schema", "json_schema": schema}}
    result = (await fogbank.run(CHAT, body)).json()["result"]
    assert result["choices"][0]["message"]["content"] == '"word"'


@pytest.mark.contract("2.2", "3.4")
@pytest.mark.parametrize(
    ("kind", "text", "max_tokens", "why"),
    [
        ("json_object", "no json", 256, "it is not JSON"),
        ("json_schema", "no json", 256, "it is not JSON"),
        ("json_schema", '{"name":""}', 256, '"age" is a required property'),
        ("json_schema", '{"a": 1}', 2, "max_tokens (2) ended the answer first; "),
    ],
)
async def test_json_mode_that_is_not_met(
    fogbank: Running, kind: str, text: str, max_tokens: int, why: str
) -> None:
    answering(fogbank, text)
    wanted = {"type": kind, "json_schema": PERSON}
    body = PROMPT | {"response_format": wanted, "max_tokens": max_tokens}
    response = await fogbank.run(TEXT, body)
    (error,) = response.json()["errors"]
    request_id = response.headers["cf-ai-req-id"]
    assert (response.status_code, error["code"]) == (400, 3030)
    assert error["message"].startswith(f"AiError: AiError: JSON Mode couldn't be met: {why}")
    assert error["message"].endswith(f" ({request_id})")


def test_the_echo_is_what_these_tests_think() -> None:
    assert echo(TextGenerationRequest(prompt="a  b")) == "a b"
