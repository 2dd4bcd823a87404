"""CORS: which answers a browser may show to a page of another origin.

https://fetch.spec.whatwg.org/#http-cors-protocol
"""

import re
from collections.abc import Iterable

from starlette.types import Message, Scope, Send

from fogbank.dialects.asgi import Headers, header

METHODS = b"GET, POST, PUT, PATCH, DELETE"
EXPOSED = (
    b"cf-ai-req-id, cf-ai-neurons, cf-aig-cache-status, cf-aig-log-id, cf-aig-step, cf-ray,"
    b" x-fogbank-served-by, x-fogbank-structured-output, retry-after"
)
ALLOWED_HEADER = re.compile(r"authorization|content-type|accept|(cf-aig|x)-[a-z0-9-]{1,60}")
PREFLIGHT_SECONDS = b"600"


def is_preflight(scope: Scope) -> bool:
    """Whether the browser asks if it may ask."""
    asks = header(scope, b"access-control-request-method")
    return scope["method"] == "OPTIONS" and asks is not None


def shared_with(origin: str, send: Send) -> Send:
    """`send` for an answer that pages of this origin may read."""
    fields: Headers = [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", EXPOSED),
        (b"vary", b"Origin"),
    ]

    async def sharing(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *fields]}
        await send(message)

    return sharing


async def answer_preflight(scope: Scope, send: Send) -> None:
    """204, with the methods there are and those of the headers asked for that are taken."""
    fields: Headers = [
        (b"access-control-allow-methods", METHODS),
        (b"access-control-max-age", PREFLIGHT_SECONDS),
    ]
    asked = header(scope, b"access-control-request-headers") or ""
    if allowed := ", ".join(_allowed(asked.split(","))):
        fields.append((b"access-control-allow-headers", allowed.encode()))
    await send({"type": "http.response.start", "status": 204, "headers": fields})
    await send({"type": "http.response.body", "body": b""})


def _allowed(names: Iterable[str]) -> Iterable[str]:
    return filter(ALLOWED_HEADER.fullmatch, (name.strip().lower() for name in names))
