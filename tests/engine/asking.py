"""Asking an engine, as the runtime does it: encoded first."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from fogbank.engines.vllm import VllmEngine
from fogbank.tasks import TextChunk, TextGenerationRequest, TextGenerationResult
from fogbank.tasks.text_generation import JsonFormat, Sampling


async def request(
    engine: VllmEngine, prompt: str, json_format: JsonFormat | None = None, **sampling: Any
) -> TextGenerationRequest:
    """Greedy unless `sampling` says otherwise."""
    wanted = Sampling(**{"temperature": 0, "max_tokens": 32, **sampling})
    plain = TextGenerationRequest(prompt=prompt, sampling=wanted, json_format=json_format)
    return replace(plain, prompt_token_ids=await engine.encode(plain))


async def ask(engine: VllmEngine, prompt: str, **more: Any) -> TextGenerationResult:
    result = await engine.run(await request(engine, prompt, **more))
    assert isinstance(result, TextGenerationResult)
    return result


async def tell(engine: VllmEngine, prompt: str, **more: Any) -> AsyncIterator[TextChunk]:
    async with aclosing(engine.stream(await request(engine, prompt, **more))) as stream:
        async for chunk in stream:
            yield chunk


async def story(engine: VllmEngine, number: int, begun: asyncio.Semaphore | None = None) -> int:
    """A long stream; releases `begun` with its first piece. Returns the number of pieces."""
    pieces = 0
    words = request(engine, f"Tell a long story of {number} ships.", max_tokens=1500, temperature=1)
    async with aclosing(engine.stream(await words)) as stream:
        async for _ in stream:
            pieces += 1
            if pieces == 1 and begun is not None:
                begun.release()
    return pieces


async def seconds_until(condition: Callable[[], bool], limit: float = 10) -> float:
    """How long it took; `limit` when it never came."""
    started = time.monotonic()
    while not condition() and time.monotonic() - started < limit:
        await asyncio.sleep(0.01)
    return time.monotonic() - started
