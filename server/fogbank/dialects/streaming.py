"""A streamed answer on the wire: the chunks of the runtime, framed by a dialect."""

from typing import Protocol

import structlog
from starlette.types import Send

from fogbank import errors
from fogbank.catalog.card import Card
from fogbank.dialects.asgi import EVENT_STREAM, Headers
from fogbank.errors import AIError
from fogbank.runtime.context import Context
from fogbank.runtime.runtime import Runtime
from fogbank.tasks import TextChunk, TextGenerationRequest, Usage

log = structlog.get_logger("fogbank.request")


class Framing(Protocol):
    """Frames the chunks of one answer as server-sent events."""

    def chunk(self, chunk: TextChunk) -> bytes:
        """The events of a chunk; empty when it has nothing to say."""

    def end(self, last: TextChunk | None, neurons: float | None) -> bytes:
        """The events after the last chunk: usage once, then whatever ends a success."""

    def failure(self, error: AIError, request_id: str) -> bytes:
        """The last events of a stream that failed after its first."""


async def send_stream(
    runtime: Runtime,
    card: Card,
    request: TextGenerationRequest,
    context: Context,
    send: Send,
    headers: Headers,
    framing: Framing,
) -> None:
    """Nothing is sent before the first chunk, so that an early error has its own status."""
    started = False
    last = None
    try:
        async with runtime.stream(card, request, context) as chunks:
            async for last in chunks:
                if not started:
                    await start_events(send, headers)
                    started = True
                if data := framing.chunk(last):
                    await send({"type": "http.response.body", "body": data, "more_body": True})
        end = framing.end(last, runtime.meter.neurons(card, used(last)))
    except AIError as error:
        if not started:
            raise
        log.warning("stream failed", id=context.request_id, code=error.kind.code)
        end = framing.failure(error, context.request_id)
    except Exception:
        if not started:
            raise
        log.exception("stream failed", id=context.request_id, model=card.name)
        end = framing.failure(AIError(errors.INTERNAL), context.request_id)
    if not started:
        await start_events(send, headers)
    await send({"type": "http.response.body", "body": end})


async def start_events(send: Send, headers: Headers) -> None:
    """The status line and headers of an event stream."""
    fields = [(b"content-type", EVENT_STREAM), (b"cache-control", b"no-cache"), *headers]
    await send({"type": "http.response.start", "status": 200, "headers": fields})


def used(chunk: TextChunk | None) -> Usage:
    """The token totals that a chunk carries."""
    if chunk is None:
        return Usage()
    return Usage(chunk.prompt_tokens, chunk.completion_tokens, chunk.cached_tokens)
