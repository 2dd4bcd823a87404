"""A streamed answer on the wire: the chunks of the runtime, framed by a dialect."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

import structlog
from starlette.types import Send

from fogbank import errors
from fogbank.catalog.card import Card
from fogbank.dialects.asgi import EVENT_STREAM, Headers
from fogbank.errors import AIError, as_documented
from fogbank.runtime.context import Context
from fogbank.runtime.faults import StreamCut
from fogbank.runtime.runtime import Runtime
from fogbank.tasks import TextChunk, TextGenerationRequest, Usage

log = structlog.get_logger("fogbank.request")
Piece = TypeVar("Piece")


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
    """One answer as events. Raises AIError only before anything was sent."""

    def end(last: TextChunk | None) -> bytes:
        return framing.end(last, runtime.meter.neurons(card, used(last)))

    opened = runtime.stream(card, request, context)
    await send_events(opened, framing.chunk, end, framing.failure, context, send, headers)


async def send_events(
    opened: AbstractAsyncContextManager[AsyncIterator[Piece]],
    frame: Callable[[Piece], bytes],
    end: Callable[[Piece | None], bytes],
    failure: Callable[[AIError, str], bytes],
    context: Context,
    send: Send,
    headers: Headers,
) -> None:
    """Nothing is sent before the first piece, so that an early error has its own status."""
    started = False
    last = None
    try:
        async with opened as pieces:
            async for last in pieces:
                if not started:
                    await start_events(send, headers)
                    started = True
                if data := frame(last):
                    await send({"type": "http.response.body", "body": data, "more_body": True})
        ending = end(last)
    except AIError as error:
        if not started:
            raise
        log.warning("stream failed", id=context.request_id, code=error.kind.code)
        told = as_documented(error) if context.documented_errors else error
        ending = failure(told if isinstance(told, AIError) else error, context.request_id)
    except StreamCut:
        return
    except Exception:
        if not started:
            raise
        log.exception("stream failed", id=context.request_id)
        ending = failure(AIError(errors.INTERNAL), context.request_id)
    if not started:
        await start_events(send, headers)
    await send({"type": "http.response.body", "body": ending})


async def start_events(send: Send, headers: Headers) -> None:
    """The status line and headers of an event stream."""
    fields = [(b"content-type", EVENT_STREAM), (b"cache-control", b"no-cache"), *headers]
    await send({"type": "http.response.start", "status": 200, "headers": fields})


def used(chunk: TextChunk | None) -> Usage:
    """The token totals that a chunk carries."""
    if chunk is None:
        return Usage()
    return Usage(chunk.prompt_tokens, chunk.completion_tokens, chunk.cached_tokens)
