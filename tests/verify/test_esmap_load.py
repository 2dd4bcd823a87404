"""A thousand single inferences at once on climate-bert: no error, no fallback, none lost."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from fogbank.deployments.esmap.history import stored
from fogbank.deployments.esmap.tables import esmap_opener
from fogbank.settings import Settings
from tests.real_server import RealServer
from tests.verify.conftest import Record

pytestmark = [pytest.mark.anyio, pytest.mark.engine, pytest.mark.verify]
COUNT = 1000


def rows(since: str) -> list[tuple[int, int]]:
    """(success, cached) of what the history holds since then."""
    sql = esmap_opener(Path(Settings().data_dir), None)()
    found = sql.execute(
        "select success, cached from esmap_inference_history"
        " where created_at >= ? and model_id = 'climate-bert'",
        since,
    )
    sql.close()
    return [(row["success"], row["cached"]) for row in found]


@pytest.mark.timeout(600)
async def test_a_thousand_at_once(embedded: RealServer, record: Record) -> None:
    run = datetime.now(UTC)
    texts = [
        f"Wind farm number {number} of {run.isoformat()} cut emissions." for number in range(COUNT)
    ]
    async with embedded.web(seconds=300) as web:

        async def ask(text: str) -> tuple[httpx2.Response, float]:
            began = time.perf_counter()
            body = {"modelId": "climate-bert", "input": {"text": text}}
            answer = await web.post("/esmap/inference", json=body)
            return answer, time.perf_counter() - began

        began = time.perf_counter()
        done = await asyncio.gather(*(ask(text) for text in texts))
        seconds = time.perf_counter() - began
    assert [answer.status_code for answer, _ in done] == [200] * COUNT
    bodies = [answer.json() for answer, _ in done]
    assert not [body["result"] for body in bodies if "fallback" in body["result"]]
    assert not [body for body in bodies if body["cached"]]
    took = sorted(each for _, each in done)
    own = sorted(body["result"]["metadata"]["inferenceTime"] for body in bodies)
    record(
        requests=COUNT,
        seconds=round(seconds, 2),
        p50_seconds=round(took[COUNT // 2], 2),
        last_seconds=round(took[-1], 2),
        own_ms={"p50": own[COUNT // 2], "p95": own[95 * COUNT // 100], "max": own[-1]},
    )
    assert rows(stored(run)) == [(1, 0)] * COUNT
