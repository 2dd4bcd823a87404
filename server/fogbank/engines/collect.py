"""A stream's chunks as one answer."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from fogbank.engines.base import EngineDead
from fogbank.tasks import TextChunk, TextGenerationResult, Usage


async def collect(stream: AsyncGenerator[TextChunk]) -> TextGenerationResult:
    """Reads the stream to its end and closes it. Raises EngineDead when it has no last chunk."""
    parts = []
    async with aclosing(stream) as chunks:
        async for chunk in chunks:
            parts.append(chunk.text)
            if chunk.finish_reason is not None:
                usage = Usage(chunk.prompt_tokens, chunk.completion_tokens, chunk.cached_tokens)
                return TextGenerationResult("".join(parts), usage, chunk.finish_reason)
    raise EngineDead("the answer ended without a finish_reason")
