"""Server-sent events of a streamed answer (contract 1.3): `data:` lines, `[DONE]` on success."""

from typing import Any, Protocol

import orjson

from fogbank.catalog.card import Card
from fogbank.dialects.workers_ai.answers import usage
from fogbank.errors import AIError
from fogbank.tasks import TextChunk, Usage

DONE = b"data: [DONE]\n\n"


class Events(Protocol):
    """Frames the chunks of one answer."""

    def text(self, chunk: TextChunk) -> bytes:
        """The event of a chunk; empty when it has nothing to say."""

    def end(self, last: TextChunk) -> bytes:
        """The events after the last chunk: usage once, then `[DONE]`."""


class NativeEvents:
    """`{"response": ...}`, no `tool_calls`: an empty list makes a client drop all later text."""

    def text(self, chunk: TextChunk) -> bytes:
        """One event for new text."""
        if not chunk.text:
            return b""
        return b'data: {"response":' + orjson.dumps(chunk.text) + b"}\n\n"

    def end(self, last: TextChunk) -> bytes:
        """An empty response with the usage."""
        return event({"response": "", "usage": _usage(last)}) + DONE


class ChatCompletionEvents:
    """`chat.completion.chunk` objects, for the models of contract 3.3. `now_ms` is epoch time."""

    def __init__(self, card: Card, now_ms: int) -> None:
        self._head = {
            "id": f"id-{now_ms}",
            "object": "chat.completion.chunk",
            "created": now_ms // 1000,
            "model": card.name,
        }
        head = orjson.dumps(self._head)[:-1]
        self._before = b"data: " + head + b',"choices":[{"index":0,"delta":{"content":'

    def text(self, chunk: TextChunk) -> bytes:
        """One event for new text."""
        if not chunk.text:
            return b""
        return self._before + orjson.dumps(chunk.text) + b"}}]}\n\n"

    def end(self, last: TextChunk) -> bytes:
        """The finish reason, then the usage with empty choices."""
        choice = {"index": 0, "delta": {}, "finish_reason": last.finish_reason}
        finish = event({**self._head, "choices": [choice]})
        return finish + event({**self._head, "choices": [], "usage": _usage(last)}) + DONE


def failure(error: AIError, request_id: str) -> bytes:
    """The last event of a stream that failed; no `[DONE]` follows (decisions.md 6)."""
    listed = [{"code": error.kind.code, "message": error.message(request_id)}]
    return event({"errors": listed, "success": False})


def event(content: Any) -> bytes:
    """One event."""
    return b"data: " + orjson.dumps(content) + b"\n\n"


def _usage(chunk: TextChunk) -> dict[str, Any]:
    return usage(Usage(chunk.prompt_tokens, chunk.completion_tokens, chunk.cached_tokens))
