"""Calls in what a model writes: held back while they may be one, then read.

raw chunks -> text that is surely no call, at once -> the calls, whole -> the last chunk
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

from fogbank.engines.json_calls import may_begin_call
from fogbank.tasks import TextChunk, TextGenerationRequest, TextGenerationResult, Tool, ToolCall

SURE = 100
"""Characters after which only a closing brace can tell that an object is no call."""


class CallParser(Protocol):
    """The form in which one family of models writes calls."""

    @property
    def openings(self) -> Sequence[str] | None:
        """What a call begins with, besides a JSON object; None: there is no telling."""

    def parse(self, text: str, tools: Sequence[Tool]) -> tuple[str, tuple[ToolCall, ...]]:
        """The text beside the calls, and the calls; the whole text where there are none."""


def looks_for_calls(request: TextGenerationRequest) -> bool:
    """Whether a free answer may hold calls; a constrained one is the runtime's to read."""
    return bool(request.tools) and request.constraint is None


def with_calls(
    result: TextGenerationResult, request: TextGenerationRequest, parser: CallParser
) -> TextGenerationResult:
    """The answer with its calls, if it was free to hold any, taken out of its text."""
    if not looks_for_calls(request):
        return result
    text, calls = parser.parse(result.text, request.tools)
    return replace(result, text=text, tool_calls=calls) if calls else result


def stream_with_calls(
    stream: AsyncGenerator[TextChunk], request: TextGenerationRequest, parser: CallParser
) -> AsyncGenerator[TextChunk]:
    """The chunks, what is or may be a call held back; the calls before the last chunk.

    The stream itself where the answer is not free to hold any.
    """
    return _held(stream, request, parser) if looks_for_calls(request) else stream


async def _held(
    stream: AsyncGenerator[TextChunk], request: TextGenerationRequest, parser: CallParser
) -> AsyncGenerator[TextChunk]:
    held = HeldText(parser.openings)
    async with aclosing(stream) as chunks:
        async for chunk in chunks:
            text = held.push(chunk.text)
            if chunk.finish_reason is None:
                if text or chunk.logprobs:
                    chunk.text = text
                    yield chunk
                continue
            rest, calls = parser.parse(held.rest, request.tools) if held.rest else ("", ())
            if calls:
                yield replace(chunk, text="", finish_reason=None, logprobs=(), tool_calls=calls)
            chunk.text = text + rest
            yield chunk


class HeldText:
    """Passes on what cannot be part of a call; `rest` is what is held."""

    def __init__(self, openings: Sequence[str] | None) -> None:
        self._openings = openings
        self.rest = ""

    def push(self, piece: str) -> str:
        """The text that can be shown now."""
        self.rest += piece
        if self._openings is None:
            return ""
        if len(self.rest) - len(piece) > SURE and self.rest[0] == "{" and "}" not in piece:
            return ""  # nothing has been learnt
        at = 0
        while at < len(self.rest) and not self._doubtful(at):
            at += 1
        shown, self.rest = self.rest[:at], self.rest[at:]
        return shown

    def _doubtful(self, at: int) -> bool:
        if self.rest[at] == "{":
            return may_begin_call(self.rest, at)
        return any(
            self.rest.startswith(opening, at) or opening.startswith(self.rest[at:])
            for opening in self._openings or ()
            if opening[0] == self.rest[at]
        )
