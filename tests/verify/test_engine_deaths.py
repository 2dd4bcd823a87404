"""EngineCore and its worker are killed under eight streams, round after round."""

import asyncio
import os
import signal
import statistics
import time

import pytest

from tests.acceptance.asking import CAPITAL, TEXT, ask, begin
from tests.real_server import RealServer, until_running
from tests.verify.conftest import Record

pytestmark = [pytest.mark.anyio, pytest.mark.engine, pytest.mark.verify]
ROUNDS = 5


@pytest.mark.timeout(1800)
async def test_the_engine_is_killed_again_and_again(embedded: RealServer, record: Record) -> None:
    if not embedded.vllm():
        pytest.skip("needs an extra with vLLM: cpu or gpu")
    children = len(embedded.children())
    rounds = [await _round(embedded, number) for number in range(ROUNDS)]
    told, unready, back = zip(*rounds, strict=True)
    record(
        rounds=ROUNDS,
        streams_ended_s=round(max(told), 3),
        not_ready_s=round(max(unready), 3),
        answers_again_s=[round(seconds, 1) for seconds in back],
        median_answers_again_s=round(statistics.median(back), 1),
    )
    assert len(embedded.children()) == children, "something is left of the dead"
    async with embedded.web() as web:
        engines = (await web.get("/fogbank/engines")).json()["engines"]
        assert max(row["restarts"] for row in engines) >= ROUNDS


async def _round(embedded: RealServer, number: int) -> tuple[float, float, float]:
    """Seconds until the last stream was told, until unready, until it answered again."""
    async with embedded.web(seconds=300) as web:
        streams = await begin(web, 8)
        processes = embedded.vllm()
        victim = processes[-(number % 2)]  # EngineCore, then a worker, in turn
        os.kill(victim.pid, signal.SIGKILL)
        killed = time.monotonic()
        while (await web.get("/health/ready")).status_code == 200:
            assert time.monotonic() - killed < 2, number
            await asyncio.sleep(0.01)
        unready = time.monotonic() - killed
        for story in await asyncio.wait_for(asyncio.gather(*(task for _, task in streams)), 5):
            assert "[DONE]" not in story.data
            assert story.error == 7009, number
        told = max(story.times[-1] for story, _ in streams) - killed
        while (await web.get("/health/ready")).status_code != 200:
            assert time.monotonic() - killed < 240, number
            await asyncio.sleep(0.1)
        assert "Paris" in (await ask(web, TEXT, prompt=CAPITAL, temperature=0))["response"]
        back = time.monotonic() - killed
        assert await until_running(web, 0) < 5
    return told, unready, back
