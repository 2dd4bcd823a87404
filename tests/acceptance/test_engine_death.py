"""EngineCore is killed under eight streams: each is told, and the model comes back by itself."""

import asyncio
import os
import signal
import time

import httpx2
import pytest

from tests.acceptance.asking import CAPITAL, EMBEDDINGS, TEXT, ask, begin
from tests.real_server import RealServer, until_running

pytestmark = [pytest.mark.anyio, pytest.mark.engine, pytest.mark.timeout(600)]


async def test_after_the_death_of_the_engine_core_the_model_answers_again(
    embedded: RealServer, web: httpx2.AsyncClient
) -> None:
    processes = embedded.vllm()
    if not processes:
        pytest.skip("needs an extra with vLLM: cpu or gpu")
    streams = await begin(web, 8)
    os.kill(processes[0].pid, signal.SIGKILL)
    killed = time.monotonic()
    while (unready := await web.get("/health/ready")).status_code == 200:
        assert time.monotonic() - killed < 2
        await asyncio.sleep(0.01)
    assert unready.status_code == 503
    assert unready.json()["models"]["smollm2"]["ready"] is False
    assert unready.json()["models"]["minilm"]["ready"] is True
    for story in await asyncio.wait_for(asyncio.gather(*(task for _, task in streams)), 5):
        assert "[DONE]" not in story.data
        assert story.error == 7009
    assert (await ask(web, EMBEDDINGS, text="meanwhile"))["shape"] == [1, 384]
    answer = await ask(web, TEXT, prompt=CAPITAL, temperature=0)
    assert "Paris" in answer["response"]
    assert (await web.get("/health/ready")).status_code == 200
    assert await until_running(web, 0) < 5
    (row,) = [
        row
        for row in (await web.get("/fogbank/engines")).json()["engines"]
        if row["name"] == "smollm2"
    ]
    assert (row["state"], row["restarts"]) == ("ready", 1)
    assert len(embedded.vllm()) == len(processes)
    assert not set(embedded.vllm()) & set(processes)
