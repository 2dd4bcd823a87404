"""The server is restarted or killed under a Worker that goes on running."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.faults.test_serve import serving
from tests.server import TEXT
from tests.workers.tools import free_port, needs_workers
from tests.workers.worlds import OTHER_WORLDS, PRELOADED, WORKERD, World

pytestmark = [pytest.mark.anyio, pytest.mark.clients, pytest.mark.faults, needs_workers]
PROMPT = {"prompt": "one two three"}
LOST = "Network connection lost."
LONG = {"prompt": "word " * 500, "max_tokens": 500, "stream": True}

ALONE = pytest.param(WORKERD, id="workerd", marks=pytest.mark.verify)


@pytest.fixture
def port() -> int:
    """Where the server listens, each time anew."""
    return free_port()


@pytest.fixture(params=[pytest.param(PRELOADED, id="wrangler-4.86"), ALONE, *OTHER_WORLDS])
async def worker(
    request: pytest.FixtureRequest, tmp_path: Path, port: int
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a Worker whose server does not run yet."""
    world: World = request.param
    home = tmp_path / "worker"
    home.mkdir()
    async with world.worker(f"http://127.0.0.1:{port}", home) as tool:
        async with httpx2.AsyncClient(base_url=tool.url, timeout=30, trust_env=False) as web:
            yield web


async def see(worker: httpx2.AsyncClient, inputs: dict[str, Any]) -> dict[str, Any]:
    """What the Worker saw of a run."""
    asked = {"model": TEXT, "inputs": inputs, "options": {}}
    found: dict[str, Any] = (await worker.post("/see", json=asked)).json()
    return found


async def test_a_server_that_comes_and_goes(
    worker: httpx2.AsyncClient, port: int, tmp_path: Path
) -> None:
    async with serving(tmp_path, seconds_per_token=0, port=port) as (process, _):
        found = await see(worker, PROMPT)
        assert found["value"]["response"] == PROMPT["prompt"], found
        process.terminate()
        assert await process.wait() == 0
    found = await see(worker, PROMPT)
    assert found["error"]["text"] == f"Error: {LOST}"
    async with serving(tmp_path, seconds_per_token=0.02, port=port) as (process, client):
        assert (await see(worker, PROMPT))["value"]["response"] == PROMPT["prompt"]
        reading = asyncio.create_task(see(worker, LONG))
        while not (await client.get("/fogbank/engines")).json()["engines"][0]["running"]:
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)  # the first tokens are on their way
        os.kill(process.pid, signal.SIGKILL)
        found = await reading
    assert found["text"].startswith('data: {"response":"word"}\n\n')
    assert found["broken"]["text"] == f"Error: {LOST}"
    assert found["broken"]["keys"] == ["retryable"]
