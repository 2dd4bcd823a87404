"""Every row of deployments.md, C, on fake engines."""

import re
from pathlib import Path
from typing import Any

import pytest

from fogbank.deployments.energygenius.api import LARGEST
from fogbank.deployments.energygenius.options import Options
from tests.deployments.energygenius.genius import MOUNT, SCENARIOS, body, genius, recommend

pytestmark = pytest.mark.anyio

RECOMMENDATION = {
    *("planId", "supplier", "planName", "score", "estimatedAnnualCost", "estimatedSavings"),
    *("reasoning", "rationale", "renewablePercent", "contractTermMonths", "earlyTerminationFee"),
    *("baseRate", "monthlyFee"),
}
SUMMARY = {
    *("averageMonthlyUsage", "peakUsageMonth", "totalAnnualUsage", "usagePattern", "annualCost"),
}
TIMES = {"promptBuildMs", "inferenceMs", "parseMs", "totalMs"}


async def test_health(tmp_path: Path) -> None:
    async with genius(tmp_path) as server:
        response = await server.client.get(f"{MOUNT}/health")
        told = response.json()
        assert response.status_code == 200
        assert told["status"] == "ok"
        assert told["bindings"] == {"assets": True, "ai": True}
        assert told.keys() >= {"timestamp", "version", "environment", "message"}
        assert told["environment"]["AI_MODEL_FAST"]


async def test_health_while_models_load(tmp_path: Path) -> None:
    async with genius(tmp_path, ready=False) as server:
        told = (await server.client.get(f"{MOUNT}/health")).json()
        assert told["status"] == "ok"
        assert told["bindings"]["ai"] is False
        assert "not ready" in told["message"]
        for engines in server.builder.built.values():
            engines[-1].release()


@pytest.mark.parametrize("path", ["/", "/health", "/api/recommend", "/nowhere"])
async def test_options(tmp_path: Path, path: str) -> None:
    async with genius(tmp_path) as server:
        response = await server.client.options(MOUNT + path)
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["access-control-allow-methods"] == "GET, POST, OPTIONS"
    assert response.headers["access-control-allow-headers"] == "Content-Type, Authorization"
    assert response.headers["access-control-max-age"] == "86400"


async def test_mock_data_says_that_it_is_a_sample(tmp_path: Path) -> None:
    async with genius(tmp_path) as server:
        told = (await server.client.get(f"{MOUNT}/api/mock-data")).json()
    plans, scenarios = told["data"]["suppliers"], told["data"]["scenarios"]
    assert told["metadata"]["count"] == len(plans) >= 20
    assert told["metadata"].keys() >= {"count", "timestamp", "requestId"}
    assert told["metadata"]["catalogue"]["sample"] is True
    assert [scenario["id"] for scenario in scenarios] == list(SCENARIOS)
    assert scenarios[0]["request"].keys() == {"energyUsageData", "currentPlan", "preferences"}


async def test_mock_data_can_be_switched_off(tmp_path: Path) -> None:
    async with genius(tmp_path, enable_mock_data=False) as server:
        response = await server.client.get(f"{MOUNT}/api/mock-data")
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "ENDPOINT_DISABLED"


@pytest.mark.parametrize("scenario", list(SCENARIOS))
async def test_recommend(tmp_path: Path, scenario: str) -> None:
    async with genius(tmp_path) as server:
        answer = await recommend(server, body(scenario))
    found = answer["data"]["recommendations"]
    assert 5 <= len(found) <= 10
    for each in found:
        assert each.keys() >= RECOMMENDATION
        assert each["rationale"] is None
        assert 0 <= each["score"] <= 100
        assert each["reasoning"].endswith(".")
        assert each["scoredBy"] == "model"
    assert [each["score"] for each in found] == sorted((e["score"] for e in found), reverse=True)
    assert len({each["planId"] for each in found}) == len(found)
    assert answer["data"]["usageSummary"].keys() >= SUMMARY
    metadata = answer["data"]["metadata"]
    assert metadata.keys() == {"executionTime", "timestamp", "requestId", "errors"}
    assert metadata["errors"] == []
    assert answer["performance"].keys() == {"usageSummary", "planScoring", "narrative"}
    for stage in answer["performance"].values():
        assert stage.keys() >= TIMES
    assert answer["performance"]["narrative"]["ran"] is False


@pytest.mark.parametrize(
    ("query", "extra", "options"),
    [("?narratives=true", {}, {}), ("", {"narratives": True}, {}), ("", {}, {"narratives": True})],
)
async def test_narratives_come_with_it_when_asked_for(
    tmp_path: Path, query: str, extra: dict[str, Any], options: dict[str, Any]
) -> None:
    async with genius(tmp_path, **options) as server:
        answer = await recommend(server, {**body(), **extra}, query)
    told = [each["rationale"] for each in answer["data"]["recommendations"]]
    assert all(told[:3])
    assert not any(told[3:])
    assert answer["performance"]["narrative"]["asked"] == 3
    assert all("Estimated cost: $" in rationale for rationale in told[:3])


async def test_narratives_of_an_answer(tmp_path: Path) -> None:
    async with genius(tmp_path) as server:
        answer = (await recommend(server, body()))["data"]
        asked = {
            "usageSummary": answer["usageSummary"],
            "planScoring": {"scoredPlans": answer["recommendations"]},
        }
        response = await server.client.post(f"{MOUNT}/api/narratives", json=asked)
    told = response.json()
    assert response.status_code == 200
    assert told.keys() >= {"narratives", "executionTime", "timestamp"}
    best = answer["recommendations"][:3]
    assert [each["planId"] for each in told["narratives"]] == [each["planId"] for each in best]
    for each, plan in zip(told["narratives"], best, strict=True):
        assert f"${plan['estimatedAnnualCost']:,.2f} a year" in each["rationale"]
    assert told["errors"] == []


@pytest.mark.parametrize(
    ("path", "content", "status", "code"),
    [
        ("/api/recommend", b"{", 400, "INVALID_JSON"),
        ("/api/recommend", b"", 400, "INVALID_JSON"),
        ("/api/recommend", b'{"a": NaN}', 400, "INVALID_JSON"),
        ("/api/recommend", b"[]", 400, "MISSING_FIELDS"),
        ("/api/recommend", b"null", 400, "MISSING_FIELDS"),
        ("/api/recommend", b'{"currentPlan": {}}', 400, "MISSING_FIELDS"),
        (
            "/api/recommend",
            b'{"currentPlan": {}, "preferences": {}, "energyUsageData": {"monthlyData": []}}',
            400,
            "INVALID_USAGE_DATA",
        ),
        ("/api/recommend", b" " * (LARGEST + 1), 413, "PAYLOAD_TOO_LARGE"),
        ("/api/narratives", b"{", 400, "INVALID_JSON"),
        ("/api/narratives", b"{}", 400, "MISSING_FIELDS"),
        (
            "/api/narratives",
            b'{"usageSummary": {}, "planScoring": {"scoredPlans": []}}',
            400,
            "INVALID_PLAN_SCORING",
        ),
        (
            "/api/narratives",
            b'{"usageSummary": {}, "planScoring": {"scoredPlans": [{"planId": 5}]}}',
            400,
            "INVALID_PLAN_SCORING",
        ),
        ("/api/narratives", b" " * (LARGEST + 1), 413, "PAYLOAD_TOO_LARGE"),
        ("/api/compare", b'{"models": ["@cf/no/such"]}', 400, "INVALID_COMPARISON"),
        ("/api/compare", b'{"scenarios": ["none"]}', 400, "INVALID_COMPARISON"),
        ("/api/compare", b"[1]", 400, "INVALID_COMPARISON"),
        ("/api/recommend", b"[" * 1000 + b"]" * 1000, 400, "MISSING_FIELDS"),
        ("/nowhere", b"{}", 404, "NOT_FOUND"),
        ("/health", b"{}", 404, "NOT_FOUND"),
        ("/api/recommend/", b"{}", 404, "NOT_FOUND"),
    ],
)
async def test_errors(tmp_path: Path, path: str, content: bytes, status: int, code: str) -> None:
    async with genius(tmp_path) as server:
        response = await server.client.post(MOUNT + path, content=content)
    assert response.status_code == status
    error = response.json()["error"]
    assert response.json().keys() == {"error"}
    assert error["code"] == code
    assert error["message"]
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/api/recommend", "/api/narratives", "/elsewhere"])
async def test_a_wrong_method_is_a_wrong_endpoint(tmp_path: Path, path: str) -> None:
    async with genius(tmp_path) as server:
        response = await server.client.get(MOUNT + path)
    assert (response.status_code, response.json()["error"]["code"]) == (404, "NOT_FOUND")


async def test_a_body_of_the_limit_is_read(tmp_path: Path) -> None:
    content = b"{}" + b" " * (LARGEST - 2)
    async with genius(tmp_path) as server:
        response = await server.client.post(f"{MOUNT}/api/recommend", content=content)
    assert response.json()["error"]["code"] == "MISSING_FIELDS"


@pytest.mark.parametrize(
    ("path", "what", "code"),
    [
        ("/api/recommend", "recommend", "PIPELINE_ERROR"),
        ("/api/narratives", "narrate", "NARRATIVE_ERROR"),
    ],
)
async def test_what_was_not_foreseen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, what: str, code: str
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a secret of the server")

    asked = {**body(), "usageSummary": {}, "planScoring": {"scoredPlans": [{"planId": "x"}]}}
    async with genius(tmp_path) as server:
        monkeypatch.setattr(f"fogbank.deployments.energygenius.pipeline.Pipeline.{what}", broken)
        response = await server.client.post(MOUNT + path, json=asked)
    assert response.status_code == 500
    assert response.json()["error"]["code"] == code
    assert "secret" not in response.text
    assert response.headers["access-control-allow-origin"] == "*"


async def test_keys_are_asked_for(tmp_path: Path) -> None:
    async with genius(tmp_path, config={"keys": "always"}) as server:
        response = await server.client.post(f"{MOUNT}/api/recommend", json=body())
        preflight = await server.client.options(f"{MOUNT}/api/recommend")
    assert response.status_code == 401
    assert preflight.status_code == 200


async def test_the_overview_of_a_program(tmp_path: Path) -> None:
    async with genius(tmp_path) as server:
        told = (await server.client.get(f"{MOUNT}/")).json()
    assert told["service"] == "EnergyGenius"
    assert "POST /api/recommend" in told["endpoints"]
    assert told["catalogue"]["sample"] is True


def test_every_option_is_documented() -> None:
    docs = (Path(__file__).parents[3] / "docs" / "energygenius.md").read_text(encoding="utf-8")
    table = docs.partition("## Options")[2]
    assert set(re.findall(r"`(\w+)`", table.partition("A profile may")[0])) - {"facts"} == set(
        Options.model_fields
    )
