"""Deaths and stops of vLLM that need an engine of their own each: `make verify` runs them."""

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from fogbank.engines.base import EngineDead, EngineUnavailable, Health
from fogbank.engines.child_processes import descendants
from fogbank.engines.vllm import VllmEngine
from tests.engine.asking import seconds_until, story
from tests.engine.conftest import OPTIONS

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.engine,
    pytest.mark.verify,
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore"),
]


@pytest.mark.verify
async def test_after_the_kill_of_a_worker_every_stream_ends(engine: VllmEngine) -> None:
    begun = asyncio.Semaphore(0)
    streams = [asyncio.create_task(story(engine, number, begun)) for number in range(8)]
    for _ in streams:
        await begun.acquire()
    os.kill(engine.pids()[-1], signal.SIGKILL)
    assert await seconds_until(lambda: engine.health() is Health.DEAD) < 0.5
    ends = await asyncio.wait_for(asyncio.gather(*streams, return_exceptions=True), 2)
    assert [type(end) for end in ends] == [EngineDead] * 8
    await engine.stop()
    assert engine.pids() == []


@pytest.mark.parametrize(
    "seconds", [3, *(pytest.param(late, marks=pytest.mark.verify) for late in (12, 20))]
)
async def test_a_start_that_is_cancelled_leaves_no_process(smollm2: Path, seconds: float) -> None:
    before = descendants(os.getpid())
    engine = VllmEngine("cancelled", smollm2, options=OPTIONS)
    task = asyncio.create_task(engine.start())
    await asyncio.wait([task], timeout=seconds)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await engine.stop()
    assert engine.health() is Health.STOPPED
    assert not descendants(os.getpid()) - before


async def test_a_stop_makes_a_start_in_progress_fail(smollm2: Path) -> None:
    engine = VllmEngine("stopped", smollm2, options=OPTIONS)
    task = asyncio.create_task(engine.start())
    await asyncio.wait([task], timeout=5)
    await engine.stop()
    with pytest.raises(EngineUnavailable):
        await task


async def test_a_misspelt_option_fails_before_a_process_is_started(smollm2: Path) -> None:
    before = descendants(os.getpid())
    engine = VllmEngine("misspelt", smollm2, options={"max_model_length": 1})
    with pytest.raises(EngineUnavailable, match="did you mean 'max_model_len'"):
        await engine.start()
    assert descendants(os.getpid()) == before
    await engine.stop()
