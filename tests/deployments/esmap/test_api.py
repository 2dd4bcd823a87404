"""ESMAP's routes: every row of deployments.md, A, that is no inference."""

import re
from pathlib import Path

import pytest

from tests.deployments.esmap.esmap_server import card, esmap

pytestmark = pytest.mark.anyio

CORS = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, POST, OPTIONS",
    "access-control-allow-headers": "Content-Type, Authorization",
    "content-type": "application/json",
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_any_method_at_the_root(tmp_path: Path, method: str) -> None:
    async with esmap(tmp_path) as it:
        for path in ("/esmap", "/esmap/"):
            answer = await it.client.request(method, path)
            assert answer.status_code == 200
            assert {**answer.headers, **CORS} == dict(answer.headers)
            body = answer.json()
            assert list(body) == ["service", "version", "status", "endpoints"]
            assert (body["service"], body["status"]) == ("ESMAP AI Models", "operational")
            assert list(body["endpoints"]) == [
                "/models",
                "/models/{modelId}",
                "/inference",
                "/inference/batch",
                "/health",
                "/metrics",
            ]


@pytest.mark.parametrize("path", ["", "/", "/models", "/inference", "/admin/cache", "/nowhere"])
async def test_options_is_an_empty_200_everywhere(tmp_path: Path, path: str) -> None:
    async with esmap(tmp_path, keys="always") as it:
        answer = await it.client.options(f"/esmap{path}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert {**answer.headers, **CORS} == dict(answer.headers)


async def test_the_models(tmp_path: Path) -> None:
    cards = (card(), card("energy-qa", max_tokens=None, type="question-answering"))
    async with esmap(tmp_path, *cards) as it:
        found = (await it.get("/models")).json()
        one = (await it.get("/models/climate-bert")).json()
        other = (await it.get("/models/energy-qa")).json()
        unknown = await it.get("/models/mystery")
    assert (found["success"], found["count"]) == (True, 2)
    assert found["models"][0] == {
        "id": "climate-bert",
        "name": "CLIMATE-BERT",
        "description": "What climate-bert does.",
        "type": "text-classification",
        "domain": "climate",
        "features": ["sentiment"],
        "status": "active",
    }
    assert one["success"] is True
    assert one["model"]["maxTokens"] == 512
    assert one["model"]["usage"] == {
        "example_input": {"text": "Wind."},
        "example_output": {"label": "POSITIVE"},
    }
    assert one["model"]["endpoints"] == {"inference": "/inference", "batch": "/inference/batch"}
    assert "maxTokens" not in other["model"]
    assert unknown.status_code == 404
    assert unknown.json() == {"success": False, "error": "Model not found"}
    assert {**unknown.headers, **CORS} == dict(unknown.headers)


@pytest.mark.parametrize("path", ["/nowhere", "/models/", "/models/a/b", "//models", "/Inference"])
async def test_other_paths(tmp_path: Path, path: str) -> None:
    async with esmap(tmp_path) as it:
        answer = await it.get(path)
    assert answer.status_code == 404
    assert answer.json() == {"success": False, "error": "Endpoint not found"}
    assert {**answer.headers, **CORS} == dict(answer.headers)


@pytest.mark.parametrize("path", ["/inference", "/inference/batch"])
async def test_the_wrong_method(tmp_path: Path, path: str) -> None:
    async with esmap(tmp_path) as it:
        answer = await it.get(path)
    assert answer.status_code == 405
    assert answer.json() == {"success": False, "error": "Method not allowed"}
    assert {**answer.headers, **CORS} == dict(answer.headers)


async def test_what_fails_is_an_answer_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a bug with a /secret/path")

    async with esmap(tmp_path) as it:
        monkeypatch.setattr("fogbank.deployments.esmap.health.Health.report", broken)
        answer = await it.get("/health")
    assert answer.status_code == 500
    assert answer.json() == {"success": False, "error": "Internal server error"}
    assert {**answer.headers, **CORS} == dict(answer.headers)


async def test_refused_requests_carry_cors(tmp_path: Path) -> None:
    described = {"public": False, "protected": ()}
    async with esmap(tmp_path, described=described, keys="always") as it:
        answers = [await it.get("/models"), await it.infer()]
    for answer in answers:
        assert answer.status_code == 401
        assert answer.json()["success"] is False
        assert {**answer.headers, **CORS} == dict(answer.headers)


async def test_admin_asks_for_a_key_where_the_rest_does_not(tmp_path: Path) -> None:
    async with esmap(tmp_path, keys="always") as it:
        assert (await it.get("/models")).status_code == 200
        assert (await it.client.delete("/esmap/admin/cache")).status_code == 401
