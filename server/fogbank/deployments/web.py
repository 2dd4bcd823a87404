"""What deployments share in front of their logic: bodies in, JSON out, CORS on every answer.

Starlette's own request and response classes: a deployment sends no tokens one by one.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OK_PREFLIGHT = 200


class Json(Response):
    """JSON by orjson, `application/json` without a charset. `content` may be JSON bytes already."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return content if isinstance(content, bytes) else orjson.dumps(content)


class BodyTooLarge(Exception):
    """More bytes than the deployment takes."""


async def body(request: Request, limit: int) -> bytes:
    """The whole body. Raises BodyTooLarge beyond `limit` bytes, ClientDisconnect if cut."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise BodyTooLarge
        parts.append(part)
    return b"".join(parts)


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks."""
    return "text/html" in request.headers.get("accept", "")


class Cors:
    """Adds the same CORS headers to every answer, and answers OPTIONS with an empty 200.

    The Workers' own behaviour, which is not the browsers' minimum (deployments.md).
    """

    def __init__(self, app: ASGIApp, headers: Mapping[str, str], content_type: bytes) -> None:
        self._app = app
        self._headers = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
        self._content_type = content_type

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def shared(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *self._headers]}
            await send(message)

        if scope["method"] == "OPTIONS":
            fields = [(b"content-length", b"0")]
            if self._content_type:
                fields.append((b"content-type", self._content_type))
            await shared({"type": "http.response.start", "status": OK_PREFLIGHT, "headers": fields})
            await send({"type": "http.response.body", "body": b""})
            return
        try:
            await self._app(scope, receive, shared)
        except ClientDisconnect:
            return
