"""Contract 6.1, 6.2: an input that is a stream is the body; the other inputs are in the query."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from tests.dialects.binding.calls import RUN, call, consn
from tests.server import (
    ABSENT,
    EMBED,
    IMAGES,
    SPEECH,
    SPEECH_TURBO,
    TEXT,
    Running,
    running,
    settings,
)

pytestmark = [pytest.mark.anyio, pytest.mark.contract("6.1", "6.2")]
SOUND = bytes(range(256)) * 3
DIGITS = b"1234567890"
"""Bytes that are JSON too."""


async def stream(
    fogbank: Running, model: str, inputs: Any, kind: str, body: bytes, **options: str
) -> Any:
    """`env.AI.run(model, {..., x: {body, contentType}}, options)`: chunked, as workerd sends it."""
    text = inputs if isinstance(inputs, str) else orjson.dumps(inputs).decode()
    query = urlencode({"version": "3", **options, "userInputs": text})

    async def parts() -> AsyncIterator[bytes]:
        yield body[:100]
        yield body[100:]

    headers = consn(model) | {"content-type": kind}
    answer = await fogbank.client.post(f"/run?{query}", content=parts(), headers=headers)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cf-ai-req-id"]
    return answer.json()


@pytest.mark.parametrize("body", [SOUND, DIGITS])
@pytest.mark.parametrize("inputs", [{}, {"language": "en"}])
@pytest.mark.parametrize("kind", ["audio/wav", "application/octet-stream", ""])
async def test_raw_bytes(fogbank: Running, body: bytes, inputs: Any, kind: str) -> None:
    """The same answer as for the array of these bytes."""
    array = (await call(fogbank, SPEECH, {"audio": [*body]})).json()
    assert await stream(fogbank, SPEECH, inputs, kind, body) == array


async def test_an_image(fogbank: Running) -> None:
    array = (await call(fogbank, IMAGES, {"image": [*SOUND]})).json()
    assert await stream(fogbank, IMAGES, {}, "image/png", SOUND) == array


async def test_a_property_in_base64(fogbank: Running) -> None:
    """whisper-large-v3-turbo takes no raw bytes over REST; the others go with the file."""
    others = {"language": "en", "initial_prompt": "a b&c", "task": "transcribe"}
    text = {"audio": base64.b64encode(SOUND).decode(), **others}
    expected = (await call(fogbank, SPEECH_TURBO, text)).json()
    assert expected["transcription_info"]["language"] == "en"
    assert await stream(fogbank, SPEECH_TURBO, others, "audio/wav", SOUND) == expected
    assert (await stream(fogbank, SPEECH_TURBO, {}, "audio/wav", SOUND)).keys() == expected.keys()


async def test_the_others_are_checked(fogbank: Running) -> None:
    told = await stream(fogbank, SPEECH_TURBO, {"vad_filter": "yes"}, "audio/wav", SOUND)
    description = "Error: Type mismatch of '/vad_filter', 'boolean' not in 'string'"
    assert (told["internalCode"], told["description"]) == (5006, description)


async def test_a_form(fogbank: Running) -> None:
    array = (await call(fogbank, IMAGES, {"image": [*SOUND]})).json()
    boundary = "e325d5f7"
    head = 'Content-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    body = f"--{boundary}\r\n{head}".encode() + SOUND + f"\r\n--{boundary}--".encode()
    kind = f"multipart/form-data; boundary={boundary}"
    assert await stream(fogbank, IMAGES, {}, kind, body) == array
    field = f'--{boundary}\r\nContent-Disposition: form-data; name="text"\r\n\r\na\r\n'
    body = field.encode() + f"--{boundary}--".encode()
    expected = (await call(fogbank, EMBED, {"text": "a"})).json()
    assert await stream(fogbank, EMBED, {}, kind, body) == expected
    broken = await stream(fogbank, EMBED, {}, "multipart/form-data", body)
    assert broken["internalCode"] == 8001


async def test_a_stream_of_json(fogbank: Running) -> None:
    told = await stream(fogbank, TEXT, {"max_tokens": 1}, "application/json", b'{"prompt": "a b"}')
    assert (told["response"], told["usage"]["completion_tokens"]) == ("a", 1)


@pytest.mark.parametrize(
    ("inputs", "kind", "reason"),
    [
        ({}, "audio/wav", "this model has no input that is a stream of 'audio/wav'"),
        ({}, "application/json", "this model has no input that is a stream of 'application/json'"),
        ("{", "audio/wav", "'userInputs' is not a JSON object"),
        ([1], "audio/wav", "'userInputs' is not a JSON object"),
        ("", "audio/wav", "'userInputs' is not a JSON object"),
    ],
)
async def test_what_is_refused(fogbank: Running, inputs: Any, kind: str, reason: str) -> None:
    told = await stream(fogbank, TEXT, inputs, kind, SOUND)
    assert (told["internalCode"], told["description"]) == (8001, f"Invalid input: {reason}")


async def test_a_model_that_is_not_here(fogbank: Running) -> None:
    """As with inputs in JSON, the model is told first: who streams to it is not at fault."""
    for kind in ("image/png", "application/json"):
        assert (await stream(fogbank, ABSENT, {}, kind, SOUND))["internalCode"] == 5018
    assert (await call(fogbank, ABSENT, 5)).json()["internalCode"] == 5018


async def test_options_are_in_the_query(fogbank: Running) -> None:
    """Written by plain string conversion, an object as `[object Object]`."""
    told = await stream(
        fogbank, SPEECH, {}, "audio/wav", SOUND, tags="a,b", gateway="[object Object]", queue="x"
    )
    assert "text" in told
    busy = await stream(
        fogbank,
        EMBED,
        {},
        "application/json",
        b'{"requests": [{"text": "a"}]}',
        queueRequest="true",
    )
    assert busy["status"] == "queued"
    raw = await stream(fogbank, SPEECH, {}, "audio/wav", SOUND, queueRequest="true")
    assert raw["internalCode"] == 5006


async def test_too_many_parameters(fogbank: Running) -> None:
    answer = await fogbank.client.post(RUN + "&a=1" * 300, json={}, headers=consn(TEXT))
    assert answer.json()["internalCode"] == 8001


@pytest.mark.contract("2.1")
async def test_an_empty_and_a_large_stream(tmp_path: Path) -> None:
    async with running(settings(tmp_path, max_body_mib=0.001)) as it:
        assert (await stream(it, SPEECH, {}, "audio/wav", b""))["internalCode"] == 3003
        assert (await stream(it, SPEECH, {}, "audio/wav", SOUND * 2))["internalCode"] == 3006
