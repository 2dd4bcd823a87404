from collections.abc import AsyncGenerator

import pytest

from fogbank.engines.base import EngineDead
from fogbank.engines.collect import collect
from fogbank.tasks import TextChunk, TextGenerationResult, TokenLogprob, ToolCall, Usage

pytestmark = pytest.mark.anyio


async def stream(*chunks: TextChunk) -> AsyncGenerator[TextChunk]:
    for chunk in chunks:
        yield chunk


async def test_chunks_become_an_answer() -> None:
    result = await collect(stream(TextChunk("a", 3, 1), TextChunk("b", 3, 2, 1, "length")))
    assert result == TextGenerationResult("ab", Usage(3, 2, 1), "length")


async def test_logprobs_and_calls_are_kept() -> None:
    likely, call = TokenLogprob("a", -0.5), ToolCall("abcdefghi", "f", "{}")
    first = TextChunk("a", 3, 1, logprobs=(likely,))
    second = TextChunk("", 3, 2, finish_reason="tool_calls", tool_calls=(call,))
    result = await collect(stream(first, second))
    assert (result.logprobs, result.tool_calls) == ((likely,), (call,))


async def test_a_stream_without_an_end_is_dead() -> None:
    with pytest.raises(EngineDead, match="without a finish_reason"):
        await collect(stream(TextChunk("a", 3, 1)))
