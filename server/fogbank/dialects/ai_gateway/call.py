"""A request from inside the server to itself: no socket, the same routes and the same door."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Scope

from fogbank.dialects.asgi import Headers


@dataclass(frozen=True, slots=True)
class Reply:
    """`parts` are the pieces of the body, as they come."""

    status: int
    headers: Headers
    parts: AsyncGenerator[bytes]

    def header(self, name: bytes) -> str | None:
        """The first header of this lower-case name."""
        return next((str(value, "latin-1") for key, value in self.headers if key == name), None)


@asynccontextmanager
async def call(app: ASGIApp, scope: Scope, body: bytes) -> AsyncIterator[Reply]:
    """Runs `app`; yields when it begins to answer. Leaving ends the request, answered or not."""
    outbox: asyncio.Queue[Message | None] = asyncio.Queue(1)
    asked = left = False

    async def receive() -> Message:
        nonlocal asked
        if asked:
            await asyncio.Event().wait()
        asked = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def whole() -> None:
        try:
            await app(scope, receive, outbox.put)
        finally:
            if not left:
                await outbox.put(None)

    async def parts() -> AsyncGenerator[bytes]:
        ended = False
        while (message := await outbox.get()) is not None:
            ended = not message.get("more_body", False)
            yield message.get("body", b"")
        task.result()
        if not ended:
            raise ConnectionError("the answer ended in the middle")

    task = asyncio.create_task(whole())
    try:
        start = await outbox.get()
        if start is None:
            task.result()
            raise ConnectionError("no answer came")
        yield Reply(start["status"], list(start["headers"]), parts())
    finally:
        left = True
        task.cancel()
        # Not `await task`: what cancels the caller meanwhile would be taken for the task's end.
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()


def inner_scope(scope: Scope, path: str, headers: Headers, key: str | None) -> Scope:
    """A POST to `path` behind the guard: with the connection and query of `scope`, as `key`."""
    inner: dict[str, Any] = {
        key: value for key, value in scope.items() if key not in ("path_params", "endpoint")
    }
    return {
        **inner,
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "headers": headers,
        "state": {**scope.get("state", {}), "key": key},
    }
