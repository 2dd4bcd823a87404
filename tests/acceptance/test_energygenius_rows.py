"""Rows of EnergyGenius' contract (deployments.md, C) that ask no model, on the real server."""

from typing import Any

import httpx2
import pytest

from fogbank.deployments.energygenius.scenarios import load_scenarios
from fogbank.settings import package_data

pytestmark = [pytest.mark.anyio, pytest.mark.engine]
AT = "/energygenius"
ASKED = load_scenarios(package_data())[0].request
SHORT = {**ASKED, "energyUsageData": {"monthlyData": ASKED["energyUsageData"]["monthlyData"][:11]}}


async def test_health_preflight_and_mock_data(web: httpx2.AsyncClient) -> None:
    health = await web.get(f"{AT}/health")
    assert health.status_code == 200
    assert health.headers["access-control-allow-origin"] == "*"
    told = health.json()
    assert told["status"] == "ok"
    assert set(told) >= {"status", "timestamp", "version", "bindings", "environment", "message"}
    assert set(told["bindings"]) == {"assets", "ai"}

    preflight = await web.request("OPTIONS", f"{AT}/api/recommend")
    assert (preflight.status_code, preflight.content) == (200, b"")
    assert preflight.headers["access-control-max-age"] == "86400"

    mock = (await web.get(f"{AT}/api/mock-data")).json()
    assert mock["data"]["suppliers"]
    assert len(mock["data"]["scenarios"]) == 5
    assert set(mock["metadata"]) >= {"count", "timestamp", "requestId"}


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/api/recommend", b"{", 400, "INVALID_JSON"),
        ("/api/recommend", {}, 400, "MISSING_FIELDS"),
        ("/api/recommend", SHORT, 400, "INVALID_USAGE_DATA"),
        ("/api/narratives", {"usageSummary": {}, "planScoring": {}}, 400, "INVALID_PLAN_SCORING"),
        ("/api/recommend", b" " * 1_100_000, 413, "PAYLOAD_TOO_LARGE"),
        ("/api/other", {}, 404, "NOT_FOUND"),
    ],
)
async def test_refusals(
    web: httpx2.AsyncClient, path: str, body: Any, status: int, code: str
) -> None:
    sent = {"content": body} if isinstance(body, bytes) else {"json": body}
    answer = await web.post(AT + path, **sent)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["message"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["content-type"] == "application/json"
