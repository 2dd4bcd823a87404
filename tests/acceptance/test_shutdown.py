"""SIGTERM under a running stream ends the real server; nothing of it is left."""

import asyncio
import time

import httpx2
import pytest

from fogbank.engines.child_processes import shared_memory_of
from tests.acceptance.asking import TEXT, begin
from tests.real_server import DRAIN, RealServer
from tests.server import RUN

pytestmark = [pytest.mark.anyio, pytest.mark.engine, pytest.mark.last, pytest.mark.timeout(600)]


async def test_sigterm_drains_refuses_and_leaves_nothing(embedded: RealServer) -> None:
    children = embedded.children()
    shared_memory = shared_memory_of(children)
    assert children or not embedded.vllm()
    async with embedded.web() as web:
        ((endless, hanging),) = await begin(web, 1)
        streams = await begin(web, 2, max_tokens=40)
        embedded.process.terminate()
        signalled = time.monotonic()
        await asyncio.sleep(0.5)
        async with embedded.web() as other:
            with pytest.raises(httpx2.ConnectError):
                await other.post(RUN + TEXT, json={"prompt": "late"})
        for story, task in streams:
            await task
            assert story.finished, story.data[-1]
        await hanging
        assert endless.error == 3008
    assert time.monotonic() - signalled < DRAIN + 5
    await asyncio.to_thread(embedded.ended, children, shared_memory)
