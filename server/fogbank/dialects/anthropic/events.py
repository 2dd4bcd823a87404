"""A message as it is streamed: Anthropic's event types, which end with `message_stop`."""

from typing import Any

import orjson

from fogbank.catalog.card import Card
from fogbank.dialects.anthropic import reply
from fogbank.dialects.streaming import used
from fogbank.dialects.structured_output import beside_usage
from fogbank.errors import AIError
from fogbank.tasks import TextChunk, ToolCall, Usage

_DELTA = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":'
_TEXT = b'{"type":"text_delta","text":%b}}\n\n'
_JSON = b'{"type":"input_json_delta","partial_json":%b}}\n\n'


class MessageEvents:
    """Framing of one message."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self._begun = False
        self._open = False
        self._index = 0
        self._delta = b""

    def chunk(self, chunk: TextChunk) -> bytes:
        """Deltas of text; a call is whole, so that its block opens and closes at once."""
        data = b"" if self._begun else self._begin(used(chunk))
        if chunk.text:
            if not self._open:
                data += self._start({"type": "text", "text": ""})
                self._open = True
                self._delta = _DELTA % self._index
            data += self._delta + _TEXT % orjson.dumps(chunk.text)
        if chunk.tool_calls:
            data += self._stop() + b"".join(self._call(made) for made in chunk.tool_calls)
        return data

    def end(self, last: TextChunk | None, neurons: float | None) -> bytes:
        """The reason, the usage and how JSON was met, then the end."""
        data = b"" if self._begun else self._begin(used(last))
        reason = reply.STOP_REASONS[last.finish_reason or "stop"] if last else "end_turn"
        delta = {"stop_reason": reason, "stop_sequence": None}
        usage = reply.usage(used(last), neurons)
        told = beside_usage(last)
        data += self._stop() + _event("message_delta", delta=delta, usage=usage, **told)
        return data + _event("message_stop")

    def failure(self, error: AIError, request_id: str) -> bytes:
        """The event `error`; nothing follows it."""
        return _event("error", error=reply.error(error, request_id)["error"])

    def _begin(self, counts: Usage) -> bytes:
        self._begun = True
        usage = {**reply.usage(counts, None), "output_tokens": 0}
        return _event("message_start", message=reply.message(self._card, [], None, usage))

    def _start(self, block: dict[str, Any]) -> bytes:
        return _event("content_block_start", index=self._index, content_block=block)

    def _stop(self) -> bytes:
        """The end of the text block, if one is open."""
        if not self._open:
            return b""
        self._open = False
        return self._next()

    def _next(self) -> bytes:
        data = _event("content_block_stop", index=self._index)
        self._index += 1
        return data

    def _call(self, made: ToolCall) -> bytes:
        block = {**reply.tool_use(made), "input": {}}
        arguments = _JSON % orjson.dumps(made.arguments)
        return self._start(block) + _DELTA % self._index + arguments + self._next()


def _event(name: str, /, **fields: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), orjson.dumps({"type": name, **fields}))
