"""The three ways to stop a generation, from a Worker to the real engine (tests/real_server.py)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.acceptance.asking import ENDLESS, TEXT
from tests.real_server import RealServer, until_running
from tests.workers.gate import Gate, gate
from tests.workers.places import SECOND
from tests.workers.tools import needs_workers
from tests.workers.worlds import WORKERD

pytestmark = [pytest.mark.anyio, pytest.mark.clients, pytest.mark.engine, needs_workers]
STREAM = {**ENDLESS, "stream": True}


@pytest.fixture
async def worker(embedded: RealServer, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a Worker under workerd."""
    async with WORKERD.worker(embedded.url, tmp_path) as tool:
        async with httpx2.AsyncClient(base_url=tool.url, timeout=60, trust_env=False) as client:
            yield client


@pytest.fixture
async def door() -> AsyncIterator[Gate]:
    async with gate() as here:
        yield here


@pytest.mark.parametrize(
    ("path", "inputs"),
    [("/abort", STREAM), ("/abort", ENDLESS), ("/cancel", STREAM)],
    ids=["aborted stream", "aborted answer", "cancelled reader"],
)
async def test_a_worker_that_stops(
    worker: httpx2.AsyncClient, web: httpx2.AsyncClient, door: Gate, path: str, inputs: Any
) -> None:
    await until_running(web, 0)
    asked = {"model": TEXT, "inputs": inputs, "gate": door.url}
    answer = asyncio.create_task(worker.post(path, json=asked))
    await door.come("ready")
    await until_running(web, 1)
    door.open("ready")
    assert await until_running(web, 0) < SECOND
    door.open("done")
    assert (await answer).status_code == 200


@pytest.mark.parametrize("path", ["/pass", "/relay"])
async def test_a_client_that_leaves(
    worker: httpx2.AsyncClient, web: httpx2.AsyncClient, path: str
) -> None:
    await until_running(web, 0)
    asked = {"model": TEXT, "inputs": STREAM}
    async with worker.stream("POST", path, json=asked) as response:
        assert "response" in await anext(response.aiter_text())
        await until_running(web, 1)
    assert await until_running(web, 0) < SECOND
