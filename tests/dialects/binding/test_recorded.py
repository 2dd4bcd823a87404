"""Every recorded request of `env.AI` (`shared/captures/wire-contract.json`), sent again.

The recording is no part of this repository: it is looked for in `shared` beside or below it. What
answered there was a stub, so the status, the type and the keys are compared, not the contents.
"""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.server import (
    ABSENT,
    CLASSIFY,
    EMBED,
    IMAGES,
    SPEECH,
    SPEECH_TURBO,
    TEXT,
    Running,
    events,
)

pytestmark = [pytest.mark.anyio, pytest.mark.contract("6.1", "6.2", "6.3", "6.4")]
ROOT = Path(__file__).parents[3]
PLACES = [folder / "shared/captures/wire-contract.json" for folder in (ROOT, ROOT.parent)]
MODELS = {
    "@cf/meta/llama-3.1-8b-instruct": TEXT,
    "dev:@cf/meta/llama-3.1-8b-instruct": f"dev:{TEXT}",
    "@hf/nousresearch/hermes-2-pro-mistral-7b": TEXT,
    "@cf/baai/bge-base-en-v1.5": EMBED,
    "@cf/huggingface/distilbert-sst-2-int8": CLASSIFY,
    "@cf/openai/whisper": SPEECH,
    "@cf/openai/whisper-large-v3-turbo": SPEECH_TURBO,
    "@cf/microsoft/resnet-50": IMAGES,
}
STUBS = ("@cf/lab/", "@cf/meta/m2m100", "@cf/facebook/bart", "@cf/black-forest")
"""Models that only the stub had, or that no fake engine here plays."""
OURS = {
    "gw_log": 404,
    "gw_patch": 404,
    "autorag_search": 404,
    "autorag_ai": 404,
    "autorag_stream": 404,
    "models_err": 200,
    "tools": 400,
}
"""Where the stub had what this server has not, failed where it does not, or took a tool whose
parameter has no description (contract 3.1)."""
REQUEST_ID = "cf-ai-req-id"


def recorded() -> Iterator[Any]:
    """The name and request of each call that reached the wire."""
    for place in PLACES:
        if place.is_file():
            for name, case in orjson.loads(place.read_bytes()).items():
                requests = [] if name == "_note" else case["requests"]
                yield from (pytest.param(name, request, id=name) for request in requests)
            return


def body_of(request: Any) -> bytes:
    body = request.get("body", "")
    if isinstance(body, dict):
        return base64.b64decode(body["base64"])
    # A form's bytes were recorded as characters.
    kind = dict(_pairs(request["headers"])).get("Content-Type", "")
    return str(body).encode("latin-1" if kind.startswith("multipart") else "utf-8")


def _pairs(headers: Any) -> Iterator[tuple[str, str]]:
    if isinstance(headers, dict):
        yield from headers.items()
    else:
        yield from zip(headers[::2], headers[1::2], strict=True)


@pytest.mark.skipif(not any(place.is_file() for place in PLACES), reason="no recording")
@pytest.mark.parametrize(("name", "request_"), [*recorded()])
async def test_it_is_answered_as_recorded(fogbank: Running, name: str, request_: Any) -> None:
    headers = {key.lower(): value for key, value in _pairs(request_["headers"])}
    model = headers.get("cf-consn-model-id", "")
    if model.startswith(STUBS):
        headers["cf-consn-model-id"] = ABSENT
    elif model:
        headers["cf-consn-model-id"] = MODELS.get(model, model)
    headers.pop("content-length", None)
    content = body_of(request_).replace(b"@cf/meta/llama-3.1-8b-instruct", TEXT.encode())
    answer = await fogbank.client.request(
        request_["method"], request_["path"], content=content, headers=headers
    )
    if model.startswith(STUBS):
        assert (answer.status_code, answer.json()["internalCode"]) == (403, 5018)
        return
    if name == "websocket":
        assert (answer.status_code, answer.content) == (400, b"")
        assert REQUEST_ID not in answer.headers
        return
    expected = request_["response"]
    assert answer.status_code == OURS.get(name, expected["status"]), answer.text
    if answer.status_code != expected["status"]:
        return
    kind = expected["headers"]["content-type"]
    assert answer.headers["content-type"] == kind
    if REQUEST_ID in expected["headers"]:
        assert answer.headers[REQUEST_ID]
    if kind == "text/event-stream":
        assert events(answer.text)[-1] == "[DONE]"
        return
    given, told = orjson.loads(expected["body"]), answer.json()
    assert type(told) is type(given)
    if isinstance(given, dict) and name not in ("json_schema", "queueRequest"):
        assert given.keys() - {"lab_received_bytes"} <= told.keys() | {"usage", "words"}
    if "errors" in given:
        assert told["errors"] == given["errors"]
    if "internalCode" in given:
        assert {key: told[key] for key in given} == given
