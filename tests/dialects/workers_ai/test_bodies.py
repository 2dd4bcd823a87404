"""Body forms of the run route (contract 1.1): JSON by content, raw bytes, multipart."""

import threading
from base64 import b64encode
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.dialects import intake
from fogbank.dialects.workers_ai.bodies import MAX_FIELDS, Body, parse_body, raw_property
from fogbank.dialects.workers_ai.validation import InputSchema
from fogbank.errors import AIError
from tests.server import (
    ACCOUNT,
    EMBED,
    IMAGES,
    RUN,
    SPEECH,
    SPEECH_TURBO,
    STAND_IN,
    TEXT,
    Running,
)

pytestmark = [pytest.mark.anyio, pytest.mark.contract("1.1")]
BARE = f"/client/v4/accounts/{ACCOUNT}/ai/run"
SOUND = InputSchema(
    {
        "oneOf": [
            {"type": "string", "format": "binary"},
            {
                "type": "object",
                "required": ["audio"],
                "properties": {
                    "audio": {"type": "array", "items": {"type": "number"}},
                    "vad_filter": {"type": "boolean"},
                    "beams": {"oneOf": [{"type": "integer"}, {"type": "null"}]},
                    "language": {"type": "string"},
                },
            },
        ]
    }
)
PLAIN = InputSchema({"type": "object", "properties": {"prompt": {"type": "string"}}})
EDGE = "----edge"
RIFF = b"RIFF\x00\xff\r\n--\xfe"


def part(name: str, value: bytes, file: str | None = None) -> bytes:
    named = f'Content-Disposition: form-data; name="{name}"'
    if file is not None:
        named += f'; filename="{file}"\r\nContent-Type: audio/wav'
    return f"--{EDGE}\r\n{named}\r\n\r\n".encode() + value + b"\r\n"


async def read(
    body: bytes, schema: InputSchema = SOUND, kind: str = f"multipart/form-data; boundary={EDGE}"
) -> Body:
    scope = {"type": "http", "headers": [(b"content-type", kind.encode("latin-1"))]}
    return await parse_body(body, scope, schema)


async def form(*parts: bytes, schema: InputSchema = SOUND) -> Body:
    return await read(b"".join(parts) + f"--{EDGE}--\r\n".encode(), schema)


def test_the_property_that_raw_bytes_stand_for() -> None:
    assert raw_property(SOUND) == "audio"
    assert raw_property(PLAIN) is None


@pytest.mark.parametrize("kind", ["audio/wav", "application/json", "application/octet-stream", ""])
async def test_raw_bytes_where_the_model_takes_them(kind: str) -> None:
    assert await read(RIFF, SOUND, kind) == Body(RIFF)
    assert await read(RIFF, PLAIN, kind) == Body("")
    assert await read(b'{"audio": [82]}', SOUND, kind) == Body({"audio": [82]})


async def test_one_file_is_a_raw_body() -> None:
    assert await form(part("file", RIFF, "a.wav")) == Body(RIFF)
    long = bytes(range(256)) * 8192
    assert await form(part("audio", long, "a.wav")) == Body(long)


async def test_fields_beside_a_file() -> None:
    body = await form(
        part("audio", RIFF, "a.wav"),
        part("vad_filter", b"true"),
        part("beams", b"5"),
        part("language", b"7"),
        part("unknown", b"8"),
    )
    assert body.data == {
        "audio": [0],
        "vad_filter": True,
        "beams": 5,
        "language": "7",
        "unknown": "8",
    }
    assert body.files == {"audio": RIFF}
    assert SOUND.validate(body.data) == []


async def test_a_field_that_is_no_json_stays_text() -> None:
    body = await form(part("audio", RIFF, "a.wav"), part("vad_filter", b"yes"))
    assert body.data["vad_filter"] == "yes"
    assert SOUND.validate(body.data)


async def test_fields_alone() -> None:
    body = await form(part("prompt", "h\u00e9".encode()), schema=PLAIN)
    assert body == Body({"prompt": "h\u00e9"})


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"x", "multipart/form-data"),
        (b"x", f"multipart/form-data; boundary={EDGE}"),
        (f"--{EDGE}\r\n\r\nx".encode(), f"multipart/form-data; boundary={EDGE}"),
        (part("a", b"x") * (MAX_FIELDS + 1), f"multipart/form-data; boundary={EDGE}"),
        (part("a", b"x", "f") * 17, f"multipart/form-data; boundary={EDGE}"),
    ],
)
async def test_a_form_that_cannot_be_read(body: bytes, kind: str) -> None:
    with pytest.raises(AIError, match="8001"):
        await read(body + f"--{EDGE}--\r\n".encode() * (len(body) > 1), SOUND, kind)


@given(st.binary(max_size=200), st.sampled_from([b"", b"; boundary=a", b"; boundary=----edge"]))
async def test_any_bytes_in_a_form(body: bytes, rest: bytes) -> None:
    kind = "multipart/form-data" + rest.decode()
    for content in (body, b"------edge\r\n" + body, part("a", body) + b"------edge--"):
        try:
            assert isinstance(await read(content, SOUND, kind), Body)
        except AIError as error:
            told = error.kind.code
            assert told == 8001, content


@pytest.mark.parametrize("large", [False, True])
async def test_a_large_body_is_checked_off_the_loop(
    fogbank: Running, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    where = []

    def validate(schema: InputSchema, value: Any) -> list[str]:
        where.append(threading.current_thread() is threading.main_thread())
        return original(schema, value)

    original = InputSchema.validate
    monkeypatch.setattr(InputSchema, "validate", validate)
    fields = {"prompt": "a", "x": "a" * (intake.LARGE if large else 1)}
    for path, body in ((RUN + TEXT, fields), (BARE, {"model": TEXT, "input": fields})):
        assert (await fogbank.client.post(path, json=body)).status_code == 200
    response = await fogbank.client.post(
        RUN + TEXT, files={name: (None, value) for name, value in fields.items()}
    )
    assert response.status_code == 200
    assert where == [not large, True, not large, not large]


async def test_a_form_on_the_route(fogbank: Running) -> None:
    response = await fogbank.client.post(
        RUN + TEXT, files={"prompt": (None, "one two"), "max_tokens": (None, "1")}
    )
    assert response.json()["result"]["response"] == "one"
    response = await fogbank.client.post(RUN + EMBED, files={"text": (None, "a")})
    assert response.json()["result"]["shape"] == [1, 384]
    response = await fogbank.client.post(RUN + TEXT, files={"prompt": ("a.txt", b"one two")})
    assert response.json()["result"]["response"] == "one two"


@pytest.mark.contract("4")
@pytest.mark.parametrize(("model", "name"), [(SPEECH, "audio"), (IMAGES, "image")])
async def test_the_same_file_in_every_form(fogbank: Running, model: str, name: str) -> None:
    numbers = list(RIFF)
    answers = [
        await fogbank.client.post(RUN + model, content=RIFF),
        await fogbank.client.post(RUN + model, files={"file": ("a", RIFF)}),
        await fogbank.client.post(RUN + model, files={name: ("a", RIFF)}),
        await fogbank.client.post(
            RUN + model, files={name: ("a", RIFF), "other": (None, "beside it")}
        ),
        await fogbank.run(model, {name: numbers}),
        await fogbank.run(model, {name: {str(at): each for at, each in enumerate(numbers)}}),
        await fogbank.client.post(BARE, json={"model": model, "input": {name: numbers}}),
    ]
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    assert all(answer.json()["result"] == answers[0].json()["result"] for answer in answers)


@pytest.mark.contract("4")
async def test_a_file_where_base64_is_expected(fogbank: Running) -> None:
    fields = {"language": (None, "en"), "vad_filter": (None, "true")}
    response = await fogbank.client.post(RUN + SPEECH_TURBO, files={"audio": ("a", RIFF), **fields})
    plain = {"audio": b64encode(RIFF).decode(), "language": "en", "vad_filter": True}
    assert response.status_code == 200, response.text
    assert response.json() == (await fogbank.run(SPEECH_TURBO, plain)).json()


@pytest.mark.contract("2.1")
async def test_base64_that_is_no_text(fogbank: Running) -> None:
    response = await fogbank.run(SPEECH_TURBO, {"audio": 5})
    (error,) = response.json()["errors"]
    assert (response.status_code, error["code"]) == (400, 5004)
    assert "Invalid data type for base64 input: " in error["message"]


@pytest.mark.parametrize("path", [BARE, BARE + "/"])
async def test_the_model_in_the_body(fogbank: Running, path: str) -> None:
    body: dict[str, Any] = {"model": TEXT, "input": {"prompt": "one two"}}
    response = await fogbank.client.post(path, json=body)
    assert response.json()["result"]["response"] == "one two"
    body |= {"model": f"workers-ai/{STAND_IN}", "options": {"rejectIfBusy": True}}
    response = await fogbank.client.post(path, content=orjson.dumps(body))
    assert "x-fogbank-served-by" in response.headers
    response = await fogbank.client.post(path, json=body | {"model": "@cf/test/none"})
    assert response.json()["errors"] == [{"code": 7000, "message": "No route for that URI"}]


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({"model": TEXT}, "required properties at '/' are 'model,input'"),
        ({"model": 5, "input": {}}, "Type mismatch of '/model', 'string' not in 'integer'"),
        ({"model": TEXT, "input": "x"}, "Type mismatch of '/input', 'object' not in 'string'"),
        ([], "Type mismatch of '/', 'object' not in 'array'"),
        ({"model": TEXT, "input": {}}, "oneOf at '/' not met"),
    ],
)
async def test_no_model_in_the_body(fogbank: Running, body: Any, part: str) -> None:
    response = await fogbank.client.post(BARE, json=body)
    (error,) = response.json()["errors"]
    assert (response.status_code, error["code"]) == (400, 5006)
    assert part in error["message"]
    assert "cf-ai-req-id" in response.headers


@pytest.mark.parametrize("model", [f"run/{TEXT}", f"run%2F{TEXT}", f"run/workers-ai/{TEXT}"])
async def test_run_twice_in_the_path(fogbank: Running, model: str) -> None:
    assert (await fogbank.run(model, {"prompt": "a"})).status_code == 200


@pytest.mark.contract("2.4")
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
@pytest.mark.parametrize("path", [BARE, RUN + TEXT])
async def test_other_methods(fogbank: Running, method: str, path: str) -> None:
    response = await fogbank.client.request(method, path)
    assert response.status_code == 400
    if method != "HEAD":
        assert [error["code"] for error in response.json()["errors"]] == [7003, 7000]
