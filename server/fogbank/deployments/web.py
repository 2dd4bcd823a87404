"""What deployments share in front of their logic: bodies in, JSON out, CORS on every answer.

Starlette's own request and response classes: a deployment sends no tokens one by one.
"""

import asyncio
import contextlib
from collections.abc import Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson
import structlog
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OK_PREFLIGHT = 200
ANY_METHOD = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

T = TypeVar("T")
log = structlog.get_logger("fogbank.deployments")


class Json(Response):
    """JSON by orjson, `application/json` without a charset. `content` may be JSON bytes already."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return content if isinstance(content, bytes) else orjson.dumps(content)


class BodyTooLarge(Exception):
    """More bytes than the deployment takes."""


def timestamp(at: datetime) -> str:
    """A time as JavaScript's `toISOString` gives it: UTC, milliseconds, Z."""
    text = at.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


async def body(request: Request, limit: int) -> bytes:
    """The whole body. Raises BodyTooLarge beyond `limit` bytes, ClientDisconnect if cut."""
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdecimal() and int(announced) > limit:
        raise BodyTooLarge
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


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns; it is cancelled when the client leaves, and ClientDisconnect raised.

    The body must have been read.
    """
    task = asyncio.ensure_future(work)
    watch = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait((task, watch), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        watch.cancel()
        if not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def application(
    routes: Sequence[BaseRoute],
    *,
    not_found: Mapping[str, Any],
    wrong_method: Mapping[str, Any],
) -> ASGIApp:
    """An application of these routes, whose every error is JSON: these bodies for 404 and 405."""

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        bodies = {404: not_found, 405: wrong_method}
        content = bodies.get(error.status_code) or {"success": False, "error": error.detail}
        return Json(dict(content), error.status_code, dict(error.headers or {}))

    router = Router(routes, redirect_slashes=False)
    return _Failures(ExceptionMiddleware(router, {HTTPException: refused}))


class _Failures:
    """Answers 500 where the application failed, and logs why."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        scope["app"] = self  # else the router answers for itself
        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            return
        except Exception:
            if started:
                raise  # the server cuts the connection
            log.exception("request failed", path=scope.get("path"))
            content = {"success": False, "error": "Internal server error"}
            await Json(content, 500)(scope, receive, send)


class Cors:
    """Adds the same CORS headers to every answer, and answers OPTIONS with an empty 200.

    The Workers' own behaviour, which is not the browsers' minimum (deployments.md).
    """

    def __init__(self, app: ASGIApp, headers: Mapping[str, str], content_type: bytes) -> None:
        self._app = app
        self._headers = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
        self._content_type = content_type

    def shared(self, send: Send) -> Send:
        """The same `send`, with the headers."""

        async def sharing(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *self._headers]}
            await send(message)

        return sharing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = self.shared(send)
        if scope["method"] == "OPTIONS":
            fields = [(b"content-length", b"0")]
            if self._content_type:
                fields.append((b"content-type", self._content_type))
            await send({"type": "http.response.start", "status": OK_PREFLIGHT, "headers": fields})
            await send({"type": "http.response.body", "body": b""})
            return
        try:
            await self._app(scope, receive, send)
        except ClientDisconnect:
            return
