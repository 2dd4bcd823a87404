"""A Worker in its world, with the Fogbank behind it in this process: both ends in one hand."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from fogbank.catalog.profile import Profile
from fogbank.engines.fake import FakeEngine
from fogbank.settings import Settings
from tests.server import Builder, Running, live, running, until
from tests.workers.tools import Started
from tests.workers.worlds import World

SECOND = 1.0
"""What the issue gives an engine to stop once nobody wants its answer."""


@dataclass(frozen=True)
class Place:
    """A running Worker (tests/workers/witness.mjs) and the server that its `env.AI` is."""

    world: World
    tool: Started
    fogbank: Running
    web: httpx2.AsyncClient

    @property
    def engine(self) -> FakeEngine:
        """The text engine, which the tests stall and step."""
        return self.fogbank.engine

    async def post(self, path: str, asked: Any) -> httpx2.Response:
        """The answer; asked for again where wrangler's proxy lost its connection to the Worker.

        Both of its ends close an idle one after five seconds, and one may do so just then.
        """
        response = await self.web.post(path, json=asked)
        if response.status_code == 503 and "restarted mid-request" in response.text:
            response = await self.web.post(path, json=asked)
        return response

    async def see(self, model: str, inputs: Any, **options: Any) -> dict[str, Any]:
        """What the Worker saw of a run, told by `seen` of the Worker."""
        asked = {"model": model, "inputs": inputs, "options": options}
        response = await self.post("/see", asked)
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    async def until_idle(self, seconds: float = 10) -> float:
        """Seconds until nothing ran or waited any more. Raises TimeoutError."""
        began = time.monotonic()
        await until(self.idle, seconds)
        return time.monotonic() - began

    def idle(self) -> bool:
        """Whether the server has nothing to do: in its engines, its queues, its runtime."""
        runtime = self.fogbank.server.runtime
        engines = [built[-1] for built in self.fogbank.builder.built.values()]
        waiting = sum(map(runtime.waiting, runtime.engines))
        return not (runtime.in_flight or waiting or any(engine.running for engine in engines))


@asynccontextmanager
async def settled(
    world: World,
    home: Path,
    config: Settings,
    served: Profile | None = None,
    *,
    builder: Builder | None = None,
    key: str = "",
) -> AsyncIterator[Place]:
    """A Worker on a server of fake engines; `home` is an empty folder for the Worker."""
    async with running(config, served, builder=builder) as fogbank, live(fogbank.server) as url:
        async with world.worker(url, home, key=key) as tool:
            limits = httpx2.Limits(max_connections=None)
            async with httpx2.AsyncClient(
                base_url=tool.url, timeout=60, trust_env=False, limits=limits
            ) as web:
                yield Place(world, tool, fogbank, web)
