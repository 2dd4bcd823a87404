from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.server import Running, live, profile, running, settings


@dataclass
class Live:
    """A server on a real loopback port, and its inside."""

    url: str
    inside: Running
    client: httpx2.AsyncClient

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])


@pytest.fixture
async def fogbank(tmp_path: Path) -> AsyncIterator[Live]:
    """Eight places in the engine, two in the queue, a deadline of 20 s."""
    config = settings(tmp_path, deadline=20, max_body_mib=1)
    async with running(config, profile(max_concurrent=8, max_waiting=2)) as inside:
        async with live(inside.server) as url:
            limits = httpx2.Limits(max_connections=None)
            async with httpx2.AsyncClient(
                base_url=url, timeout=10, trust_env=False, limits=limits
            ) as client:
                yield Live(url, inside, client)
