from collections.abc import AsyncGenerator

import pytest

from fogbank.engines.base import EngineDead
from fogbank.engines.collect import collect
from fogbank.tasks import TextChunk, TextGenerationResult, Usage

pytestmark = pytest.mark.anyio


async def stream(*chunks: TextChunk) -> AsyncGenerator[TextChunk]:
    for chunk in chunks:
        yield chunk


async def test_chunks_become_an_answer() -> None:
    result = await collect(stream(TextChunk("a", 3, 1), TextChunk("b", 3, 2, 1, "length")))
    assert result == TextGenerationResult("ab", Usage(3, 2, 1), "length")


async def test_a_stream_without_an_end_is_dead() -> None:
    with pytest.raises(EngineDead, match="without a finish_reason"):
        await collect(stream(TextChunk("a", 3, 1)))
