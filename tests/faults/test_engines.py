"""Engines that die, do not load, or are unloaded: what clients see, and that it mends itself."""

import asyncio
from pathlib import Path

import orjson
import pytest

from tests.faults.conftest import Live
from tests.server import RUN, TEXT, Builder, events, profile, running, settings, until

pytestmark = [pytest.mark.anyio, pytest.mark.faults]
PROMPT = {"prompt": "word " * 200, "stream": True}


async def test_an_engine_dies_during_eight_streams(fogbank: Live) -> None:
    engine = fogbank.inside.engine
    engine.slow(0.02)
    streams = [asyncio.create_task(fogbank.client.post(RUN + TEXT, json=PROMPT)) for _ in range(8)]
    await until(lambda: engine.running == 8)
    await asyncio.sleep(0.1)
    fogbank.inside.builder.stalled = True
    engine.die()
    response = await fogbank.client.get("/health/ready")
    assert response.status_code == 503
    await until(lambda: fogbank.inside.engine is not engine)
    fogbank.inside.engine.release()
    for stream in await asyncio.gather(*streams):
        *said, last = events(stream.text)
        assert stream.status_code == 200
        assert said
        assert "[DONE]" not in said
        failure = orjson.loads(last)
        assert failure.keys() == {"errors", "success"}
        assert failure["success"] is False
        assert failure["errors"][0]["code"] == 7009
    response = await fogbank.client.post(RUN + TEXT, json={"prompt": "again"})
    assert response.json()["result"]["response"] == "again"
    assert (await fogbank.client.get("/health/ready")).status_code == 200
    assert len(fogbank.inside.builder.built["text"]) == 2


async def test_a_load_that_fails_then_works(tmp_path: Path) -> None:
    builder = Builder(start_failures=[OSError("no such folder")])
    async with running(settings(tmp_path), builder=builder, ready=False) as it:
        supervisor = it.server.runtime.engines["text"]
        await until(lambda: supervisor.state == "failed")
        body = await it.get("/health/ready")
        assert body["models"]["text"]["error"] == "no such folder"
        assert (await it.run(TEXT, {"prompt": "a"})).status_code == 502
        await it.client.post("/fogbank/engines/text/load")
        await until(lambda: supervisor.ready, 2)
        assert (await it.run(TEXT, {"prompt": "a"})).status_code == 200


@pytest.mark.contract("decision 8")
async def test_a_request_waits_for_the_load(tmp_path: Path) -> None:
    builder = Builder(stalled=True)
    async with running(settings(tmp_path), builder=builder, ready=False) as it:
        await until(lambda: "text" in builder.built)
        headers = {"x-fogbank-deadline": "0.1"}
        response = await it.run(TEXT, {"prompt": "a"}, headers=headers)
        assert (response.status_code, response.json()["errors"][0]["code"]) == (429, 3040)
        task = asyncio.create_task(it.run(TEXT, {"prompt": "a"}))
        await asyncio.sleep(0.02)
        it.engine.release()
        assert (await task).status_code == 200


async def test_idle_engines_are_unloaded_and_come_back(tmp_path: Path) -> None:
    async with running(settings(tmp_path), profile(keep_alive=0.05)) as it:
        supervisor = it.server.runtime.engines["text"]
        await until(lambda: supervisor.state == "unloaded", 3)
        assert (await it.run(TEXT, {"prompt": "a"})).status_code == 200
        assert len(it.builder.built["text"]) == 2
