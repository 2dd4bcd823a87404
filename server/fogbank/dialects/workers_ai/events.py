"""Server-sent events of a streamed answer (contract 1.3): `data:` lines, `[DONE]` on success."""

import time
from random import randint
from typing import Any

import orjson

from fogbank.catalog.card import Card
from fogbank.dialects.streaming import used
from fogbank.dialects.structured_output import beside_usage
from fogbank.dialects.workers_ai.forms.function_calling import native_deltas, openai_calls
from fogbank.dialects.workers_ai.forms.text_generation import usage
from fogbank.errors import AIError
from fogbank.tasks import TextChunk

DONE = b"data: [DONE]\n\n"
END = b"}\n\n"
CLOSED = {"id": None, "type": None, "index": 0, "function": {"name": None, "arguments": None}}
SHORTEST_PADDING, LONGEST_PADDING = 4, 60
PADDING = b"abdefghijklmnoprstuvxyz1234567890" * 2


class NativeEvents:
    """`{"response": ...}`, no `tool_calls`: an empty list makes a client drop all later text."""

    def chunk(self, chunk: TextChunk) -> bytes:
        """One event for new text; for calls one with all of them and one that closes them."""
        if chunk.tool_calls:
            calls = native_deltas(chunk.tool_calls)
            return event({"response": "", "tool_calls": calls}) + event({"tool_calls": [CLOSED]})
        if not chunk.text:
            return b""
        return b'data: {"response":' + orjson.dumps(chunk.text) + b"}\n\n"

    def end(self, last: TextChunk | None, neurons: float | None) -> bytes:
        """Why it ended, if by a call; an empty response with the usage, and how JSON was met."""
        called = last is not None and last.finish_reason == "tool_calls"
        reason = event({"finish_reason": "tool_calls"}) if called else b""
        totals = {"response": "", "usage": usage(used(last), neurons), **beside_usage(last)}
        return reason + event(totals) + DONE

    def failure(self, error: AIError, request_id: str) -> bytes:
        """One event, and no `[DONE]` after it (decisions.md 6)."""
        return failure(error, request_id)


class PaddedEvents(NativeEvents):
    """Native events with `p`, a padding of random length that hides how long a token is."""

    def chunk(self, chunk: TextChunk) -> bytes:
        """As without padding, but for `p`."""
        plain = super().chunk(chunk)
        if not plain:
            return plain
        padding = PADDING[: randint(SHORTEST_PADDING, LONGEST_PADDING)]
        return plain[: -len(END)] + b',"p":"' + padding + b'"' + END


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
        """One event for new text or for calls."""
        if chunk.tool_calls:
            calls = [
                {"index": at, **call} for at, call in enumerate(openai_calls(chunk.tool_calls))
            ]
            return event({**self._head, "choices": [{"index": 0, "delta": {"tool_calls": calls}}]})
        if not chunk.text:
            return b""
        return self._before + orjson.dumps(chunk.text) + b"}}]}\n\n"

    def end(self, last: TextChunk | None, neurons: float | None) -> bytes:
        """The finish reason, then the usage with empty choices, and how JSON was met."""
        reason = last.finish_reason if last else "stop"
        choice = {"index": 0, "delta": {}, "finish_reason": reason}
        finish = event({**self._head, "choices": [choice]})
        totals = {"usage": usage(used(last), neurons), **beside_usage(last)}
        return finish + event({**self._head, "choices": [], **totals}) + DONE

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
