"""Raw ASGI, as far as the dialects need it: a body in, bytes out, and an eye on the client.

Raw, because a framework's response classes cost more per token than everything else in front of
the engine (docs/decisions, bench/front_end.py).
"""

import asyncio
import contextlib
import re
from collections.abc import Coroutine, Iterable
from typing import Any

import orjson
from starlette.types import Receive, Scope, Send

JSON = b"application/json"
EVENT_STREAM = b"text/event-stream"
Headers = list[tuple[bytes, bytes]]


class BodyTooLarge(Exception):
    """The body has more bytes than the server takes."""


class ClientGone(Exception):
    """The client closed its connection before the body was complete."""


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole request body. Raises BodyTooLarge beyond `limit` bytes, and ClientGone."""
    announced = header(scope, b"content-length")
    if announced and re.fullmatch("[0-9]{1,18}", announced) and int(announced) > limit:
        raise BodyTooLarge
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise ClientGone
        part = event.get("body", b"")
        size += len(part)
        if size > limit:
            raise BodyTooLarge
        parts.append(part)
        more = event.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of this lower-case name, or None."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return None


async def send_bytes(
    send: Send,
    status: int,
    content_type: bytes,
    body: bytes,
    headers: Iterable[tuple[bytes, bytes]] = (),
) -> None:
    """A complete answer."""
    fields = [
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})


async def send_json(
    send: Send, status: int, content: Any, headers: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    """A complete JSON answer, without a charset: the AI binding compares the type exactly."""
    await send_bytes(send, status, JSON, orjson.dumps(content), headers)


async def while_connected(receive: Receive, work: Coroutine[Any, Any, None]) -> bool:
    """Runs `work` and cancels it when the client leaves; whether it came to its end.

    The request body must have been read. What `work` raises is raised here.
    """
    task = asyncio.ensure_future(work)
    watch = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait((task, watch), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
            return True
        return False
    finally:
        watch.cancel()
        if not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
