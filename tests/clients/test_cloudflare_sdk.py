"""The official `cloudflare` package against the real engines; its 5.9 sends names with %2F."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from cloudflare import APIStatusError, BadRequestError, Cloudflare

from tests.acceptance.asking import CAPITAL, EMBEDDINGS, ENTITIES, SENTIMENT, STAND_IN, TEXT
from tests.real_server import RealServer
from tests.server import ACCOUNT

pytestmark = [pytest.mark.clients, pytest.mark.engine]


@pytest.fixture
def client(embedded: RealServer) -> Iterator[Cloudflare]:
    http = httpx.Client(trust_env=False)
    base_url = f"{embedded.url}/client/v4"
    with Cloudflare(api_token="any", base_url=base_url, http_client=http) as made:
        yield made


def run(client: Cloudflare, model: str, **body: Any) -> Any:
    return client.ai.run(model, account_id=ACCOUNT, **body)


@pytest.mark.contract("1.1")
def test_a_prompt(client: Cloudflare) -> None:
    answer = run(client, TEXT, prompt=CAPITAL, temperature=0)
    assert "Paris" in answer["response"]
    assert answer["usage"]["completion_tokens"] > 3


@pytest.mark.contract("1.1")
def test_messages(client: Cloudflare) -> None:
    messages = [
        {"role": "system", "content": "You answer in one sentence."},
        {"role": "user", "content": CAPITAL},
    ]
    assert "Paris" in run(client, TEXT, messages=messages, temperature=0)["response"]


@pytest.mark.contract("4", "clients 11")
def test_classification(client: Cloudflare) -> None:
    scores = {item.label: item.score for item in run(client, SENTIMENT, text="I love this.")}
    assert scores["POSITIVE"] > 0.5


@pytest.mark.contract("4")
def test_embeddings(client: Cloudflare) -> None:
    answer = run(client, EMBEDDINGS, text=["one", "two"])
    assert answer["shape"] == [2, 384]
    assert len(answer["data"][1]) == 384


@pytest.mark.contract("decision 7")
def test_entities(client: Cloudflare) -> None:
    found = run(client, ENTITIES, text="Google was founded in California.")
    assert {"ORG", "LOC"} <= {entity.to_dict()["entity_group"] for entity in found}


@pytest.mark.contract("1.1", "1.2", "clients 1")
def test_the_raw_answer_has_the_headers_and_the_encoded_path(client: Cloudflare) -> None:
    raw = client.ai.with_raw_response.run(TEXT, account_id=ACCOUNT, prompt="a", max_tokens=1)
    assert "@cf%2Fmeta%2F" in str(raw.http_request.url)
    assert raw.headers["x-fogbank-served-by"] == STAND_IN
    assert len(raw.headers["cf-ai-req-id"]) == 36


@pytest.mark.contract("1.3")
def test_a_stream_through_the_streaming_response(client: Cloudflare) -> None:
    streaming = client.ai.with_streaming_response
    body: dict[str, Any] = {"prompt": CAPITAL, "extra_body": {"stream": True, "temperature": 0}}
    with streaming.run(TEXT, account_id=ACCOUNT, **body) as response:
        lines = [line for line in response.iter_lines() if line]
    assert lines[-1] == "data: [DONE]"
    assert "Paris" in "".join(lines)


@pytest.mark.contract("2.4")
def test_a_wrong_model(client: Cloudflare) -> None:
    with pytest.raises(BadRequestError) as refused:
        run(client, "@cf/no/such-model", prompt="a")
    assert refused.value.status_code == 400
    (error,) = refused.value.errors
    assert (error.code, error.message) == (7000, "No route for that URI")


@pytest.mark.contract("2.3")
@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"max_tokens": "many"}, "Type mismatch of '/max_tokens', 'integer' not in 'string'"),
        ({"max_tokens": None}, "'integer' not in 'null'"),
        ({"temperature": 9}, "'/temperature' must be <= 5"),
    ],
)
def test_wrong_input(client: Cloudflare, body: dict[str, Any], text: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        run(client, TEXT, prompt="a", extra_body=body)
    (error,) = refused.value.errors
    assert error.code == 5006
    assert error.message is not None
    assert text in error.message
    assert "Paris" in run(client, TEXT, prompt=CAPITAL, temperature=0)["response"]


@pytest.mark.contract("2.2")
def test_too_long_a_prompt(client: Cloudflare) -> None:
    with pytest.raises(APIStatusError) as refused:
        run(client, TEXT, prompt="word " * 5000)
    assert refused.value.status_code == 413
    assert [error.code for error in refused.value.errors] == [5021]
