"""Server-sent events of a streamed answer (contract 1.3): `data:` lines, `[DONE]` on success."""

import time
from typing import Any

import orjson

from fogbank.catalog.card import Card
from fogbank.dialects.streaming import used
from fogbank.dialects.workers_ai.forms.text_generation import usage
from fogbank.errors import AIError
from fogbank.tasks import TextChunk

DONE = b"data: [DONE]\n\n"


class NativeEvents:
    """`{"response": ...}`, no `tool_calls`: an empty list makes a client drop all later text."""

    def chunk(self, chunk: TextChunk) -> bytes:
        """One event for new text."""
        if not chunk.text:
            return b""
        return b'data: {"response":' + orjson.dumps(chunk.text) + b"}\n\n"

    def end(self, last: TextChunk | None, neurons: float | None) -> bytes:
        """An empty response with the usage."""
        return event({"response": "", "usage": usage(used(last), neurons)}) + DONE

    def failure(self, error: AIError, request_id: str) -> bytes:
        """One event, and no `[DONE]` after it (decisions.md 6)."""
        return failure(error, request_id)


class ChatCompletionEvents:
    """`chat.completion.chunk` objects, for the models of contract 3.3."""

    def __init__(self, card: Card) -> None:
        now_ms = int(time.time() * 1000)
        self._head = {
            "id": f"id-{now_ms}",
            "object": "chat.completion.chunk",
            "created": now_ms // 1000,
            "model": card.name,
        }
        head = orjson.dumps(self._head)[:-1]
        self._before = b"data: " + head + b',"choices":[{"index":0,"delta":{"content":'

    def chunk(self, chunk: TextChunk) -> bytes:
        """One event for new text."""
        if not chunk.text:
            return b""
        return self._before + orjson.dumps(chunk.text) + b"}}]}\n\n"

    def end(self, last: TextChunk | None, neurons: float | None) -> bytes:
        """The finish reason, then the usage with empty choices."""
        reason = last.finish_reason if last else "stop"
        choice = {"index": 0, "delta": {}, "finish_reason": reason}
        finish = event({**self._head, "choices": [choice]})
        totals = usage(used(last), neurons)
        return finish + event({**self._head, "choices": [], "usage": totals}) + DONE

    def failure(self, error: AIError, request_id: str) -> bytes:
        """As a native stream's."""
        return failure(error, request_id)


def failure(error: AIError, request_id: str) -> bytes:
    """The last event of a stream that failed; no `[DONE]` follows (decisions.md 6)."""
    listed = [{"code": error.kind.code, "message": error.message(request_id)}]
    return event({"errors": listed, "success": False})


def event(content: Any) -> bytes:
    """One event."""
    return b"data: " + orjson.dumps(content) + b"\n\n"
