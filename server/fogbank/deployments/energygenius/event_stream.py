"""Progress as server-sent events: what a run tells, comments while it is silent, the outcome."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from fogbank.deployments.energygenius.pipeline import Progress
from fogbank.deployments.web import while_connected

Work = Callable[[Progress], Awaitable[None]]
"""Tells its progress and, at its end, its outcome; raises nothing but cancellation."""

HEARTBEAT = b": still working\n\n"
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


def wants_events(request: Request) -> bool:
    """Whether the client asked for a stream, by Accept or by ?stream=true."""
    accepted = "text/event-stream" in request.headers.get("accept", "")
    return accepted or request.query_params.get("stream", "").lower() in ("true", "1")


class EventStream(Response):
    """Streams what `work` tells. `seconds` of silence bring a comment."""

    media_type = "text/event-stream"

    def __init__(self, work: Work, seconds: float) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._work = work
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await while_connected(Request(scope, receive), self._send(send))

    async def _send(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        try:
            async with aclosing(self._parts()) as parts:
                async for part in parts:
                    await send({"type": "http.response.body", "body": part, "more_body": True})
        except OSError:  # uvicorn's word for a client that left
            raise ClientDisconnect from None
        await send({"type": "http.response.body", "body": b""})

    async def _parts(self) -> AsyncGenerator[bytes]:
        told: asyncio.Queue[bytes | None] = asyncio.Queue()

        def tell(event: str, data: dict[str, Any]) -> None:
            told.put_nowait(b"event: %s\ndata: %s\n\n" % (event.encode(), orjson.dumps(data)))

        async def working() -> None:
            try:
                await self._work(tell)
            finally:
                told.put_nowait(None)

        task = asyncio.create_task(working())
        try:
            while True:
                try:
                    async with asyncio.timeout(self._seconds):
                        part = await told.get()
                except TimeoutError:
                    part = HEARTBEAT
                if part is None:
                    await task
                    return
                yield part
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
