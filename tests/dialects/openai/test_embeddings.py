"""`embeddings` (contract 1.6, decisions.md 13)."""

import base64
import struct
from typing import Any

import pytest

from tests.server import EMBED, TEXT, Running

pytestmark = [pytest.mark.anyio, pytest.mark.contract("1.6")]


async def embed(fogbank: Running, **body: Any) -> Any:
    response = await fogbank.client.post("/v1/embeddings", json={"model": EMBED} | body)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.contract("decision 13")
async def test_floats_are_the_default(fogbank: Running) -> None:
    body = await embed(fogbank, input=["one two", "three"])
    assert body["object"] == "list"
    assert body["model"] == EMBED
    assert body["usage"] == {
        "prompt_tokens": 3,
        "total_tokens": 3,
        "prompt_tokens_details": {"cached_tokens": 0},
    }
    assert [(row["object"], row["index"]) for row in body["data"]] == [
        ("embedding", 0),
        ("embedding", 1),
    ]
    assert len(body["data"][0]["embedding"]) == 384
    assert sum(value * value for value in body["data"][0]["embedding"]) == pytest.approx(1)


@pytest.mark.contract("decision 13", "clients 8")
async def test_base64_is_little_endian_float32(fogbank: Running) -> None:
    floats = (await embed(fogbank, input="one"))["data"][0]["embedding"]
    text = (await embed(fogbank, input="one", encoding_format="base64"))["data"][0]["embedding"]
    assert struct.unpack("<384f", base64.b64decode(text)) == pytest.approx(floats, abs=1e-7)


async def test_dimensions_that_the_model_has(fogbank: Running) -> None:
    assert len((await embed(fogbank, input="a", dimensions=384))["data"]) == 1


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"input": "a", "dimensions": 256}, "have 384 dimensions, not 256"),
        ({"input": [1, 2]}, "'string' not in 'integer'"),
        ({"input": [[1, 2]]}, "'string' not in 'array'"),
        ({"input": ""}, "Length of '/input' must be >= 1"),
        ({"input": []}, "Length of '/input' must be >= 1"),
        ({"input": "a", "encoding_format": "int8"}, "enum int8 not in float,base64"),
        ({"input": "a", "model": TEXT}, "is for Text Generation"),
        ({}, "required properties at '/' are 'model,input'"),
    ],
)
async def test_what_is_refused(fogbank: Running, body: dict[str, Any], text: str) -> None:
    response = await fogbank.client.post("/v1/embeddings", json={"model": EMBED} | body)
    assert response.status_code == 400
    assert text in response.json()["error"]["message"]
