"""A response as it is streamed: OpenAI's event types, numbered, then `[DONE]` (decisions.md 6)."""

import uuid
from typing import Any

import orjson

from fogbank.dialects.openai.error_object import error_object
from fogbank.dialects.openai.responses_output import (
    completed,
    function_call,
    message,
    text_part,
)
from fogbank.dialects.streaming import used
from fogbank.dialects.structured_output import beside_usage
from fogbank.dialects.workers_ai.events import DONE
from fogbank.errors import AIError
from fogbank.tasks import TextChunk, ToolCall


class ResponseEvents:
    """Framing of one response; `shell` is what it looks like before anything was written."""

    def __init__(self, shell: dict[str, Any]) -> None:
        self._shell = shell
        self._output: list[dict[str, Any]] = []
        self._number = 0
        self._begun = False
        self._text: list[str] | None = None
        self._item = ""
        self._before = b""

    def chunk(self, chunk: TextChunk) -> bytes:
        """Deltas of text; a call is whole, so that its events come together."""
        data = b"" if self._begun else self._begin()
        if chunk.text:
            if self._text is None:
                data += self._open()
                self._text = []
            self._text.append(chunk.text)
            data += self._delta(chunk.text)
        if chunk.tool_calls:
            data += self._close("stop")
            data += b"".join(self._call(made) for made in chunk.tool_calls)
        return data

    def end(self, last: TextChunk | None, neurons: float | None) -> bytes:
        """What is open is closed; then the whole response, its usage, and how JSON was met."""
        reason = last.finish_reason or "stop" if last else "stop"
        data = b"" if self._begun else self._begin()
        if self._text is None and not self._output:
            data += self._open()
            self._text = []
        data += self._close(reason)
        response = completed(self._shell, self._output, reason, used(last), neurons)
        response |= beside_usage(last)
        name = "response.incomplete" if reason == "length" else "response.completed"
        return data + self._event(name, response=response) + DONE

    def failure(self, error: AIError, request_id: str) -> bytes:
        """The event `error`; `error` inside it makes the SDKs raise."""
        told = error_object(error, request_id)
        fields = {"code": told["code"], "message": told["message"], "param": None}
        return self._event("error", **fields, error=told)

    def _begin(self) -> bytes:
        self._begun = True
        events = ("response.created", "response.in_progress")
        return b"".join(self._event(name, response=self._shell) for name in events)

    def _open(self) -> bytes:
        self._item = f"msg_{uuid.uuid4().hex}"
        item = {**message("", "stop", self._item), "status": "in_progress", "content": []}
        at = len(self._output)
        place = {"item_id": self._item, "output_index": at, "content_index": 0}
        fields = {"type": "response.output_text.delta", **place, "logprobs": []}
        self._before = b"event: response.output_text.delta\ndata: " + orjson.dumps(fields)[:-1]
        opened = self._event("response.output_item.added", output_index=at, item=item)
        return opened + self._event("response.content_part.added", **place, part=text_part(""))

    def _delta(self, text: str) -> bytes:
        number = self._count()
        return self._before + b',"sequence_number":%d,"delta":%b}\n\n' % (
            number,
            orjson.dumps(text),
        )

    def _close(self, reason: str) -> bytes:
        """The end of the message, if one is open."""
        if self._text is None:
            return b""
        text, self._text = "".join(self._text), None
        at = len(self._output)
        place = {"item_id": self._item, "output_index": at, "content_index": 0}
        done = message(text, reason, self._item)
        self._output.append(done)
        return (
            self._event("response.output_text.done", **place, text=text, logprobs=[])
            + self._event("response.content_part.done", **place, part=text_part(text))
            + self._event("response.output_item.done", output_index=at, item=done)
        )

    def _call(self, made: ToolCall) -> bytes:
        at, item = len(self._output), function_call(made)
        self._output.append(item)
        place = {"item_id": item["id"], "output_index": at}
        begun = {**item, "arguments": "", "status": "in_progress"}
        arguments = "response.function_call_arguments"
        done = {"name": made.name, "arguments": made.arguments}
        return (
            self._event("response.output_item.added", output_index=at, item=begun)
            + self._event(f"{arguments}.delta", **place, delta=made.arguments)
            + self._event(f"{arguments}.done", **place, **done)
            + self._event("response.output_item.done", output_index=at, item=item)
        )

    def _event(self, name: str, /, **fields: Any) -> bytes:
        body = {"type": name, "sequence_number": self._count(), **fields}
        return b"event: %b\ndata: %b\n\n" % (name.encode(), orjson.dumps(body))

    def _count(self) -> int:
        number, self._number = self._number, self._number + 1
        return number
