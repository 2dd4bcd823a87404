"""ESMAP AI API: every row of deployments.md, B."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from fogbank.catalog.mistakes import CatalogError
from tests.deployments.esmap.esmap_server import FORECAST, NER, SUMMARIZER, Esmap, card, esmap
from tests.deployments.esmap.test_api import CORS, TIME
from tests.server import until

pytestmark = pytest.mark.anyio
OPTIONS = {
    "classification": "climate-bert",
    "entities": "energy-ner",
    "summary": "energy-summarizer",
    "forecast": "renewable-forecast",
}
CARDS = (card(), NER, SUMMARIZER, FORECAST)
AVAILABLE = ["/ai/models", "/ai/inference", "/ai/analyze-text", "/ai/forecast"]


def served(tmp_path: Path, **options: Any) -> Any:
    return esmap(tmp_path, *CARDS, api={**OPTIONS, **options})


async def call(it: Esmap, method: str, path: str, **more: Any) -> Any:
    answer = await it.client.request(method, f"/esmap-api{path}", **more)
    assert {**answer.headers, **CORS} == dict(answer.headers)
    return answer


@pytest.mark.parametrize("path", ["", "/"])
async def test_the_root_lists_endpoints(tmp_path: Path, path: str) -> None:
    async with served(tmp_path) as it:
        body = (await call(it, "GET", path)).json()
    assert "/api/v1/ai - AI models and inference endpoints" in body["endpoints"]
    assert all(isinstance(endpoint, str) for endpoint in body["endpoints"])


@pytest.mark.parametrize("path", ["/api/v1/ai", "/api/v1/ai/models"])
async def test_the_models(tmp_path: Path, path: str) -> None:
    async with served(tmp_path) as it:
        body = (await call(it, "GET", path)).json()
        models = (await it.get("/models")).json()["models"]
    assert body == {
        "success": True,
        "models": models,
        "endpoints": {
            "inference": "/api/v1/ai/inference",
            "analyzeText": "/api/v1/ai/analyze-text",
            "forecast": "/api/v1/ai/forecast",
        },
    }


async def test_an_inference_is_that_of_a(tmp_path: Path) -> None:
    async with served(tmp_path) as it:
        direct = await it.infer()
        body = {"modelId": "climate-bert", "input": {"text": "Wind power grows."}}
        through = await call(it, "POST", "/api/v1/ai/inference", json=body)
        unknown = await call(it, "POST", "/api/v1/ai/inference", json={"modelId": "x"})
        broken = await call(it, "POST", "/api/v1/ai/inference", content=b"{")
    assert through.json()["cached"] is True
    assert through.json()["result"] == direct.json()["result"]
    assert (unknown.status_code, broken.status_code) == (404, 400)


@pytest.mark.parametrize("name", ["inference", "analyze-text", "forecast"])
async def test_the_wrong_method(tmp_path: Path, name: str) -> None:
    async with served(tmp_path) as it:
        answer = await call(it, "GET", f"/api/v1/ai/{name}")
    assert answer.status_code == 405
    assert answer.json() == {"success": False, "error": "Method not allowed"}


@pytest.mark.parametrize("path", ["/api/v1/ai/other", "/api/v1/ai/", "/api/v1", "/ai/models"])
async def test_other_paths(tmp_path: Path, path: str) -> None:
    async with served(tmp_path) as it:
        answer = await call(it, "GET", path)
    assert answer.status_code == 404
    assert answer.json() == {
        "success": False,
        "error": "Endpoint not found",
        "available": AVAILABLE,
    }


def answering(it: Esmap, model: str, inner: dict[str, Any]) -> None:
    async def infer(*_: Any) -> dict[str, Any]:
        return inner

    it.models[model].infer_with = infer


POSITIVE = {"label": "POSITIVE", "score": 0.97}
ENTITIES = {
    "entities": [
        {"text": "IRENA", "type": "ORG", "score": 0.9, "start": 0, "end": 5},
        {"text": "Kenya", "type": "LOC", "score": 0.9, "start": 9, "end": 14},
        {"text": "World Bank", "type": "ORG", "score": 0.8, "start": 20, "end": 30},
        {"text": "IRENA", "type": "ORG", "score": 0.7, "start": 40, "end": 45},
    ],
    "confidence": 0.8,
}


async def test_a_text_is_analyzed(tmp_path: Path) -> None:
    async with served(tmp_path) as it:
        answering(it, "climate-bert", POSITIVE)
        answering(it, "energy-ner", ENTITIES)
        answer = await call(it, "POST", "/api/v1/ai/analyze-text", json={"text": "IRENA and Kenya"})
        rows = it.rows()
    body = answer.json()
    assert list(body) == ["success", "text_length", "analyses", "recommendations"]
    assert (body["success"], body["text_length"]) == (True, 15)
    assert [each["type"] for each in body["analyses"]] == ["classification", "entities"]
    assert body["analyses"][0]["result"]["modelId"] == "climate-bert"
    assert body["analyses"][1]["result"]["result"] == ENTITIES
    positive, organizations = body["recommendations"]
    assert "positive (97% sure)" in positive
    assert organizations == "2 organizations are named: follow up with IRENA and World Bank."
    assert len(rows) == 2


@pytest.mark.parametrize(("length", "kinds"), [(500, 2), (501, 3)])
async def test_long_texts_are_summarized_too(tmp_path: Path, length: int, kinds: int) -> None:
    async with served(tmp_path) as it:
        body = {"text": "w" * length}
        found = (await call(it, "POST", "/api/v1/ai/analyze-text", json=body)).json()
    expected = ["classification", "entities", "summary"][:kinds]
    assert [each["type"] for each in found["analyses"]] == expected


@pytest.mark.parametrize("kind", ["classification", "entities", "summary"])
async def test_one_analysis_may_be_asked_for(tmp_path: Path, kind: str) -> None:
    async with served(tmp_path) as it:
        body = {"text": "Wind.", "analysis_type": kind}
        found = (await call(it, "POST", "/api/v1/ai/analyze-text", json=body)).json()
    assert [each["type"] for each in found["analyses"]] == [kind]


async def test_analyses_run_side_by_side(tmp_path: Path) -> None:
    async with served(tmp_path) as it:
        models = [it.models[each] for each in ("climate-bert", "energy-ner", "energy-summarizer")]
        for model in models:
            model.gate.clear()
        body = {"text": "Wind. " * 100}
        asked = asyncio.create_task(call(it, "POST", "/api/v1/ai/analyze-text", json=body))
        await until(lambda: all(model.working == 1 for model in models))
        for model in models:
            model.gate.set()
        assert (await asked).status_code == 200


async def test_a_fallback_recommends_nothing(tmp_path: Path) -> None:
    async def infer(*_: Any) -> dict[str, Any]:
        raise RuntimeError

    async with served(tmp_path) as it:
        for model in it.models.made.values():
            model.infer_with = infer
        answer = await call(it, "POST", "/api/v1/ai/analyze-text", json={"text": "Wind."})
    assert answer.status_code == 200
    assert answer.json()["analyses"][0]["result"]["fallback"] is True
    assert answer.json()["recommendations"] == []


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": "  "}, {"text": 5}])
async def test_a_text_is_required(tmp_path: Path, body: dict[str, Any]) -> None:
    async with served(tmp_path) as it:
        answer = await call(it, "POST", "/api/v1/ai/analyze-text", json=body)
    assert answer.status_code == 400
    assert answer.json() == {"success": False, "error": "Text is required"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("analyze-text", b"{"),
        ("analyze-text", b'{"text":"x","analysis_type":"mood"}'),
        ("analyze-text", b'{"text":"' + b"x" * 3000 + b'"}'),
        ("forecast", b"[]"),
        ("forecast", b'{"type":7}'),
        ("forecast", b'{"historical_data":5}'),
        ("forecast", b'{"historical_data":[{"when":1}]}'),
        ("forecast", b'{"weather_data":5}'),
    ],
)
async def test_what_cannot_be_understood(tmp_path: Path, path: str, body: bytes) -> None:
    async with served(tmp_path) as it:
        answer = await call(it, "POST", f"/api/v1/ai/{path}", content=body)
    assert answer.status_code == 400
    assert answer.json()["details"]["type"] == "INVALID_INPUT"


async def test_a_forecast(tmp_path: Path) -> None:
    seen: list[Any] = []

    async def infer(input: Any, *_: Any) -> dict[str, Any]:
        seen.append(input)
        return {"predictions": [1, 2, 3, 4]}

    async with served(tmp_path) as it:
        it.models["renewable-forecast"].infer_with = infer
        it.models["renewable-forecast"].check = lambda *_: None
        body = {
            "location": "Nairobi",
            "historical_data": [10, 12, 11, 13],
            "weather_data": {"temperature": 21, "wind_speed": 4},
        }
        answer = await call(it, "POST", "/api/v1/ai/forecast", json=body)
        bare = await call(it, "POST", "/api/v1/ai/forecast", json={"type": "wind"})
    found = answer.json()
    assert list(found) == ["success", "type", "location", "forecast", "metadata"]
    assert (found["success"], found["type"], found["location"]) == (True, "solar", "Nairobi")
    assert found["forecast"]["result"] == {"predictions": [1, 2, 3, 4]}
    assert found["metadata"]["model"] == "renewable-forecast"
    assert TIME.fullmatch(found["metadata"]["timestamp"])
    assert found["metadata"]["input_features"] == list(seen[0]["features"])
    assert seen[0] == {
        "features": {
            "type": "solar",
            "location": "Nairobi",
            "historicalGeneration": [10, 12, 11, 13],
            "temperature": 21,
            "windSpeed": 4,
        }
    }
    assert (bare.json()["type"], bare.json()["location"]) == ("wind", None)


async def test_options_must_name_models_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"esmap-api.yaml: options.summary: ESMAP has no such"):
        async with served(tmp_path, summary="mystery"):
            raise AssertionError("it started")
    with pytest.raises(CatalogError, match="did you mean 'summary'"):
        async with served(tmp_path, summry="energy-summarizer"):
            raise AssertionError("it started")
