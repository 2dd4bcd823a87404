"""Whose turn it is: a model's inferences in the order in which they came, so many at once."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


class Busy(Exception):
    """So many inferences wait already that no more may."""


@dataclass(eq=False, slots=True)
class _Waiter:
    count: int
    turn: asyncio.Future[None]


class Turns:
    """`concurrent` inferences work at once, `waiting` more may wait.

    Who wants several places gets all of them at once or waits for all of them, so nobody holds
    some while waiting for others, and two of those cannot lock each other out. First come, first
    served: a batch that waits for many places is not passed by singles.
    """

    def __init__(self, concurrent: int, waiting: int) -> None:
        self.concurrent = concurrent
        self._free = concurrent
        self._limit = waiting
        self._queue: deque[_Waiter] = deque()

    @property
    def waiting(self) -> int:
        """Inferences that wait now."""
        return sum(waiter.count for waiter in self._queue)

    @property
    def working(self) -> int:
        """Inferences that work now."""
        return self.concurrent - self._free

    def check_room(self, count: int) -> None:
        """Raises Busy where `count` inferences could neither work nor wait now."""
        free = 0 if self._queue else self._free
        if count > free and self.waiting + count - free > self._limit:
            raise Busy

    @asynccontextmanager
    async def hold(self, count: int = 1) -> AsyncIterator[None]:
        """Waits for `count` places, at most `concurrent`, and holds them. Call `check_room` first.

        Cancellation gives up the wait.
        """
        await self._acquire(count)
        try:
            yield
        finally:
            self._free += count
            self._hand_on()

    async def _acquire(self, count: int) -> None:
        if not self._queue and self._free >= count:
            self._free -= count
            return
        waiter = _Waiter(count, asyncio.get_running_loop().create_future())
        self._queue.append(waiter)
        try:
            await waiter.turn
        except asyncio.CancelledError:
            if waiter.turn.done() and not waiter.turn.cancelled():
                self._free += count
            elif waiter in self._queue:
                self._queue.remove(waiter)
            self._hand_on()
            raise

    def _hand_on(self) -> None:
        while self._queue and self._queue[0].count <= self._free:
            waiter = self._queue.popleft()
            if not waiter.turn.done():
                self._free -= waiter.count
                waiter.turn.set_result(None)
