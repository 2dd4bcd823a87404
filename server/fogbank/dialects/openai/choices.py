"""Several answers to one request (`n`, several prompts): computed at once, counted as one."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from fogbank.catalog.card import Card
from fogbank.runtime.context import Context, new_request_id
from fogbank.runtime.runtime import Runtime
from fogbank.tasks import (
    Sampling,
    TextChunk,
    TextGenerationRequest,
    TextGenerationResult,
    Usage,
)

HELD = 64
"""Chunks that wait for a slow client, over all answers, before the engine is held back."""

SEEDS = 2**63


def several(request: TextGenerationRequest, n: int) -> list[TextGenerationRequest]:
    """The request n times, each with a seed of its own where one is given."""
    return [replace(request, sampling=_seeded(request.sampling, at)) for at in range(n)]


def _seeded(sampling: Sampling, at: int) -> Sampling:
    if sampling.seed is None or at == 0:
        return sampling
    return replace(sampling, seed=(sampling.seed + at) % SEEDS)


def total(used: Mapping[int, Usage], n: int) -> Usage:
    """Of answers by their index; `n` of them in a row share a prompt, which counts once."""
    leading = [each for index, each in used.items() if index % n == 0]
    return Usage(
        sum(each.prompt_tokens for each in leading),
        sum(each.completion_tokens for each in used.values()),
        sum(each.cached_tokens for each in leading),
    )


def contexts(context: Context, count: int, n: int) -> list[Context]:
    """One for each answer; those that share a prompt with the one before do not pay for it."""
    return [
        context
        if at == 0
        else replace(context, request_id=new_request_id(), prompt_counted=at % n != 0)
        for at in range(count)
    ]


async def run_all(
    runtime: Runtime,
    card: Card,
    requests: Sequence[TextGenerationRequest],
    context: Context,
    n: int = 1,
) -> list[TextGenerationResult]:
    """Every answer, in order. Raises what the first failing one does; the others end with it."""
    if len(requests) == 1:
        return [await _run(runtime, card, requests[0], context)]
    runtime.rate(card, context)  # once for all, before any of them has begun
    own = contexts(context, len(requests), n)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_run(runtime, card, request, each))
                for request, each in zip(requests, own, strict=True)
            ]
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]


async def _run(
    runtime: Runtime, card: Card, request: TextGenerationRequest, context: Context
) -> TextGenerationResult:
    result = (await runtime.run(card, request, context)).result
    assert isinstance(result, TextGenerationResult)
    return result


Piece = tuple[int, TextChunk]


@asynccontextmanager
async def stream_all(
    runtime: Runtime,
    card: Card,
    requests: Sequence[TextGenerationRequest],
    context: Context,
    n: int = 1,
) -> AsyncIterator[AsyncIterator[Piece]]:
    """Chunks of every answer with its index, as they come. Raises as `run_all`."""
    queue: asyncio.Queue[Piece | None] = asyncio.Queue(HELD)
    runtime.rate(card, context)  # once for all, before any of them has begun
    own = contexts(context, len(requests), n)

    async def pump(index: int) -> None:
        async with runtime.stream(card, requests[index], own[index]) as chunks:
            async for chunk in chunks:
                await queue.put((index, chunk))
        await queue.put(None)

    async def merged() -> AsyncIterator[Piece]:
        going = len(requests)
        while going:
            piece = await queue.get()
            if piece is None:
                going -= 1
            else:
                yield piece

    try:
        async with asyncio.TaskGroup() as group:
            pumps = [group.create_task(pump(index)) for index in range(len(requests))]
            yield merged()
            for task in pumps:
                task.cancel()
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
