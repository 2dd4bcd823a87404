"""JSON mode on the run route: streams, which are an extension, and how it is proven (3.4)."""

from typing import Any

import orjson
import pytest

from fogbank import errors
from fogbank.catalog.card import SamplingDefaults
from fogbank.dialects.workers_ai.events import ChatCompletionEvents, NativeEvents, PaddedEvents
from fogbank.dialects.workers_ai.forms.text_generation import parse, render, wants_stream
from fogbank.errors import AIError
from fogbank.tasks import JsonFormat, TextChunk, TextGenerationResult, Usage
from tests.dialects.proof import EVIDENCE, HEADER, proven
from tests.dialects.workers_ai.test_batch import done, submit
from tests.dialects.workers_ai.test_generation import PERSON, PROMPT
from tests.server import CHAT, TEXT, Running, catalog, events

pytestmark = [pytest.mark.anyio, pytest.mark.contract("3.4")]
CARDS = catalog().cards
AS_PERSON = {"response_format": {"type": "json_schema", "json_schema": PERSON}}
WRAPPED = {"name": "person", "strict": True, "schema": PERSON}
AS_JSON = {"response_format": {"type": "json_object"}}


def rendered(text: str, body: dict[str, Any], model: str = TEXT) -> bytes:
    """`result` as it is sent, where the model wrote this text."""
    request = parse(CARDS[model], PROMPT | body, SamplingDefaults())
    outcome = TextGenerationResult(text, Usage(1, 1), "stop")
    return orjson.dumps(render(CARDS[model], request, outcome))


@pytest.mark.contract("3.4", "decision 1")
@pytest.mark.parametrize(
    "text",
    ['{"a":1}', "[]", "null", '"é"', "-0.0", "123456789012345678901", "[" * 900 + "]" * 900],
    ids=lambda text: text[:24],
)
def test_a_value_is_sent_as_it_was_written(text: str) -> None:
    assert rendered(text, AS_PERSON).startswith(b'{"response":' + text.encode() + b',"tool_calls"')
    assert rendered(text, AS_JSON).startswith(b'{"response":' + orjson.dumps(text))
    content = b'"message":{"role":"assistant","content":' + orjson.dumps(text)
    assert content in rendered(text, AS_PERSON, CHAT)


@pytest.mark.parametrize("text", ["", "{", "no json", '"\\ud800"', "NaN"])
def test_what_is_not_json_is_never_sent_as_a_value(text: str) -> None:
    with pytest.raises(AIError) as raised:
        rendered(text, AS_PERSON)
    assert raised.value.kind is errors.JSON_MODE_FAILED


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (AS_PERSON, JsonFormat(PERSON)),
        ({"response_format": {"type": "json_schema", "json_schema": WRAPPED}}, JsonFormat(PERSON)),
        ({"response_format": {"type": "json_schema", "json_schema": False}}, JsonFormat(False)),
        ({"response_format": {"type": "json_schema"}}, JsonFormat({})),
        ({"guided_json": PERSON}, JsonFormat(PERSON)),
        (AS_JSON | {"guided_json": PERSON}, JsonFormat()),
        ({"response_format": {}}, None),
        ({}, None),
    ],
    ids=str,
)
def test_what_is_asked_for(body: dict[str, Any], wanted: JsonFormat | None) -> None:
    assert parse(CARDS[TEXT], PROMPT | body, SamplingDefaults()).output_format == wanted
    said = {"messages": [{"role": "user", "content": "a"}]}
    assert parse(CARDS[TEXT], said | body, SamplingDefaults()).output_format == wanted


@pytest.mark.parametrize("schema", [None, 5, "{}", [PERSON], {"schema": None}])
def test_what_is_no_schema_is_refused(schema: Any) -> None:
    body = {"response_format": {"type": "json_schema", "json_schema": schema}}
    with pytest.raises(AIError) as raised:
        rendered("{}", body)
    assert raised.value.kind is errors.INVALID_INPUT


@pytest.mark.contract("1.3", "3.4")
@pytest.mark.parametrize("body", [AS_PERSON, AS_JSON, {"guided_json": PERSON}])
def test_what_streams(body: dict[str, Any]) -> None:
    assert wants_stream(body | {"stream": True}, json_streams=True)
    assert not wants_stream(body | {"stream": True}, json_streams=False)
    assert not wants_stream(body, json_streams=True)
    assert wants_stream({"stream": True}, json_streams=False)


@pytest.mark.contract("1.3", "3.4")
@pytest.mark.parametrize(
    "framing",
    [NativeEvents(), PaddedEvents(), ChatCompletionEvents(CARDS[CHAT])],
    ids=["native", "padded", "chat"],
)
def test_the_proof_stands_beside_the_usage(framing: Any) -> None:
    told = events(framing.end(TextChunk("", 1, 2, finish_reason="stop"), None).decode())
    assert "structured_output" not in str(told)
    last = TextChunk("", 1, 2, finish_reason="stop", evidence=EVIDENCE)
    *_, totals, done = events(framing.end(last, None).decode())
    assert done == "[DONE]"
    assert orjson.loads(totals)["usage"]["total_tokens"] == 3
    assert orjson.loads(totals)["structured_output"] == EVIDENCE.as_json()


@pytest.mark.contract("1.2", "3.4")
@pytest.mark.parametrize("model", [TEXT, CHAT])
@pytest.mark.parametrize("body", [AS_PERSON, AS_JSON])
async def test_a_whole_answer_is_proven_by_a_header(
    fogbank: Running, model: str, body: dict[str, Any]
) -> None:
    proven((await fogbank.run(model, PROMPT | body)).headers[HEADER])
    assert HEADER not in (await fogbank.run(model, PROMPT)).headers


@pytest.mark.contract("1.3", "3.4")
@pytest.mark.parametrize(("body", "value"), [(AS_PERSON, {"name": "", "age": 0}), (AS_JSON, {})])
async def test_a_native_stream_of_json(fogbank: Running, body: dict[str, Any], value: Any) -> None:
    response = await fogbank.run(TEXT, PROMPT | body | {"stream": True})
    assert response.headers["content-type"] == "text/event-stream"
    *data, done = events(response.text)
    assert done == "[DONE]"
    *pieces, last = map(orjson.loads, data)
    assert all(piece.keys() == {"response"} for piece in pieces)
    assert orjson.loads("".join(piece["response"] for piece in pieces)) == value
    assert list(last) == ["response", "usage", "structured_output"]
    proven(last["structured_output"])


@pytest.mark.contract("1.3", "3.3", "3.4")
async def test_a_stream_of_a_chat_model_as_json(fogbank: Running) -> None:
    response = await fogbank.run(CHAT, PROMPT | AS_PERSON | {"stream": True})
    *data, done = events(response.text)
    *pieces, last = map(orjson.loads, data)
    deltas = [piece["choices"][0]["delta"].get("content", "") for piece in pieces]
    assert orjson.loads("".join(deltas)) == {"name": "", "age": 0}
    assert (done, last["choices"]) == ("[DONE]", [])
    proven(last["structured_output"])


@pytest.mark.contract("3.4", "5.1")
async def test_a_batch_of_json(fogbank: Running) -> None:
    item = PROMPT | AS_PERSON
    found = await done(fogbank, TEXT, await submit(fogbank, TEXT, item, item | {"stream": True}))
    answers = [row["result"]["response"] for row in found["responses"]]
    assert answers == [{"name": "", "age": 0}] * 2
