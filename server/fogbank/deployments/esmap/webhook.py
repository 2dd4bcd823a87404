"""Delivers messages to one local address, in order, with patience; never in anybody's way."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from typing import Any

import httpx2
import structlog

from fogbank.deployments.esmap.metrics import EsmapMetrics

BACKOFF = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Seconds before each further try."""
KEPT = 100
SECONDS = 5.0

log = structlog.get_logger("fogbank.esmap")


class Webhook:
    """Posts JSON. Without a URL it does nothing. Any status below 300 is a delivery."""

    def __init__(
        self, url: str | None, metrics: EsmapMetrics, backoff: Sequence[float] = BACKOFF
    ) -> None:
        self._url = url
        self._metrics = metrics
        self._backoff = tuple(backoff)
        self._messages: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._there = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def send(self, message: dict[str, Any]) -> None:
        """Queues a message; the oldest goes where KEPT are waiting."""
        if self._url is not None:
            self._messages.append(message)
            self._there.set()

    async def start(self) -> None:
        """Begins to deliver."""
        if self._url is not None:
            self._task = asyncio.create_task(self._deliver(self._url), name="esmap webhook")

    async def stop(self) -> None:
        """Gives up what is not delivered."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _deliver(self, url: str) -> None:
        # No proxy and no redirect: the address was checked, another was not.
        async with httpx2.AsyncClient(
            timeout=SECONDS, trust_env=False, follow_redirects=False
        ) as client:
            while True:
                await self._there.wait()
                while self._messages:
                    await self._try(client, url, self._messages.popleft())
                self._there.clear()

    async def _try(self, client: httpx2.AsyncClient, url: str, message: dict[str, Any]) -> None:
        problem = ""
        for pause in (*self._backoff, None):
            try:
                response = await client.post(url, json=message)
                if response.is_success:
                    return
                problem = f"status {response.status_code}"
            except httpx2.HTTPError as error:
                problem = str(error) or type(error).__name__
            log.warning("webhook failed", error=problem, again_in_seconds=pause)
            if pause is not None:
                await asyncio.sleep(pause)
        self._metrics.webhook_failures.inc()
        log.error("webhook given up", error=problem, state=message.get("state"))
