"""Who may run now, who waits, who is refused: decided before any work is done for a request."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Refused(Exception):
    """No permit is free and nobody may wait: all places taken, or the caller would not wait."""


class Admission:
    """Permits of one engine: `concurrent` run at once, `waiting` more may queue, first come first.

    A waiter that is cancelled leaves the queue at once.
    """

    def __init__(self, concurrent: int, waiting: int) -> None:
        self._free = concurrent
        self._limit = waiting
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """Requests in the queue now."""
        return len(self._queue)

    @asynccontextmanager
    async def permit(self, *, wait: bool = True) -> AsyncIterator[None]:
        """Holds a permit. Raises Refused without waiting when none can be had."""
        await self._acquire(wait)
        try:
            yield
        finally:
            self._release()

    async def _acquire(self, wait: bool) -> None:
        if self._free > 0:
            self._free -= 1
            return
        if not wait or len(self._queue) >= self._limit:
            raise Refused
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._release()
            elif turn in self._queue:  # else `_release` has already passed it over
                self._queue.remove(turn)
            raise

    def _release(self) -> None:
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
