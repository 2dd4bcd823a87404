"""Asks the deployment's own API in process, as the visitor who asked for the page.

What a page shows is thereby what a client gets: the same checks, cache, history and errors.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Scope

from fogbank.deployments.pages.page import root_of

REPLACED = {b"accept", b"content-type", b"content-length", b"transfer-encoding", b"if-none-match"}
JSON, STREAM = "application/json", "text/event-stream"
NOT_JSON = "The deployment answered something that is not JSON"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and the JSON that came with it; `served_by` names stand-ins that answered."""

    status: int
    data: Any
    served_by: str = ""


class Inner:
    """One inner request: `status` and `type` are known after `start`, then `parts` come."""

    def __init__(self, request: Request, method: str, path: str, body: Any, accept: str) -> None:
        self.status = 0
        self.type = ""
        self.served_by = ""
        self._outer = request
        self._body = b"" if body is None else orjson.dumps(body)
        self._sent = False
        self._messages: asyncio.Queue[Message | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._run(_scope(request, method, path, accept)))

    async def start(self) -> None:
        """Waits for the head of the answer. Raises ClientDisconnect where the visitor left."""
        try:
            message = await self._messages.get()
        except asyncio.CancelledError:
            await self.end()
            raise
        if message is None:
            await self._task
            raise ClientDisconnect  # the one case in which a deployment ends without an answer
        self.status = message["status"]
        headers = dict(message["headers"])
        self.type = headers.get(b"content-type", b"").decode("latin-1")
        self.served_by = headers.get(b"x-fogbank-served-by", b"").decode("latin-1")

    async def parts(self) -> AsyncIterator[bytes]:
        """The body, as it comes."""
        while (message := await self._messages.get()) is not None:
            if part := message.get("body", b""):
                yield part
        await self._task

    async def answer(self) -> Answer:
        """The whole body as JSON."""
        try:
            raw = b"".join([part async for part in self.parts()])
        finally:
            await self.end()
        try:
            return Answer(self.status, orjson.loads(raw), self.served_by)
        except orjson.JSONDecodeError:
            return Answer(self.status, {"error": NOT_JSON})

    async def end(self) -> None:
        """Ends the work if nobody waits for it any more."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _run(self, scope: Scope) -> None:
        try:
            # `app` of the scope is what the page itself belongs to.
            await self._outer.app(scope, self._receive, self._messages.put)
        finally:
            self._messages.put_nowait(None)

    async def _receive(self) -> Message:
        if not self._sent:
            self._sent = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        while (message := await self._outer.receive())["type"] != "http.disconnect":
            continue  # what was left of the page's own body
        return message


async def events(inner: Inner) -> AsyncIterator[tuple[str, Any]]:
    """Name and JSON of each server-sent event; comments are left out."""
    rest = b""
    async for part in inner.parts():
        *blocks, rest = (rest + part).split(b"\n\n")
        for block in blocks:
            fields = [line.partition(b":") for line in block.split(b"\n")]
            name = b"".join(value for key, _, value in fields if key == b"event")
            data = b"".join(value for key, _, value in fields if key == b"data")
            if data:
                yield name.decode().strip(), orjson.loads(data)


async def ask(request: Request, method: str, path: str, body: Any = None) -> Answer:
    """The JSON at a path of the deployment."""
    inner = Inner(request, method, path, body, JSON)
    await inner.start()
    return await inner.answer()


def _scope(request: Request, method: str, path: str, accept: str) -> Scope:
    kept = [(name, value) for name, value in request.scope["headers"] if name not in REPLACED]
    headers = [*kept, (b"accept", accept.encode()), (b"content-type", JSON.encode())]
    state = dict(request.scope.get("state", {}))
    whole = root_of(request) + path
    scope = {
        key: value
        for key, value in request.scope.items()
        if key not in ("path_params", "endpoint", "router", "route", "app")
    }
    return {
        **scope,
        "method": method,
        "path": whole,
        "raw_path": whole.encode(),
        "query_string": b"",
        "headers": headers,
        "state": state,
    }
