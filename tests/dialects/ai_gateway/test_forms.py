"""The URL shapes of the gateway that are not the native route (contract 1.7)."""

from typing import Any

import orjson
import pytest

from tests.server import ACCOUNT, CHAT, CLASSIFY, EMBED, TEXT, Running, events

pytestmark = [pytest.mark.anyio, pytest.mark.contract("1.7")]
GATEWAY = f"/v1/{ACCOUNT}/mine"
AI = f"/client/v4/accounts/{ACCOUNT}/ai"
SAID = [{"role": "user", "content": "hello"}]
COMPATIBLE: dict[str, tuple[str, dict[str, Any]]] = {
    "workers-ai/v1/chat/completions": ("choices", {"model": TEXT, "messages": SAID}),
    "workers-ai/v1/embeddings": ("data", {"model": EMBED, "input": "hello"}),
    "workers-ai/v1/responses": ("output", {"model": TEXT, "input": "hello"}),
    "compat/chat/completions": ("choices", {"model": TEXT, "messages": SAID}),
    "compat/embeddings": ("data", {"model": EMBED, "input": "hello"}),
}
BY_HEADER: dict[str, tuple[str, dict[str, Any]]] = {
    "run/{model}": (f"run/{TEXT}", {"prompt": "hello"}),
    "run": ("run", {"model": TEXT, "input": {"prompt": "hello"}}),
    "v1/chat/completions": ("v1/chat/completions", {"model": TEXT, "messages": SAID}),
    "v1/embeddings": ("v1/embeddings", {"model": EMBED, "input": "hello"}),
}


@pytest.mark.contract("1.6")
@pytest.mark.parametrize("path", COMPATIBLE, ids=COMPATIBLE)
async def test_compatible_bodies_are_bare(fogbank: Running, path: str) -> None:
    key, body = COMPATIBLE[path]
    answer = await fogbank.client.post(f"{GATEWAY}/{path}", json=body)
    assert answer.status_code == 200, answer.text
    assert "success" not in answer.json()
    assert answer.json()[key]
    assert answer.headers["cf-aig-step"] == "0"


@pytest.mark.contract("1.6")
async def test_a_model_with_its_provider_before_it(fogbank: Running) -> None:
    body = {"model": f"workers-ai/{TEXT}", "messages": SAID}
    answer = await fogbank.client.post(f"{GATEWAY}/compat/chat/completions", json=body)
    assert answer.json()["model"] == TEXT


async def test_a_compatible_stream(fogbank: Running) -> None:
    body = {"model": CHAT, "messages": SAID, "stream": True}
    answer = await fogbank.client.post(f"{GATEWAY}/compat/chat/completions", json=body)
    *data, done = events(answer.text)
    assert done == "[DONE]"
    assert orjson.loads(data[0])["object"] == "chat.completion.chunk"


@pytest.mark.parametrize("row", BY_HEADER, ids=BY_HEADER)
async def test_by_the_header_cf_aig_gateway_id(fogbank: Running, row: str) -> None:
    path, body = BY_HEADER[row]
    headers = {"cf-aig-gateway-id": "mine"}
    answer = await fogbank.client.post(f"{AI}/{path}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    plain = await fogbank.client.post(f"{AI}/{path}", json=body)
    assert answer.json().keys() == plain.json().keys()
    assert "cf-aig-log-id" not in plain.headers
    assert len(answer.headers["cf-aig-log-id"]) == 36


async def test_the_model_in_the_body_is_cached_as_its_own(fogbank: Running) -> None:
    headers = {"cf-aig-gateway-id": "mine", "cf-aig-cache-ttl": "60"}
    statuses = []
    for model, text in ((CLASSIFY, "a"), (CLASSIFY, "b"), (CLASSIFY, "a")):
        body = {"model": model, "input": {"text": text}}
        answer = await fogbank.client.post(f"{AI}/run", json=body, headers=headers)
        statuses.append(answer.headers["cf-aig-cache-status"])
    assert statuses == ["MISS", "MISS", "HIT"]


async def test_a_universal_step_of_every_form(fogbank: Running) -> None:
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("workers-ai", TEXT, {"prompt": "hello"}),
        ("workers-ai", f"run/{TEXT}", {"prompt": "hello"}),
        ("workers-ai", "v1/chat/completions", {"model": TEXT, "messages": SAID}),
        ("compat", "chat/completions", {"model": TEXT, "messages": SAID}),
    ]
    for provider, endpoint, query in steps:
        step = {"provider": provider, "endpoint": endpoint, "query": query}
        answer = await fogbank.client.post(GATEWAY, json=[step])
        assert answer.status_code == 200, answer.text
        assert "hello" in answer.text
