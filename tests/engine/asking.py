"""Asking an engine, as the runtime does it: encoded first."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from fogbank.engines.vllm import VllmEngine
from fogbank.structured.backends import text_of
from fogbank.structured.constraint import build
from fogbank.tasks import (
    Constraint,
    Sampling,
    TextChunk,
    TextGenerationRequest,
    TextGenerationResult,
)


def held_to(schema: Any) -> Constraint:
    """What the runtime makes of a schema for vLLM's usual back end."""
    return Constraint("json", text_of("llguidance", build(schema).schema))


async def request(
    engine: VllmEngine, prompt: str, constraint: Constraint | None = None, **sampling: Any
) -> TextGenerationRequest:
    """Greedy unless `sampling` says otherwise."""
    wanted = Sampling(**{"temperature": 0, "max_tokens": 32, **sampling})
    plain = TextGenerationRequest(prompt=prompt, sampling=wanted, constraint=constraint)
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
