"""`chat/completions`, whole answers (contract 1.6, 3)."""

import re
from pathlib import Path
from typing import Any

import pytest

from fogbank.tasks import NamedTool, Sampling, TextGenerationRequest, Tool, ToolCall
from tests.dialects.proof import held
from tests.server import (
    ACCOUNT,
    EMBED,
    NO_JSON,
    STAND_IN,
    STANDING_IN,
    TEXT,
    Running,
    profile,
    running,
    settings,
)

pytestmark = [pytest.mark.anyio, pytest.mark.contract("1.6")]
SAID = [{"role": "user", "content": "one two three"}]
PATHS = [f"/client/v4/accounts/{ACCOUNT}/ai/v1/chat/completions", "/v1/chat/completions"]
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "minLength": 1}, "age": {"type": "integer"}},
    "required": ["name", "age"],
}
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


async def chat(fogbank: Running, **body: Any) -> Any:
    """The body of a good answer."""
    response = await fogbank.client.post(PATHS[1], json={"model": TEXT, "messages": SAID} | body)
    assert response.status_code == 200, response.text
    return response.json()


async def refused(fogbank: Running, **body: Any) -> Any:
    """`error` of an answer that is 400, which agrees with Cloudflare's envelope."""
    response = await fogbank.client.post(PATHS[1], json={"model": TEXT, "messages": SAID} | body)
    assert response.status_code == 400, response.text
    answer = response.json()
    assert (answer["success"], answer["result"], answer["messages"]) == (False, {}, [])
    assert answer["errors"][0]["message"] == answer["error"]["message"]
    return answer["error"]


def seen(fogbank: Running) -> TextGenerationRequest:
    request = fogbank.engine.requests[-1]
    assert isinstance(request, TextGenerationRequest)
    return request


@pytest.mark.parametrize("path", PATHS)
async def test_a_bare_completion_under_both_prefixes(fogbank: Running, path: str) -> None:
    response = await fogbank.client.post(path, json={"model": TEXT, "messages": SAID})
    assert response.headers["content-type"] == "application/json"
    assert len(response.headers["cf-ai-req-id"]) == 36
    body = response.json()
    assert re.fullmatch(rf"id-{body['created']}\d\d\d", body.pop("id"))
    assert body.pop("created") > 1_700_000_000
    message = {"role": "assistant", "content": "one two three"}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    assert body == {
        "object": "chat.completion",
        "model": TEXT,
        "choices": [choice],
        "usage": {
            "prompt_tokens": 4,
            "completion_tokens": 3,
            "total_tokens": 7,
            "prompt_tokens_details": {"cached_tokens": 0},
        },
    }


@pytest.mark.parametrize("name", [TEXT, f"workers-ai/{TEXT}", "@cf/test/alias"])
async def test_names_and_aliases(fogbank: Running, name: str) -> None:
    assert (await chat(fogbank, model=name))["model"] == TEXT


@pytest.mark.contract("1.6", "3.1")
async def test_silence_means_the_cards_defaults(fogbank: Running) -> None:
    await chat(fogbank)
    assert seen(fogbank).sampling == Sampling(max_tokens=256, temperature=0.6)


@pytest.mark.contract("clients 9")
async def test_explicit_nulls_mean_silence(fogbank: Running) -> None:
    """The run route refuses them (2.3); this one must not."""
    names = ["temperature", "stop", "max_tokens", "tools", "tool_choice", "response_format", "seed"]
    said = [{"role": "assistant", "content": None, "tool_calls": None, "name": None}, *SAID]
    nulls: dict[str, Any] = dict.fromkeys(names)
    await chat(fogbank, messages=said, **nulls)
    assert seen(fogbank).sampling == Sampling()
    assert seen(fogbank).messages == ({"role": "assistant", "content": ""}, *SAID)


async def test_every_parameter_reaches_the_engine(fogbank: Running) -> None:
    given = {
        "temperature": 5,
        "top_p": 0.9,
        "top_k": 500,
        "min_p": 0.1,
        "seed": -3,
        "repetition_penalty": 2,
        "frequency_penalty": -2,
        "presence_penalty": 1.5,
    }
    ignored = {"user": "me", "metadata": {"a": 1}, "store": True, "parallel_tool_calls": False}
    for stop, stops in (("four", ("four",)), (["four", "five"], ("four", "five"))):
        await chat(fogbank, max_completion_tokens=7, max_tokens=9, stop=stop, **given, **ignored)
        expected = Sampling(max_tokens=7, stop=stops, **given)  # type: ignore[arg-type]
        assert seen(fogbank).sampling == expected


async def test_the_answer_ends_before_a_stop(fogbank: Running) -> None:
    (choice,) = (await chat(fogbank, stop=" three"))["choices"]
    assert choice["message"]["content"] == "one two"


async def test_truncation_shows(fogbank: Running) -> None:
    (choice,) = (await chat(fogbank, max_tokens=2))["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("one two", "length")


async def test_roles_and_parts(fogbank: Running) -> None:
    parts = [{"type": "text", "text": "a "}, {"type": "text", "text": "b"}]
    said = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": parts}]
    await chat(fogbank, messages=said)
    assert seen(fogbank).messages == (
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "a b"},
    )


async def test_several_answers_share_their_prompt(fogbank: Running) -> None:
    body = await chat(fogbank, n=3, seed=7)
    assert [choice["index"] for choice in body["choices"]] == [0, 1, 2]
    assert body["usage"]["prompt_tokens"] == 4
    assert body["usage"]["completion_tokens"] == 9
    asked = [r for r in fogbank.engine.requests if isinstance(r, TextGenerationRequest)]
    assert sorted(r.sampling.seed or 0 for r in asked) == [7, 8, 9]


async def test_one_failure_of_several_is_an_error(fogbank: Running) -> None:
    fogbank.engine.fail_next(RuntimeError("no"))
    body = {"model": TEXT, "messages": SAID, "n": 3}
    response = await fogbank.client.post(PATHS[1], json=body)
    assert response.status_code == 500
    assert response.json()["error"]["type"] == "server_error"
    assert fogbank.engine.running == 0


async def test_logprobs(fogbank: Running) -> None:
    (choice,) = (await chat(fogbank, logprobs=True, top_logprobs=2))["choices"]
    first, *others = choice["logprobs"]["content"]
    assert len(others) == 2
    assert first["token"] == "one"
    assert first["bytes"] == [111, 110, 101]
    assert first["logprob"] < 0
    assert [entry["token"] for entry in first["top_logprobs"]] == ["one", "one1"]
    (bare,) = (await chat(fogbank, logprobs=True))["choices"]
    assert bare["logprobs"]["content"][0]["top_logprobs"] == []


@pytest.mark.contract("1.6", "3.4")
@pytest.mark.parametrize("schema", [PERSON, {"name": "person", "strict": True, "schema": PERSON}])
async def test_a_schema_bare_or_wrapped(fogbank: Running, schema: Any) -> None:
    wanted = {"type": "json_schema", "json_schema": schema}
    (choice,) = (await chat(fogbank, response_format=wanted))["choices"]
    assert choice["message"]["content"] == '{"name":"x","age":0}'
    assert '"age"' in held(seen(fogbank))


async def test_guided_json_as_on_the_native_route(fogbank: Running) -> None:
    """langchain-cloudflare writes it for Mistral on either route."""
    (choice,) = (await chat(fogbank, guided_json=PERSON))["choices"]
    assert choice["message"]["content"] == '{"name":"x","age":0}'
    assert '"age"' in held(seen(fogbank))


async def test_the_other_response_formats(fogbank: Running) -> None:
    (choice,) = (await chat(fogbank, response_format={"type": "json_object"}))["choices"]
    assert choice["message"]["content"] == "{}"
    await chat(fogbank, response_format={"type": "text"})
    assert seen(fogbank).constraint is None


@pytest.mark.contract("3.4")
async def test_json_that_has_no_room_is_an_error(fogbank: Running) -> None:
    wanted = {"type": "json_schema", "json_schema": PERSON}
    error = await refused(fogbank, response_format=wanted, max_tokens=2)
    assert "JSON Mode couldn't be met: max_tokens (2) ended the answer" in error["message"]
    assert (error["code"], error["param"]) == ("3030", None)


@pytest.mark.contract("3.4")
async def test_json_that_is_none(fogbank: Running) -> None:
    fogbank.engine._answer = lambda request: "not JSON"
    error = await refused(fogbank, response_format={"type": "json_object"})
    assert "JSON Mode couldn't be met" in error["message"]


async def test_a_card_without_json_mode(fogbank: Running) -> None:
    body = {"model": NO_JSON, "messages": SAID, "response_format": {"type": "json_object"}}
    response = await fogbank.client.post(PATHS[1], json=body)
    assert (response.status_code, response.json()["error"]["code"]) == (403, "5025")


@pytest.mark.contract("1.6", "5.4")
@pytest.mark.parametrize(
    ("choice", "read"),
    [
        ("required", "required"),
        ({"type": "function", "function": {"name": "weather"}}, NamedTool("weather")),
    ],
)
async def test_a_call_that_must_be_made(fogbank: Running, choice: Any, read: Any) -> None:
    body = await chat(fogbank, tools=[WEATHER], tool_choice=choice)
    message = body["choices"][0]["message"]
    assert body["choices"][0]["finish_reason"] == "tool_calls"
    assert message["content"] is None
    (call,) = message["tool_calls"]
    assert re.fullmatch("[A-Za-z0-9]{9}", call["id"])
    assert call["type"] == "function"
    assert call["function"] == {"name": "weather", "arguments": '{"city":""}'}
    parameters = WEATHER["function"]["parameters"]  # type: ignore[index]
    assert seen(fogbank).tools == (Tool("weather", "Weather of a city.", parameters),)
    assert seen(fogbank).tool_choice == read


async def test_tools_that_may_not_be_called(fogbank: Running) -> None:
    (choice,) = (await chat(fogbank, tools=[WEATHER], tool_choice="none"))["choices"]
    assert choice["message"] == {"role": "assistant", "content": "one two three"}


async def test_the_turns_of_a_call(fogbank: Running) -> None:
    function = {"name": "weather", "arguments": '{"city":"Lisbon"}'}
    call = {"id": "abcdefghi", "type": "function", "function": function}
    said = [
        *SAID,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "abcdefghi", "content": "sunny"},
    ]
    await chat(fogbank, messages=said, tools=[WEATHER])
    assert seen(fogbank).messages == (
        *SAID,
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [ToolCall("abcdefghi", "weather", '{"city":"Lisbon"}')],
        },
        {"role": "tool", "content": "sunny", "tool_call_id": "abcdefghi"},
    )


IMAGE = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]
BAD_CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "[1]"}}


@pytest.mark.parametrize(
    ("body", "text", "param"),
    [
        ({"messages": []}, "Length of '/messages' must be >= 1", "messages"),
        ({"messages": IMAGE}, "'image_url' is not read", "messages.0.content.0"),
        ({"messages": [{"content": "a"}]}, "required properties at '/messages/0'", "messages.0"),
        ({"messages": [{"role": "boss"}]}, "enum boss not in", "messages.0.role"),
        ({"temperature": 5.1}, "'/temperature' must be <= 5", "temperature"),
        ({"top_p": "x"}, "'number' not in 'string'", "top_p"),
        ({"n": 17}, "'/n' must be <= 16", "n"),
        ({"stop": ["a"] * 5}, "Length of '/stop' must be <= 4", "stop"),
        ({"top_logprobs": 3}, "needs 'logprobs'", "top_logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, "must be <= 20", "top_logprobs"),
        ({"max_tokens": 0}, "must be >= 1", "max_tokens"),
        (
            {"max_completion_tokens": 4001},
            "max_completion_tokens is too large: 4001. This model supports at most 4000",
            "max_completion_tokens",
        ),
        ({"tool_choice": "required"}, "needs 'tools'", "tool_choice"),
        (
            {"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "f"}}},
            "no function named 'f'",
            "tool_choice",
        ),
        (
            {"messages": [{"role": "assistant", "tool_calls": [BAD_CALL]}]},
            "arguments must be a JSON object",
            "messages.0.tool_calls.0.function.arguments",
        ),
        ({"logit_bias": {"1": 5}}, "'logit_bias' is not served", "logit_bias"),
        ({"functions": [{"name": "f"}]}, "'functions' is not served", "functions"),
        ({"model": EMBED}, "is for Text Embeddings", "model"),
        ({"model": 5}, "'string' not in 'integer'", "model"),
    ],
)
@pytest.mark.contract("1.6", "2.3", "2.4")
async def test_what_is_refused_and_where(
    fogbank: Running, body: dict[str, Any], text: str, param: str
) -> None:
    error = await refused(fogbank, **body)
    assert text in error["message"]
    assert error["param"] == param
    assert error["type"] == "invalid_request_error"


async def test_an_unknown_model(fogbank: Running) -> None:
    error = await refused(fogbank, model="@cf/no/such")
    assert "No such model @cf/no/such or task" in error["message"]
    assert (error["code"], error["param"]) == ("model_not_found", "model")


@pytest.mark.parametrize("data", [b"{", b"[]", b'"text"'])
async def test_a_body_that_is_no_object(fogbank: Running, data: bytes) -> None:
    response = await fogbank.client.post(PATHS[1], content=data)
    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == 5006


@pytest.mark.contract("2.2", "decision 10")
async def test_over_the_window(fogbank: Running) -> None:
    body = {"model": TEXT, "messages": SAID, "max_tokens": 3999}
    response = await fogbank.client.post(PATHS[1], json=body)
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "context_length_exceeded"


@pytest.mark.contract("1.1", "decision 12")
async def test_reject_if_busy(tmp_path: Path) -> None:
    async with running(settings(tmp_path), profile(max_concurrent=1)) as fogbank:
        fogbank.engine.stall()
        body = {"model": TEXT, "messages": SAID, "n": 2, "options": {"rejectIfBusy": True}}
        response = await fogbank.client.post(PATHS[1], json=body)
        assert response.status_code == 429
        assert response.headers["retry-after"] == "1"
        assert response.json()["error"]["code"] == "rate_limit_exceeded"


@pytest.mark.contract("decision 9")
async def test_a_stand_in_is_named(fogbank: Running) -> None:
    body = {"model": STAND_IN, "messages": SAID}
    response = await fogbank.client.post(PATHS[1], json=body)
    assert response.headers["x-fogbank-served-by"] == STANDING_IN


@pytest.mark.contract("1.6", "2.4")
async def test_wrong_accounts_and_methods(fogbank: Running) -> None:
    wrong = await fogbank.client.post("/client/v4/accounts/abc/ai/v1/chat/completions", json={})
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (404, 7003)
    assert "cf-ai-req-id" not in wrong.headers
    got = await fogbank.client.get(PATHS[1])
    assert (got.status_code, got.json()["errors"][1]["code"]) == (400, 7000)


@pytest.mark.contract("1.6", "2.4")
async def test_the_door_speaks_to_these_clients_too(tmp_path: Path) -> None:
    """Without `error` the SDK for Node shows a status without words (clients.md)."""
    async with running(settings(tmp_path, keys="always")) as fogbank:
        for path in (*PATHS, "/v1/messages", "/v1/nothing"):
            response = await fogbank.client.post(path, json={})
            assert response.status_code == 401
            told = response.json()
            assert told["errors"] == [{"code": 10000, "message": "Authentication error"}]
            assert told["error"]["type"] == "authentication_error"
            assert told["error"]["code"] == "invalid_api_key"
        native = await fogbank.client.post(f"/client/v4/accounts/{ACCOUNT}/ai/run/{TEXT}", json={})
        assert "error" not in native.json()
