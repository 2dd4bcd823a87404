"""What answers of this dialect have in common: ids, times, errors."""

import time
from typing import Any

from starlette.types import Send

from fogbank.catalog.card import Card
from fogbank.dialects.asgi import Headers, send_json
from fogbank.dialects.front_door import front_door_body
from fogbank.dialects.workers_ai.run import error_body
from fogbank.errors import AIError, RouteError
from fogbank.runtime.context import Context


def head(kind: str, card: Card) -> dict[str, Any]:
    """`id` (`id-` and epoch milliseconds), `object`, `created` and `model` (contract 1.3, 1.6)."""
    now_ms = int(time.time() * 1000)
    return {
        "id": f"id-{now_ms}",
        "object": kind,
        "created": now_ms // 1000,
        "model": card.name,
    }


def envelope(error: AIError | RouteError, request_id: str) -> dict[str, Any]:
    """Cloudflare's error envelope (contract 1.1, 2.4)."""
    if isinstance(error, RouteError):
        return front_door_body(error)
    return error_body(error, request_id)


async def send_error(
    send: Send,
    error: AIError | RouteError,
    context: Context,
    body: dict[str, Any],
    headers: Headers,
) -> None:
    """An error with its status; its request id only where the AI layer was reached."""
    headers = [*headers]
    if isinstance(error, RouteError):
        await send_json(send, error.status, body, headers)
        return
    headers.append((b"cf-ai-req-id", context.request_id.encode()))
    if error.retry_after is not None:
        headers.append((b"retry-after", str(error.retry_after).encode()))
    await send_json(send, error.kind.status, body, headers)
