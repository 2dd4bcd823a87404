"""Headers of answers, one row of contract 1.2 after the other."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.ledger import PRICES
from tests.server import ACCOUNT, RUN, TEXT, Running, running, settings

pytestmark = [pytest.mark.anyio, pytest.mark.contract("1.2")]
PROMPT = {"prompt": "one two three"}
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
ALWAYS = {
    "cf-ai-req-id": UUID,
    "cf-ai-neurons": r"\d+\.\d\d",
    "cf-ray": r"[0-9a-f]{16}-[A-Z]{3}",
    "content-type": r"application/json",
}
OF_A_GATEWAY = {
    "cf-aig-log-id": UUID,
    "cf-aig-cache-status": "MISS",
    "cf-aig-step": "0",
    "cf-aig-event-id": "mine",
}
IN_THE_AI_LAYER: dict[str, tuple[int, dict[str, Any]]] = {
    "an answer": (200, {"json": PROMPT}),
    "a stream": (200, {"json": PROMPT | {"stream": True}}),
    "no body": (400, {}),
    "input that is refused": (400, {"json": {}}),
    "over the window": (413, {"json": PROMPT | {"max_tokens": 4000}}),
}
AT_THE_FRONT = {
    "an unknown model": (400, RUN + "@cf/no/such"),
    "an unknown path": (400, f"/client/v4/accounts/{ACCOUNT}/ai/nothing"),
    "a wrong account": (404, f"/client/v4/accounts/x/ai/run/{TEXT}"),
}


@pytest.fixture
async def fogbank(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(settings(tmp_path), prices=PRICES) as it:
        yield it


@pytest.mark.contract("clients 4")
@pytest.mark.parametrize("name", ALWAYS, ids=ALWAYS)
async def test_an_answer_has(fogbank: Running, name: str) -> None:
    response = await fogbank.run(TEXT, PROMPT)
    assert re.fullmatch(ALWAYS[name], response.headers[name])
    assert len(response.headers.get_list(name)) == 1


@pytest.mark.parametrize("name", OF_A_GATEWAY, ids=OF_A_GATEWAY)
async def test_only_a_gateway_adds(fogbank: Running, name: str) -> None:
    asked = {"cf-aig-cache-ttl": "60", "cf-aig-event-id": "mine"}
    path = f"/v1/{ACCOUNT}/mine/workers-ai/{TEXT}"
    response = await fogbank.client.post(path, json=PROMPT, headers=asked)
    assert re.fullmatch(OF_A_GATEWAY[name], response.headers[name])
    plain = await fogbank.run(TEXT, PROMPT, headers=asked)
    assert plain.status_code == 200
    assert name not in plain.headers
    for header in ("cf-ray", "cf-ai-req-id", "cf-ai-neurons"):
        assert len(response.headers.get_list(header)) == 1


@pytest.mark.parametrize("row", IN_THE_AI_LAYER, ids=IN_THE_AI_LAYER)
async def test_a_request_id_of_whatever_reached_the_ai_layer(fogbank: Running, row: str) -> None:
    status, sent = IN_THE_AI_LAYER[row]
    response = await fogbank.client.post(RUN + TEXT, **sent)
    assert response.status_code == status
    assert re.fullmatch(UUID, response.headers["cf-ai-req-id"])
    if status != 200:
        assert "cf-ai-neurons" not in response.headers
        assert response.headers["cf-ai-req-id"] in response.json()["errors"][0]["message"]


@pytest.mark.contract("2.4")
@pytest.mark.parametrize("row", AT_THE_FRONT, ids=AT_THE_FRONT)
async def test_no_request_id_where_the_front_refuses(fogbank: Running, row: str) -> None:
    status, path = AT_THE_FRONT[row]
    response = await fogbank.client.post(path, json=PROMPT)
    assert response.status_code == status
    assert response.json()["result"] is None
    assert "cf-ai-req-id" not in response.headers
    assert re.fullmatch(ALWAYS["cf-ray"], response.headers["cf-ray"])


@pytest.mark.contract("2.4")
async def test_no_request_id_without_a_key(tmp_path: Path) -> None:
    async with running(settings(tmp_path, keys="always")) as fogbank:
        response = await fogbank.run(TEXT, PROMPT)
    assert response.status_code == 401
    assert "cf-ai-req-id" not in response.headers
    assert "cf-ray" in response.headers


async def test_every_route_has_a_ray_of_its_own(fogbank: Running) -> None:
    rays = set()
    for path in ("/health/live", "/metrics", "/v1/models", "/openapi.json", "/nothing"):
        rays.add((await fogbank.client.get(path)).headers["cf-ray"])
    assert len(rays) == 5
