"""What Fogbank does not serve is refused in Cloudflare's own forms, never half answered.

docs/compatibility.md links its rows of missing things to these.
"""

from typing import Any

import pytest

from tests.server import ACCOUNT, CHAT, RUN, TEXT, Running

pytestmark = pytest.mark.anyio
ACCOUNTS = f"/client/v4/accounts/{ACCOUNT}"
SAID = [{"role": "user", "content": "hello"}]
NO_ROUTE: dict[str, tuple[str, str]] = {
    "a websocket": ("GET", RUN + TEXT),
    "the proxy of old wranglers without its header": ("POST", f"{ACCOUNTS}/ai/run/proxy"),
    "AutoRAG": ("POST", f"{ACCOUNTS}/autorag/rags/mine/search"),
    "AI Search": ("POST", f"{ACCOUNTS}/ai-search/instances/mine/search"),
    "getUrl": ("GET", f"{ACCOUNTS}/ai-gateway/gateways/mine/url/workers-ai"),
    "resumed streams": ("GET", f"{ACCOUNTS}/ai-gateway/gateways/mine/run/x/resume?from=0"),
    "a model of another provider": ("POST", RUN + "openai/gpt-5"),
}
REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "logit_bias": (
        "/v1/chat/completions",
        {"model": TEXT, "messages": SAID, "logit_bias": {"1": 1}},
        "'logit_bias' is not served",
    ),
    "stored responses": (
        "/v1/responses",
        {"model": TEXT, "input": "a", "previous_response_id": "resp_1"},
        "responses are not stored",
    ),
    "image parts": (
        "/v1/chat/completions",
        {
            "model": TEXT,
            "messages": [
                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}
            ],
        },
        "'image_url' is not read",
    ),
    "image": (RUN + TEXT, {"prompt": "a", "image": [1]}, "images are not read here"),
    "dynamic routes": (
        f"/v1/{ACCOUNT}/mine/compat/chat/completions",
        {"model": "dynamic/mine", "messages": SAID},
        "No such model dynamic/mine or task",
    ),
    "Responses on the run route": (
        RUN + CHAT,
        {"input": "hello"},
        "required properties at '/' are 'prompt'",
    ),
}


@pytest.mark.parametrize("row", NO_ROUTE, ids=NO_ROUTE)
async def test_no_route_for(fogbank: Running, row: str) -> None:
    method, path = NO_ROUTE[row]
    headers = {"connection": "Upgrade", "upgrade": "websocket"} if row == "a websocket" else {}
    response = await fogbank.client.request(method, path, headers=headers)
    assert response.status_code == 400
    assert response.json()["errors"][-1] == {"code": 7000, "message": "No route for that URI"}


@pytest.mark.parametrize("row", REFUSED, ids=REFUSED)
async def test_what_is_refused_in_words(fogbank: Running, row: str) -> None:
    path, body, text = REFUSED[row]
    response = await fogbank.client.post(path, json=body)
    assert response.status_code == 400
    assert text in response.json()["errors"][0]["message"]


@pytest.mark.contract("1.4")
async def test_the_listing_has_no_marketplace_shape(fogbank: Running) -> None:
    response = await fogbank.client.get(f"{ACCOUNTS}/ai/models/search?format=openrouter")
    assert response.status_code == 400
    assert "its shape is not documented" in response.json()["errors"][0]["message"]


async def test_reasoning_is_not_taken_apart(fogbank: Running) -> None:
    fogbank.engine._answer = lambda _: "<think>hm</think> yes"
    body = {"model": CHAT, "messages": SAID}
    message = (await fogbank.client.post("/v1/chat/completions", json=body)).json()["choices"][0]
    assert message["message"] == {"role": "assistant", "content": "<think>hm</think> yes"}
