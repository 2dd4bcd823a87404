"""A stream's chunks as one answer."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from fogbank.engines.base import EngineDead
from fogbank.tasks import TextChunk, TextGenerationResult, TokenLogprob, ToolCall, Usage


async def collect(stream: AsyncGenerator[TextChunk]) -> TextGenerationResult:
    """Reads the stream to its end and closes it. Raises EngineDead when it has no last chunk."""
    parts: list[str] = []
    logprobs: list[TokenLogprob] = []
    calls: list[ToolCall] = []
    async with aclosing(stream) as chunks:
        async for chunk in chunks:
            parts.append(chunk.text)
            logprobs += chunk.logprobs
            calls += chunk.tool_calls
            if chunk.finish_reason is not None:
                usage = Usage(chunk.prompt_tokens, chunk.completion_tokens, chunk.cached_tokens)
                text, reason = "".join(parts), chunk.finish_reason
                return TextGenerationResult(text, usage, reason, tuple(logprobs), tuple(calls))
    raise EngineDead("the answer ended without a finish_reason")
