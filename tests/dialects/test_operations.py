"""Health, metrics and what operators ask."""

from pathlib import Path
from unittest.mock import patch

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fogbank.dialects.operations import Operations
from fogbank.engines.base import EngineDead
from tests.server import (
    ABSENT,
    RUN,
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
    assert labels <= {"model", "task", "outcome", "kind", "engine", "state", "le"}
    states = families["fogbank_engine_state"].samples
    assert [s.labels["state"] for s in states if s.labels["engine"] == "text" and s.value] == [
        "ready"
    ]
    running_now = {
        s.labels["engine"]: s.value for s in families["fogbank_requests_running"].samples
    }
    assert running_now["text"] == 0


async def refusals(fogbank: Running) -> dict[tuple[str, str], float]:
    text = (await fogbank.client.get("/metrics")).text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    return {
        (sample.labels["code"], sample.labels["status"]): sample.value
        for sample in families["fogbank_refused"].samples
        if sample.name.endswith("_total")
    }


async def test_what_the_runtime_never_saw_is_counted(tmp_path: Path) -> None:
    async with running(settings(tmp_path, max_body_mib=0.001)) as it:
        await it.run(TEXT, {"prompt": 7})
        await it.run(TEXT, {"prompt": "x" * 2000})
        await it.client.post(RUN + TEXT)
        await it.run(ABSENT, {"prompt": "x"})
        await it.run("@cf/test/nothing", {"prompt": "x"})
        await it.client.post("/client/v4/accounts/me/ai/run/" + TEXT, json={"prompt": "x"})
        await it.client.get("/nothing")
        await it.client.post("/health/live")
        await it.run(TEXT, {"prompt": "x"}, headers={"origin": "https://evil.example"})
        assert await refusals(it) == {
            ("5006", "400"): 1,
            ("3006", "413"): 1,
            ("3003", "400"): 1,
            ("5018", "403"): 1,
            ("7000", "400"): 3,
            ("7003", "404"): 1,
            ("10000", "403"): 1,
        }


async def test_what_the_runtime_saw_is_not_counted_twice(fogbank: Running) -> None:
    fogbank.engine.fail_next(EngineDead("x"))
    assert (await fogbank.run(TEXT, {"prompt": "x"})).status_code == 502
    assert (await fogbank.run(TEXT, {"prompt": "x"})).status_code == 200
    assert await refusals(fogbank) == {}


async def test_what_engines_know_of_themselves(fogbank: Running) -> None:
    told = {
        "waiting": 3,
        "kv_cache_usage": 0.25,
        "prefix_cache_queries": 40,
        "prefix_cache_hits": 10,
        "unheard_of": 1,
    }
    with patch.object(fogbank.engine, "gauges", lambda: told):
        text = (await fogbank.client.get("/metrics")).text
    for line in (
        'fogbank_engine_waiting{engine="text"} 3.0',
        'fogbank_kv_cache_usage_ratio{engine="text"} 0.25',
        'fogbank_prefix_cache_queries_total{engine="text"} 40.0',
        'fogbank_prefix_cache_hits_total{engine="text"} 10.0',
        'fogbank_engine_restarts_total{engine="text"} 0.0',
        "# TYPE fogbank_prefix_cache_hits_total counter",
        "# TYPE fogbank_kv_cache_usage_ratio gauge",
    ):
        assert line in text.splitlines()
    assert "unheard_of" not in text


@pytest.mark.parametrize("keys", ["auto", "always"])
async def test_why_an_engine_failed_is_not_told_to_everybody(tmp_path: Path, keys: str) -> None:
    builder = Builder(start_failures=[OSError("no folder /home/me/models")])
    async with running(settings(tmp_path, keys=keys), builder=builder, ready=False) as it:
        await until_true(lambda: it.server.runtime.engines["text"].state == "failed")
        text = (await it.client.get("/health/ready")).json()["models"]["text"]
        assert text["state"] == "failed"
        assert text.get("error") == ("no folder /home/me/models" if keys == "auto" else None)


async def test_running_is_what_the_engine_counts(fogbank: Running) -> None:
    fogbank.engine._running = 7
    text = (await fogbank.client.get("/metrics")).text
    assert 'fogbank_requests_running{engine="text"} 7.0' in text
    assert (await fogbank.get("/fogbank/engines"))["engines"][0]["running"] == 7
    fogbank.engine._running = 0


def test_every_route_is_documented() -> None:
    for name, method in vars(Operations).items():
        assert name.startswith("_") or method.__doc__
