"""Dynamic batching: what waits is computed together, in like lengths, within a token budget.

A model on a CPU pads a batch to its longest text, so a batch costs (longest x number) tokens
whatever the others hold. Hence the budget counts padding, and a batch takes only texts at most
twice as long as its shortest.
"""

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Generic, TypeVar

from fogbank.engines.base import EngineOverloaded, EngineRefused, EngineUnavailable

Item = TypeVar("Item")
Result = TypeVar("Result")

SHORT = 32
"""Tokens. Up to here all lengths are alike: the fixed cost of a batch outweighs their padding."""


@dataclass(eq=False, slots=True)
class _Waiter(Generic[Item, Result]):
    number: int
    tokens: int
    item: Item
    future: asyncio.Future[Result]


class Batcher(Generic[Item, Result]):
    """Runs `compute` on batches in `executor`, one batch at a time.

    `compute` takes items and returns their results in the same order; it runs off the event loop.
    `max_batch_tokens` is the budget of a batch with its padding; an item above it goes alone.
    `max_waiting` bounds the items that wait; more raise EngineOverloaded.
    """

    def __init__(
        self,
        compute: Callable[[list[Item]], list[Result]],
        executor: Executor,
        *,
        max_batch_tokens: int = 4096,
        max_waiting: int = 1024,
    ) -> None:
        self._compute = compute
        self._executor = executor
        self._max_batch_tokens = max_batch_tokens
        self._max_waiting = max_waiting
        self._waiting: dict[int, _Waiter[Item, Result]] = {}
        self._next_number = 0
        self._worker: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def waiting(self) -> int:
        """Items not yet taken into a batch."""
        return len(self._waiting)

    def check_room(self, count: int) -> None:
        """Raises what `submit_all` of `count` items would raise now, before they are made."""
        if self._closed:
            raise EngineUnavailable("the engine was stopped")
        if count > self._max_waiting:
            raise EngineRefused(
                f"{count} texts in one request; this engine takes at most {self._max_waiting}"
            )
        if len(self._waiting) + count > self._max_waiting:
            raise EngineOverloaded(f"{len(self._waiting)} texts are waiting already")

    async def submit(self, item: Item, tokens: int) -> Result:
        """One item's result. `tokens` is its length without padding."""
        return (await self.submit_all([(item, tokens)]))[0]

    async def submit_all(self, items: Sequence[tuple[Item, int]]) -> list[Result]:
        """The results of (item, tokens) pairs in their order: all are queued, or none.

        Raises EngineOverloaded when the queue lacks the room, EngineRefused when it never will
        have it, EngineUnavailable once closed, and what `compute` raised for one of the items.
        Cancellation takes out what still waits.
        """
        self.check_room(len(items))
        loop = asyncio.get_running_loop()
        waiters: list[_Waiter[Item, Result]] = []
        for item, tokens in items:
            waiters.append(_Waiter(self._next_number, tokens, item, loop.create_future()))
            self._waiting[self._next_number] = waiters[-1]
            self._next_number += 1
        if self._worker is None and waiters:
            self._worker = loop.create_task(self._work())
        try:
            return await asyncio.gather(*(waiter.future for waiter in waiters))
        finally:
            for waiter in waiters:
                self._waiting.pop(waiter.number, None)
                waiter.future.cancel()

    async def close(self) -> None:
        """What waits fails with EngineUnavailable; returns when the batch in hand is done."""
        self._closed = True
        for waiter in self._waiting.values():
            waiter.future.set_exception(EngineUnavailable("the engine was stopped"))
        self._waiting.clear()
        if self._worker is not None:
            await asyncio.wait([self._worker])

    async def _work(self) -> None:
        """Batch after batch until nothing waits. One task at a time, started on demand."""
        try:
            while self._waiting:
                batch = self._take()
                await self._run(batch)
        finally:
            self._worker = None

    def _take(self) -> list[_Waiter[Item, Result]]:
        """The oldest waiter and those nearest to it in length, as many as the budget holds."""
        oldest = next(iter(self._waiting.values()))
        ordered = sorted(self._waiting.values(), key=lambda w: (w.tokens, w.number))
        low = bisect_left(
            ordered, (oldest.tokens, oldest.number), key=lambda w: (w.tokens, w.number)
        )
        high = low + 1
        while True:
            shorter = low > 0 and self._fits(ordered, low - 1, high)
            longer = high < len(ordered) and self._fits(ordered, low, high + 1)
            if shorter and longer:
                down = oldest.tokens - ordered[low - 1].tokens
                shorter = down <= ordered[high].tokens - oldest.tokens
            if shorter:
                low -= 1
            elif longer:
                high += 1
            else:
                break
        batch = ordered[low:high]
        for waiter in batch:
            del self._waiting[waiter.number]
        return batch

    def _fits(self, ordered: list[_Waiter[Item, Result]], low: int, high: int) -> bool:
        longest = ordered[high - 1].tokens
        alike = longest <= max(SHORT, 2 * ordered[low].tokens)
        return alike and longest * (high - low) <= self._max_batch_tokens

    async def _run(self, batch: list[_Waiter[Item, Result]]) -> None:
        try:
            results = await self._computed([waiter.item for waiter in batch])
        except Exception as error:
            if len(batch) == 1:
                _settle(batch[0].future, error=error)
                return
            # One of them may be at fault: each gets a batch of its own, once.
            for waiter in batch:
                await self._run_alone(waiter)
            return
        for waiter, result in zip(batch, results, strict=True):
            _settle(waiter.future, result)

    async def _run_alone(self, waiter: _Waiter[Item, Result]) -> None:
        if waiter.future.done():
            return
        if self._closed:
            _settle(waiter.future, error=EngineUnavailable("the engine was stopped"))
            return
        await self._run([waiter])

    async def _computed(self, items: list[Item]) -> list[Result]:
        loop = asyncio.get_running_loop()
        results = await loop.run_in_executor(self._executor, self._compute, items)
        if len(results) != len(items):
            raise RuntimeError(f"a batch of {len(items)} items gave {len(results)} results")
        return results


def _settle(
    future: asyncio.Future[Result], result: Result | None = None, error: Exception | None = None
) -> None:
    if future.done():  # its request was cancelled
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)  # type: ignore[arg-type]
