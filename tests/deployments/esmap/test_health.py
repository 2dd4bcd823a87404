"""GET /health and GET /metrics, as they find things."""

from pathlib import Path
from typing import Any

import pytest

from fogbank.clock import TurnedClock
from tests.deployments.esmap.esmap_server import NER, card, esmap
from tests.deployments.esmap.test_api import TIME
from tests.server import ABSENT, CLASSIFY, Builder, profile, until
from tests.server import NER as NER_MODEL

pytestmark = pytest.mark.anyio


async def test_all_is_well(tmp_path: Path) -> None:
    async with esmap(tmp_path, card(), NER) as it:
        answer = await it.get("/health")
    body = answer.json()
    assert answer.status_code == 200
    assert list(body) == ["status", "timestamp", "checks"]
    assert body["status"] == "healthy"
    assert TIME.fullmatch(body["timestamp"])
    assert body["checks"] == {
        "ai_binding": {"status": "healthy", "message": "1 of 1 engines are ready"},
        "models": {"status": "healthy", "available": 2, "message": "2 models available"},
        "database": {"status": "healthy", "message": "Database is accessible"},
        "cache": {"status": "healthy", "message": "Cache is accessible"},
    }


async def test_a_model_that_cannot_work(tmp_path: Path) -> None:
    async with esmap(tmp_path, card(), card("energy-qa", implementation="absent")) as it:
        body = (await it.get("/health")).json()
    assert body["status"] == "degraded"
    assert body["checks"]["models"] == {
        "status": "degraded",
        "available": 1,
        "message": "Not available: energy-qa",
    }


async def test_a_model_whose_models_nobody_serves(tmp_path: Path) -> None:
    absent = card("energy-qa", model_id=ABSENT, config={"reader": ABSENT})
    partly = card("energy-ner", config={"ner": ABSENT, "embeddings": CLASSIFY})
    async with esmap(tmp_path, absent, partly, card()) as it:
        checks = (await it.get("/health")).json()["checks"]
    async with esmap(tmp_path / "alone", absent) as it:
        alone = (await it.get("/health")).json()
    assert checks["models"]["message"] == "Not available: energy-qa"
    assert checks["models"]["available"] == 2
    assert (alone["status"], alone["checks"]["ai_binding"]["status"]) == ("unhealthy",) * 2


async def test_engines_that_died(tmp_path: Path) -> None:
    cards = (card(), card("energy-ner", model_id=NER_MODEL, config={"ner": NER_MODEL}))
    async with esmap(tmp_path, *cards) as it:
        fakes = it.fogbank.builder.built

        async def after(name: str) -> dict[str, Any]:
            fakes[name][-1].stall()
            fakes[name][-1].die()
            body: dict[str, Any] = (await it.get("/health")).json()
            return body

        one = await after("ner")
        both = await after("classify")
        health = it.fogbank.server.runtime.engines["classify"]
        await until(lambda: health.ready, 10)
    assert (one["status"], one["checks"]["models"]["available"]) == ("degraded", 1)
    assert one["checks"]["ai_binding"] == {"status": "degraded", "message": "Not ready: ner"}
    assert both["status"] == both["checks"]["ai_binding"]["status"] == "unhealthy"
    assert both["checks"]["models"]["available"] == 0


async def test_an_engine_that_loads_when_asked_is_no_fault(tmp_path: Path) -> None:
    served = profile()
    lazy = served.engines["classify"].model_copy(update={"load": "demand"})
    served = served.model_copy(update={"engines": {**served.engines, "classify": lazy}})
    async with esmap(tmp_path, served=served) as it:
        assert (await it.get("/health")).json()["status"] == "healthy"
        assert isinstance(it.fogbank.builder, Builder)
        assert "classify" not in it.fogbank.builder.built


async def test_real_counts(tmp_path: Path) -> None:
    async def infer(input: dict[str, Any], *_: Any) -> dict[str, Any]:
        if "bad" in input["text"]:
            raise RuntimeError("broken")
        return {"label": "POSITIVE"}

    clock = TurnedClock()
    async with esmap(tmp_path, card(), NER, clock=clock) as it:
        it.models["climate-bert"].infer_with = infer
        nothing = (await it.get("/metrics")).json()
        for text in ("One.", "Two.", "One.", "bad"):
            await it.infer(text)
        found = (await it.get("/metrics")).json()
        rows = it.rows()
        clock.turn(3601)
        later = (await it.get("/metrics")).json()
    assert list(found) == ["timestamp", "inference", "models", "errors", "window"]
    assert nothing["inference"] == {
        "total_requests": 0,
        "cached_requests": 0,
        "average_latency_ms": 0,
        "p95_latency_ms": 0,
        "p99_latency_ms": 0,
    }
    assert nothing["errors"] == {"total": 0, "rate": 0}
    times = [row["inference_time_ms"] for row in rows if row["success"] and not row["cached"]]
    assert found["inference"]["total_requests"] == 4
    assert found["inference"]["cached_requests"] == 1
    assert found["inference"]["average_latency_ms"] == pytest.approx(sum(times) / 2, abs=1e-3)
    assert (
        found["inference"]["p95_latency_ms"] == found["inference"]["p99_latency_ms"] == max(times)
    )
    assert found["models"] == {"active": 2, "total_invocations": 4}
    assert found["errors"] == {"total": 1, "rate": pytest.approx(1 / 3, abs=1e-6)}
    assert found["window"] == {"seconds": 3600, "source": "database"}
    assert later["inference"]["total_requests"] == 0
    assert later["models"]["total_invocations"] == 4


async def test_minutes_are_written_and_old_ones_go(tmp_path: Path) -> None:
    from fogbank.deployments.esmap.minutes import Minutes
    from fogbank.deployments.esmap.tables import esmap_opener
    from fogbank.storage.sql import Database

    clock = TurnedClock()
    async with esmap(tmp_path, clock=clock) as it:
        await it.infer()
        minutes = Minutes(Database(esmap_opener(tmp_path / "data", None), "test"), 1, clock)
        clock.turn(120)
        await minutes.tick()
        sql = esmap_opener(tmp_path / "data", None)()
        kinds = sql.execute("select metric_type from esmap_model_metrics order by metric_type")
        assert [row["metric_type"] for row in kinds] == ["latency", "usage"]
        clock.turn(2 * 86_400)
        await minutes.tick()
        assert it.rows() == []
        assert sql.execute("select id from esmap_model_metrics") == []
        sql.close()
        await minutes.stop()
