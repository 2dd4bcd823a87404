"""Every row of deployments.md, A and B, against a live server with the embedded models."""

import re
from typing import Any

import httpx2
import pytest

from fogbank.deployments.esmap.card import load_cards
from fogbank.settings import package_data

pytestmark = [pytest.mark.anyio, pytest.mark.engine]

CARDS = load_cards(package_data())
CORS = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, POST, OPTIONS",
    "access-control-allow-headers": "Content-Type, Authorization",
    "content-type": "application/json",
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
STATISTICS = {"count", "average", "min", "max", "p50", "p95", "p99"}
FALLBACK = {"error", "fallback"}
IRENA = (
    "IRENA and the World Bank welcomed the record growth of solar power in India in 2023, a great"
    " success that cut emissions by 12 million tonnes."
)
LONG = " ".join(
    [
        IRENA,
        "The new plants in Gujarat and Rajasthan generate 30 GWh of clean electricity a day.",
        "They replace old coal units near Mumbai, whose repair had become too expensive.",
        "WindEurope expects that offshore wind will grow as fast in the North Sea.",
        "The International Energy Agency says that grids and storage are what is needed next.",
        "Batteries already move a tenth of the solar power of noon into the evening.",
    ]
)


async def ask(
    web: httpx2.AsyncClient, method: str, path: str, status: int = 200, **options: Any
) -> Any:
    """The JSON of an answer, after its status and headers were looked at."""
    answer = await web.request(method, path, **options)
    assert answer.status_code == status, answer.text
    assert {**answer.headers, **CORS} == dict(answer.headers)
    return answer.json() if answer.content else None


async def test_the_routes_of_a(web: httpx2.AsyncClient) -> None:
    for method in ("GET", "POST", "DELETE"):
        root = await ask(web, method, "/esmap")
        assert (root["service"], root["status"]) == ("ESMAP AI Models", "operational")
        assert set(root["endpoints"]) == {
            "/models",
            "/models/{modelId}",
            "/inference",
            "/inference/batch",
            "/health",
            "/metrics",
        }
    for path in ("", "/inference", "/nowhere"):
        assert await ask(web, "OPTIONS", f"/esmap{path}") is None
    models = await ask(web, "GET", "/esmap/models")
    assert (models["success"], models["count"]) == (True, len(CARDS))
    keys = {"id", "name", "description", "type", "domain", "features", "status"}
    assert all(set(model) == keys for model in models["models"])
    for each in CARDS.values():
        model = (await ask(web, "GET", f"/esmap/models/{each.id}"))["model"]
        assert keys | {"provider", "modelId", "inputFormat", "outputFormat"} <= set(model)
        assert set(model["endpoints"]) == {"inference", "batch"}
        assert set(model["usage"]) == {"example_input", "example_output"}
    unknown = await ask(web, "GET", "/esmap/models/mystery", 404)
    assert unknown == {"success": False, "error": "Model not found"}
    nowhere = await ask(web, "GET", "/esmap/nowhere", 404)
    assert nowhere == {"success": False, "error": "Endpoint not found"}
    for path in ("/inference", "/inference/batch"):
        wrong = await ask(web, "GET", f"/esmap{path}", 405)
        assert wrong == {"success": False, "error": "Method not allowed"}


async def test_health_and_metrics(web: httpx2.AsyncClient) -> None:
    health = await ask(web, "GET", "/esmap/health")
    assert health["status"] == "healthy", health
    assert TIME.fullmatch(health["timestamp"])
    assert set(health["checks"]) == {"ai_binding", "models", "database", "cache"}
    assert health["checks"]["models"]["available"] == len(CARDS)
    before = await ask(web, "GET", "/esmap/metrics")
    await _infer(web, "climate-bert", {"text": f"{IRENA} {health['timestamp']}"})
    after = await ask(web, "GET", "/esmap/metrics")
    assert set(after["inference"]) == {
        "total_requests",
        "cached_requests",
        "average_latency_ms",
        "p95_latency_ms",
        "p99_latency_ms",
    }
    assert after["inference"]["average_latency_ms"] > 0
    assert after["models"]["active"] == len(CARDS)
    assert after["models"]["total_invocations"] > before["models"]["total_invocations"]
    assert set(after["errors"]) == {"total", "rate"}


async def _infer(web: httpx2.AsyncClient, model: str, input: Any, **more: Any) -> Any:
    body = {"modelId": model, "input": input, **more}
    return await ask(web, "POST", "/esmap/inference", json=body)


@pytest.mark.parametrize("model", CARDS)
async def test_a_model_and_its_cached_answer(web: httpx2.AsyncClient, model: str) -> None:
    card = CARDS[model]
    removal = {"modelId": model, "input": card.example_input}
    deleted = await web.request("DELETE", "/esmap/admin/cache", json=removal)
    assert deleted.json()["success"] is True
    body = await _infer(web, model, card.example_input)
    assert (body["success"], body["cached"]) == (True, False)
    result = body["result"]
    assert not FALLBACK & set(result), result
    assert (result["modelId"], bool(TIME.fullmatch(result["timestamp"]))) == (model, True)
    assert set(result["metadata"]) == {"inferenceTime", "modelVersion"}
    assert set(card.example_output) <= set(result["result"])
    if card.domain == "climate":
        assert 0 <= result["climate_relevance"] <= 1
    if card.domain == "energy":
        assert isinstance(result["energy_categories"], list)
    performance = body["performance"]
    assert set(performance["timings"]) == {"inference", "total_request"}
    assert all(set(each) == STATISTICS for each in performance["statistics"].values())
    again = await _infer(web, model, card.example_input)
    assert (again["cached"], again["result"]) == (True, result)
    assert set(again["performance"]["timings"]) == {"total_request"}


async def test_errors_of_inference(web: httpx2.AsyncClient) -> None:
    path, body = "/esmap/inference", {"modelId": "mystery", "input": {"text": "x"}}
    unknown = await ask(web, "POST", path, 404, json=body)
    assert unknown["error"] == "The requested model could not be found."
    assert unknown["details"]["message"] == "Model mystery not found"
    wanted = {
        "climate-bert": ("Input must contain a text field", {}),
        "energy-qa": ("Input must contain question and context fields", {"question": "Why?"}),
        "renewable-forecast": ("Input must contain features", {}),
        "energy-ner": ("Text exceeds maximum length", {"text": "x" * 100_000}),
    }
    for model, (message, given) in wanted.items():
        if model in CARDS:
            body = {"modelId": model, "input": given}
            invalid = await ask(web, "POST", path, 400, json=body)
            assert invalid["details"]["message"] == message
            told = "Invalid input provided. Please check your request format."
            assert (invalid["success"], invalid["error"]) == (False, told)
    await ask(web, "POST", path, 400, content=b'{"modelId":')


async def test_a_batch(web: httpx2.AsyncClient) -> None:
    path = "/esmap/inference/batch"
    inputs = [{"text": IRENA}, {"words": 5}, {"text": "The mine polluted the river, a disaster."}]
    body = {"modelId": "climate-bert", "inputs": inputs}
    answer = await ask(web, "POST", path, json=body)
    results = answer["results"]
    counts = [results[key] for key in ("batch_size", "successful", "failed")]
    assert (results["modelId"], counts) == ("climate-bert", [3, 2, 1])
    found = results["results"]
    assert [each["status"] for each in found] == ["fulfilled", "rejected", "fulfilled"]
    assert all(set(each) == {"index", "status", "result", "error"} for each in found)
    labels = [each["result"]["result"]["label"] for each in found[::2]]
    assert labels == ["POSITIVE", "NEGATIVE"]
    assert "performance" in answer
    eleven = {**body, "inputs": inputs[:1] * 11}
    refused = await ask(web, "POST", path, 400, json=eleven)
    assert refused["details"]["message"] == "Batch size 11 exceeds maximum 10"
    await ask(web, "POST", path, 400, json={**body, "inputs": []})


async def test_the_api_in_front(web: httpx2.AsyncClient) -> None:
    base = "/esmap-api/api/v1/ai"
    root = await ask(web, "GET", "/esmap-api")
    assert "/api/v1/ai - AI models and inference endpoints" in root["endpoints"]
    for path in (base, f"{base}/models"):
        models = await ask(web, "GET", path)
        assert set(models["endpoints"]) == {"inference", "analyzeText", "forecast"}
        assert len(models["models"]) == len(CARDS)
    for name in ("inference", "analyze-text", "forecast"):
        wrong = await ask(web, "GET", f"{base}/{name}", 405)
        assert wrong == {"success": False, "error": "Method not allowed"}
    other = await ask(web, "GET", f"{base}/other", 404)
    assert other["available"] == [
        "/ai/models",
        "/ai/inference",
        "/ai/analyze-text",
        "/ai/forecast",
    ]
    body = {"modelId": "climate-bert", "input": {"text": IRENA}}
    inferred = await ask(web, "POST", f"{base}/inference", json=body)
    assert inferred["result"]["result"]["label"] == "POSITIVE"
    required = await ask(web, "POST", f"{base}/analyze-text", 400, json={})
    assert required == {"success": False, "error": "Text is required"}


async def test_texts_are_analyzed(web: httpx2.AsyncClient) -> None:
    path = "/esmap-api/api/v1/ai/analyze-text"
    short = await ask(web, "POST", path, json={"text": IRENA})
    assert (short["success"], short["text_length"]) == (True, len(IRENA))
    assert [each["type"] for each in short["analyses"]] == ["classification", "entities"]
    positive, organizations = short["recommendations"]
    assert "positive" in positive
    assert "World Bank" in organizations
    long = await ask(web, "POST", path, json={"text": LONG})
    kinds = [each["type"] for each in long["analyses"]]
    assert kinds == ["classification", "entities", "summary"]
    assert len(long["analyses"][2]["result"]["result"]["summary"]) < len(LONG)


async def test_a_forecast_through_the_api(web: httpx2.AsyncClient) -> None:
    history = [
        {"timestamp": f"2026-06-{1 + hour // 24:02}T{hour % 24:02}:00:00Z", "generation": power}
        for hour, power in enumerate([0, 0, 0, 0, 0, 1, 4, 9, 14, 18, 21, 23] * 4)
    ]
    body = {"location": "Jaipur", "historical_data": history, "weather_data": {"temperature": 31}}
    answer = await ask(web, "POST", "/esmap-api/api/v1/ai/forecast", json=body)
    assert (answer["success"], answer["type"], answer["location"]) == (True, "solar", "Jaipur")
    assert len(answer["forecast"]["result"]["predictions"]) == 4
    assert answer["metadata"]["model"] == "renewable-forecast"
    assert "historicalGeneration" in answer["metadata"]["input_features"]
