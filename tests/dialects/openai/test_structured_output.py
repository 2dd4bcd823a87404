"""Structured output on OpenAI's routes: every way to ask for it, held and proven (3.4)."""

import re
from typing import Any

import orjson
import pytest

from fogbank.dialects.openai.chat import ChatEvents
from fogbank.dialects.openai.generation import OneChoice
from fogbank.dialects.openai.responses_events import ResponseEvents
from fogbank.tasks import TextChunk
from tests.dialects.openai.test_chat import PERSON, SAID, WEATHER
from tests.dialects.proof import EVIDENCE, HEADER, proven
from tests.server import TEXT, Running, events

pytestmark = [pytest.mark.anyio, pytest.mark.contract("1.6", "3.4")]
BODY = {"model": TEXT, "messages": SAID, "prompt": "one two three"}
ROUTES = ("/v1/chat/completions", "/v1/completions")
VALUE = {"name": "x", "age": 0}
WAYS: dict[str, Any] = {
    "response_format": {"type": "json_schema", "json_schema": {"name": "p", "schema": PERSON}},
    "structured_outputs": {"json": PERSON},
    "guided_json": PERSON,
}


def text_of(choice: Any) -> str:
    """What a whole choice says, or a streamed one adds, on either route."""
    said = choice.get("message", choice.get("delta", {"content": choice.get("text")}))
    return str(said.get("content") or "")


async def ask(fogbank: Running, route: str, **body: Any) -> Any:
    response = await fogbank.client.post(route, json=BODY | body)
    assert response.status_code == 200, response.text
    return response


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("way", WAYS)
async def test_a_whole_answer(fogbank: Running, route: str, way: str) -> None:
    response = await ask(fogbank, route, **{way: WAYS[way]})
    (choice,) = response.json()["choices"]
    assert orjson.loads(text_of(choice)) == VALUE
    assert choice["finish_reason"] == "stop"
    proven(response.headers[HEADER])
    assert HEADER not in (await ask(fogbank, route)).headers


@pytest.mark.contract("1.3", "1.6", "3.4")
@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("way", WAYS)
async def test_a_stream(fogbank: Running, route: str, way: str, n: int) -> None:
    response = await ask(fogbank, route, stream=True, n=n, **{way: WAYS[way]})
    *data, done = events(response.text)
    *pieces, last = map(orjson.loads, data)
    for index in range(n):
        own = [p["choices"][0] for p in pieces if p["choices"][0]["index"] == index]
        assert orjson.loads("".join(map(text_of, own))) == VALUE
    assert (done, last["choices"]) == ("[DONE]", [])
    assert list(last)[-2:] == ["usage", "structured_output"]
    proven(last["structured_output"])


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("wanted", "pattern"),
    [
        ({"structured_outputs": {"regex": "012|[3-9]"}}, "012"),
        ({"structured_outputs": {"choice": ["red", "green"]}}, "red|green"),
        ({"structured_outputs": {"json_object": True}}, r"\{\}|\[\]"),
        ({"guided_regex": "a b"}, "a b"),
        ({"guided_choice": ["blue"]}, "blue"),
    ],
    ids=str,
)
async def test_what_is_held_to_another_form(
    fogbank: Running, route: str, wanted: dict[str, Any], pattern: str
) -> None:
    response = await ask(fogbank, route, **wanted)
    assert re.fullmatch(pattern, text_of(response.json()["choices"][0]))
    proven(response.headers[HEADER])


async def test_several_answers_have_the_proof_of_the_first(fogbank: Running) -> None:
    response = await ask(fogbank, ROUTES[0], n=3, guided_json=PERSON)
    assert [orjson.loads(text_of(c)) for c in response.json()["choices"]] == [VALUE] * 3
    proven(response.headers[HEADER])
    assert response.headers.get_list(HEADER) == [response.headers[HEADER]]


@pytest.mark.parametrize("stream", [False, True])
async def test_what_max_tokens_cuts_off_is_closed_and_says_so(
    fogbank: Running, stream: bool
) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    fogbank.engine._answer = lambda request: '{"a":"' + "b c " * 50
    response = await ask(fogbank, ROUTES[0], max_tokens=20, stream=stream, guided_json=schema)
    if stream:
        *pieces, last = map(orjson.loads, events(response.text)[:-1])
        choices = [piece["choices"][0] for piece in pieces]
        assert last["structured_output"]["closed"] is True
    else:
        choices = response.json()["choices"]
        assert response.headers[HEADER].endswith("; closed; verified")
    value = orjson.loads("".join(map(text_of, choices)))
    assert value["a"].startswith("b c b c")
    assert choices[-1]["finish_reason"] == "stop"


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("way", WAYS)
async def test_a_schema_that_cannot_be_used(
    fogbank: Running, route: str, stream: bool, way: str
) -> None:
    schema = {"type": "object", "properties": {"a": {"$ref": "#/$defs/absent"}}}
    asked = orjson.dumps({way: WAYS[way]}).replace(orjson.dumps(PERSON), orjson.dumps(schema))
    body = orjson.loads(asked)
    response = await fogbank.client.post(route, json=BODY | body | {"stream": stream})
    assert response.status_code == 400
    error = response.json()["error"]
    assert "the JSON schema " in error["message"]
    assert (error["type"], error["param"]) == ("invalid_request_error", way)


@pytest.mark.contract("1.6", "3.4", "3.6")
async def test_a_response(fogbank: Running) -> None:
    wanted = {"type": "json_schema", "name": "person", "schema": PERSON, "strict": False}
    body = {"model": TEXT, "input": "one", "text": {"format": wanted}}
    whole = await fogbank.client.post("/v1/responses", json=body)
    proven(whole.headers[HEADER])
    streamed = await fogbank.client.post("/v1/responses", json=body | {"stream": True})
    last = orjson.loads(streamed.text.split("\n\n")[-3].split("data: ")[1])
    assert last["type"] == "response.completed"
    assert orjson.loads(last["response"]["output"][0]["content"][0]["text"]) == VALUE
    proven(last["response"]["structured_output"])


@pytest.mark.contract("1.6", "3.4", "3.6")
async def test_a_response_with_what_is_no_schema(fogbank: Running) -> None:
    body = {"model": TEXT, "input": "a", "text": {"format": {"type": "json_schema", "schema": 5}}}
    response = await fogbank.client.post("/v1/responses", json=body)
    assert (response.status_code, response.json()["error"]["param"]) == (400, "text.format")


@pytest.mark.contract("1.6", "5.4")
@pytest.mark.parametrize("strict", [True, False])
async def test_strict_functions(fogbank: Running, strict: bool) -> None:
    function = {**WEATHER["function"], "strict": strict}  # type: ignore[dict-item]
    tools = [{"type": "function", "function": function}]
    response = await ask(fogbank, ROUTES[0], tools=tools, tool_choice="required")
    (call,) = response.json()["choices"][0]["message"]["tool_calls"]
    assert call["function"]["arguments"] == '{"city":""}'


LAST = TextChunk("", 1, 2, finish_reason="stop", evidence=EVIDENCE)
BARE = TextChunk("", 1, 2, finish_reason="stop")


def test_the_proof_stands_beside_the_usage() -> None:
    framing = OneChoice({"id": "a"}, ChatEvents({"id": "a"}, 0))
    totals, done = events(framing.end(LAST, None).decode())
    assert done == "[DONE]"
    assert orjson.loads(totals)["structured_output"] == EVIDENCE.as_json()
    assert b"structured_output" not in framing.end(BARE, None)


def test_the_proof_stands_in_the_response() -> None:
    *_, last, _done, _ = ResponseEvents({}).end(LAST, None).decode().split("\n\n")
    response = orjson.loads(last.split("data: ")[1])["response"]
    assert response["structured_output"] == EVIDENCE.as_json()
    assert b"structured_output" not in ResponseEvents({}).end(BARE, None)
