"""Who may run now, who waits, who is refused: decided before any work is done for a request."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

KEPT = 4
"""One permit of so many (at least one, where there are two) is kept from low priority."""


class Refused(Exception):
    """No permit is free and nobody may wait: all places taken, or the caller would not wait."""


class Admission:
    """Permits of one engine: `concurrent` run at once, `waiting` more may queue, first come first.

    Low priority waits apart, in a queue that its callers bound: it gets a permit when nobody else
    waits and others are left free, so that a request that comes later need not wait for it.
    A waiter that is cancelled leaves the queue at once.
    """

    def __init__(self, concurrent: int, waiting: int) -> None:
        self._free = concurrent
        self._kept = min(-(-concurrent // KEPT), concurrent - 1)
        self._limit = waiting
        self._queue: deque[asyncio.Future[None]] = deque()
        self._low: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """Requests in the queue now, without those of low priority."""
        return len(self._queue)

    @asynccontextmanager
    async def permit(self, *, wait: bool = True, low_priority: bool = False) -> AsyncIterator[None]:
        """Holds a permit. Raises Refused without waiting when none can be had."""
        await self._acquire(wait, low_priority)
        try:
            yield
        finally:
            self._release()

    async def _acquire(self, wait: bool, low: bool = False) -> None:
        if self._free > (self._kept if low else 0):
            self._free -= 1
            return
        queue = self._low if low else self._queue
        if not wait or (not low and len(queue) >= self._limit):
            raise Refused
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._release()
            elif turn in queue:  # else `_release` has already passed it over
                queue.remove(turn)
            raise

    def _release(self) -> None:
        if _hand_on(self._queue):
            return
        if self._free >= self._kept and _hand_on(self._low):
            return
        self._free += 1


def _hand_on(queue: deque[asyncio.Future[None]]) -> bool:
    """Whether the first who still waits got the permit."""
    while queue:
        turn = queue.popleft()
        if not turn.done():
            turn.set_result(None)
            return True
    return False
