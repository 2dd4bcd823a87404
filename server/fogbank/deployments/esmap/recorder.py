"""Writes the inference history: a row is on the disk before its answer goes out.

An answer waits LONGEST_WAIT for that; one that goes out before its row is counted as late. Rows
that wait while a transaction runs are written together in the next one, so a thousand inferences
at once cost a few commits. An inference never fails for want of a database: its row is counted as
lost.
"""

import asyncio

import structlog

from fogbank.clock import Clock
from fogbank.deployments.esmap.history import Entry, insert
from fogbank.deployments.esmap.metrics import EsmapMetrics
from fogbank.storage.sql import Database, SqlRefused, SqlUnavailable

LONGEST_WAIT = 2.0
"""Seconds that an answer waits for its row. A database that is slower still gets it."""
MOST_WAITING = 20_000
QUIET = 60.0
"""Seconds between two log lines about the same trouble."""

log = structlog.get_logger("fogbank.esmap")


class Recorder:
    """Owns the connection that writes. `failing` says why the last write failed, if it did."""

    def __init__(self, database: Database, metrics: EsmapMetrics, clock: Clock) -> None:
        self.failing: str | None = None
        self.lost = 0
        self._database = database
        self._metrics = metrics
        self._clock = clock
        self._waiting: list[tuple[Entry, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._told_at = float("-inf")

    async def add(self, entry: Entry) -> None:
        """Returns once the row is committed, or lost, or late. Never raises for the database."""
        if len(self._waiting) >= MOST_WAITING:
            self._lost(1, f"{MOST_WAITING} rows are waiting already")
            return
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, done))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write(), name="esmap history")
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                await asyncio.shield(done)
        except TimeoutError:
            self._metrics.late_rows.inc()
            self._tell("history is slow: answers go out before their rows", waiting=self.waiting)

    @property
    def waiting(self) -> int:
        """Rows that no transaction has taken yet."""
        return len(self._waiting)

    async def start(self) -> None:
        """Connects at the first use."""

    async def stop(self) -> None:
        """Writes what waits."""
        if self._writer is not None:
            await asyncio.wait([self._writer])
        await self._database.close()

    async def _write(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting, []
                try:
                    await self._insert([entry for entry, _ in group])
                    self.failing = None
                except Exception as error:
                    self._lost(len(group), str(error) or type(error).__name__)
                for _, done in group:
                    if not done.done():
                        done.set_result(None)
        finally:
            self._writer = None

    async def _insert(self, entries: list[Entry]) -> None:
        try:
            await self._database.run(insert, entries)
        except SqlRefused:
            raise
        except SqlUnavailable:
            # A connection that broke since the last use is made anew; ids keep rows single.
            await self._database.run(insert, entries)

    def _lost(self, count: int, reason: str) -> None:
        self.failing = reason
        self.lost += count
        self._metrics.lost_rows.inc(count)
        self._tell("history cannot be written", error=reason, lost=self.lost)

    def _tell(self, event: str, **values: object) -> None:
        now = self._clock.monotonic()
        if now - self._told_at >= QUIET:
            self._told_at = now
            log.error(event, **values)
