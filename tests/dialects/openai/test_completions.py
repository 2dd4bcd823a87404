"""`completions`, an extension: prompts continued as they are (contract 1.6)."""

from typing import Any

import orjson
import pytest

from fogbank.tasks import TextGenerationRequest
from tests.server import TEXT, Running, events

pytestmark = [pytest.mark.anyio, pytest.mark.contract("1.6")]


async def complete(fogbank: Running, **body: Any) -> Any:
    response = await fogbank.client.post(
        "/v1/completions", json={"model": TEXT, "prompt": "a b"} | body
    )
    assert response.status_code == 200, response.text
    assert response.headers["x-fogbank-extension"] == "completions"
    return response.json()


async def test_a_prompt(fogbank: Running) -> None:
    body = await complete(fogbank)
    assert body["object"] == "text_completion"
    assert body["choices"] == [
        {"index": 0, "text": "a b", "logprobs": None, "finish_reason": "stop"}
    ]
    assert body["usage"]["total_tokens"] == 4
    request = fogbank.engine.requests[-1]
    assert isinstance(request, TextGenerationRequest)
    assert (request.prompt, request.raw) == ("a b", True)


async def test_prompts_times_n(fogbank: Running) -> None:
    body = await complete(fogbank, prompt=["a b", "c d e"], n=2)
    texts = [choice["text"] for choice in body["choices"]]
    assert texts == ["a b", "a b", "c d e", "c d e"]
    assert body["usage"]["prompt_tokens"] == 5
    assert body["usage"]["completion_tokens"] == 10


async def test_logprobs(fogbank: Running) -> None:
    (choice,) = (await complete(fogbank, logprobs=1))["choices"]
    told = choice["logprobs"]
    assert told["tokens"] == ["a", " b"]
    assert told["text_offset"] == [0, 1]
    assert [list(top) for top in told["top_logprobs"]] == [["a"], [" b"]]
    assert all(value < 0 for value in told["token_logprobs"])


async def test_a_stream(fogbank: Running) -> None:
    body = {"model": TEXT, "prompt": ["a b", "c"], "stream": True, "logprobs": 0}
    response = await fogbank.client.post("/v1/completions", json=body)
    *data, done = events(response.text)
    assert done == "[DONE]"
    *pieces, last = [orjson.loads(item) for item in data]
    assert last["usage"] == {
        "prompt_tokens": 3,
        "completion_tokens": 3,
        "total_tokens": 6,
        "prompt_tokens_details": {"cached_tokens": 0},
    }
    first = [p["choices"][0] for p in pieces if p["choices"][0]["index"] == 0]
    assert [choice["text"] for choice in first] == ["a", " b"]
    assert [choice["finish_reason"] for choice in first] == [None, "stop"]
    assert first[1]["logprobs"]["text_offset"] == [1]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"prompt": [1, 2]}, "'string' not in 'integer'"),
        ({"prompt": ""}, "must be >= 1"),
        ({"echo": True}, "'echo' is not served"),
        ({"suffix": "x"}, "'suffix' is not served"),
        ({"best_of": 3}, "'best_of' is not served"),
        ({"prompt": ["a"] * 16, "n": 3}, "prompts times n must be <= 32"),
    ],
)
async def test_what_is_refused(fogbank: Running, body: dict[str, Any], text: str) -> None:
    given = {"model": TEXT, "prompt": "a"} | body
    response = await fogbank.client.post("/v1/completions", json=given)
    assert response.status_code == 400
    assert text in response.json()["error"]["message"]
