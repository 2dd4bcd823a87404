"""The health of a remote server, asked for in the background."""

import asyncio
from contextlib import suppress

from fogbank.engines.base import EngineDead, EngineError
from fogbank.engines.remote_client import RemoteClient
from fogbank.engines.remote_wire import status_error

LONGEST_PAUSE = 30.0


class RemoteProbe:
    """Asks a server for its health every `interval` seconds, less often while it has none."""

    def __init__(self, client: RemoteClient, interval: float) -> None:
        self._client = client
        self._interval = interval
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.alive = False

    async def start(self) -> None:
        """Asks once and raises what is wrong; then asks on in the background."""
        await self._ask()
        self.alive = True
        self._task = asyncio.create_task(self._loop())

    async def stop(self) -> None:
        """Asks no more."""
        self.alive = False
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    def ask_now(self) -> None:
        """Does not wait for the interval: a request has just failed."""
        self._wake.set()

    async def _ask(self) -> None:
        status, body = await self._client.get("/health")
        if status in (404, 405):
            status, body = await self._client.get("/v1/models")
        if status >= 300:
            raise status_error(status, body)

    async def _loop(self) -> None:
        failures = 0
        while True:
            pause = min(self._interval * 2.0**failures, LONGEST_PAUSE)
            # Not wait_for: until Python 3.12 it loses a cancellation that comes with the event.
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            self._wake.clear()
            try:
                await self._ask()
            except EngineError as error:
                failures = min(failures + 1, 16)
                # One silence may be a busy server; a refused connection is a missing one.
                self.alive = self.alive and failures == 1 and isinstance(error, EngineDead)
            else:
                failures, self.alive = 0, True
