"""Health, metrics and what operators ask."""

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fogbank.dialects.operations import Operations
from fogbank.engines.base import EngineDead
from tests.server import (
    ABSENT,
    STAND_IN,
    STANDING_IN,
    TEXT,
    Builder,
    Running,
    profile,
    running,
    settings,
)
from tests.server import until as until_true

pytestmark = pytest.mark.anyio
SECRET = "a prompt that nobody may see"


async def test_live_and_ready(fogbank: Running) -> None:
    assert await fogbank.get("/health/live") == {"live": True}
    body = await fogbank.get("/health/ready")
    assert (body["ready"], body["profile"]) == (True, "test")
    assert body["models"]["text"]["state"] == "ready"
    assert TEXT in body["models"]["text"]["names"]


async def test_not_ready_before_the_engines_are(tmp_path: Path) -> None:
    async with running(settings(tmp_path), builder=Builder(stalled=True), ready=False) as it:
        response = await it.client.get("/health/ready")
        assert (response.status_code, response.json()["ready"]) == (503, False)


async def test_a_death_shows_at_once(fogbank: Running) -> None:
    fogbank.engine.die()
    response = await fogbank.client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["models"]["text"]["ready"] is False
    assert response.json()["models"]["embed"]["ready"] is True


async def test_draining_is_not_ready(fogbank: Running) -> None:
    fogbank.server.runtime.drain(1)
    assert (await fogbank.client.get("/health/ready")).status_code == 503
    assert (await fogbank.client.get("/health/live")).status_code == 200


async def test_engines_on_demand_do_not_hold_readiness_back(tmp_path: Path) -> None:
    async with running(settings(tmp_path), profile(load="demand")) as it:
        assert (await it.client.get("/health/ready")).status_code == 200


async def test_models(fogbank: Running) -> None:
    rows = {row["name"]: row for row in (await fogbank.get("/fogbank/models"))["models"]}
    assert rows[STAND_IN]["stands_in"] == STANDING_IN
    assert rows[TEXT]["engine"] == "text"
    assert (rows[ABSENT]["engine"], rows[ABSENT]["profiles"]) == (None, ["big"])


async def test_unload_and_back_on_demand(fogbank: Running) -> None:
    response = await fogbank.client.post("/fogbank/engines/text/unload")
    assert response.status_code == 202
    supervisor = fogbank.server.runtime.engines["text"]
    await until_true(lambda: supervisor.state == "unloaded")
    assert (await fogbank.run(TEXT, {"prompt": "x"})).status_code == 200
    assert len(fogbank.builder.built["text"]) == 2
    assert (await fogbank.client.post("/fogbank/engines/none/load")).status_code == 404
    assert (await fogbank.client.post("/fogbank/engines/text/load")).status_code == 202


async def test_metrics(fogbank: Running) -> None:
    await fogbank.run(TEXT, {"prompt": SECRET}, headers={"authorization": "Bearer fog_secret"})
    await fogbank.run(TEXT, {"prompt": SECRET, "stream": True})
    fogbank.engine.fail_next(EngineDead("x"))
    await fogbank.run(TEXT, {"prompt": SECRET})
    response = await fogbank.client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert SECRET not in response.text
    assert "fog_secret" not in response.text
    families = {family.name: family for family in text_string_to_metric_families(response.text)}
    assert all(name.startswith("fogbank_") for name in families)
    counted = {
        sample.labels["outcome"]: sample.value
        for sample in families["fogbank_requests"].samples
        if sample.name.endswith("_total")
    }
    assert counted == {"ok": 2, "7009": 1}
    tokens = {
        sample.labels["kind"]: sample.value
        for sample in families["fogbank_tokens"].samples
        if sample.name.endswith("_total")
    }
    assert tokens == {"prompt": 12, "completion": 12}
    for name in ("request_seconds", "queue_seconds", "time_to_first_token_seconds"):
        assert families[f"fogbank_{name}"].type == "histogram"
    labels = {label for f in families.values() for s in f.samples for label in s.labels}
    assert labels <= {"model", "task", "outcome", "kind", "engine", "state", "what", "le"}
    states = families["fogbank_engine_state"].samples
    assert [s.labels["state"] for s in states if s.labels["engine"] == "text" and s.value] == [
        "ready"
    ]
    running_now = {
        s.labels["engine"]: s.value for s in families["fogbank_requests_running"].samples
    }
    assert running_now["text"] == 0


async def test_running_is_what_the_engine_counts(fogbank: Running) -> None:
    fogbank.engine._running = 7
    text = (await fogbank.client.get("/metrics")).text
    assert 'fogbank_requests_running{engine="text"} 7.0' in text
    assert (await fogbank.get("/fogbank/engines"))["engines"][0]["running"] == 7
    fogbank.engine._running = 0


def test_every_route_is_documented() -> None:
    for name, method in vars(Operations).items():
        assert name.startswith("_") or method.__doc__
