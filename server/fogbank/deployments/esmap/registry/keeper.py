"""Keeps the registry going: records at the start, then follows the database and the schedules."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from fogbank.clock import Clock
from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.esmap.registry import packaged
from fogbank.deployments.esmap.registry.deployer import Deployer
from fogbank.deployments.esmap.registry.scheduler import Scheduler
from fogbank.storage.sql import Database, SqlUnavailable

INTERVAL = 1.0
"""Seconds between two looks at the database."""

Look = Callable[[], Awaitable[None]]

log = structlog.get_logger("fogbank.esmap")


class Keeper:
    """A component of the server."""

    def __init__(
        self,
        cards: Mapping[str, ModelCard],
        deployer: Deployer,
        scheduler: Scheduler,
        database: Database,
        clock: Clock,
    ) -> None:
        self._cards = cards
        self._deployer = deployer
        self._scheduler = scheduler
        self._database = database
        self._clock = clock
        self._recorded = False
        self._reachable = True
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Heals what a crash left, before the first request; schedules wait for the engines."""
        await self._watched(self._follow)
        looks = (self._follow, self._scheduler.run_due)
        self._tasks = [asyncio.create_task(self._keep(look)) for look in looks]

    async def stop(self) -> None:
        """Ends what runs; a schedule that was running is taken up at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._database.close()

    async def _keep(self, look: Look) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            try:
                await self._watched(look)
            except Exception:  # whatever it is, it must not end the look-out
                log.exception("the registry stumbled")

    async def _follow(self) -> None:
        if not self._recorded:
            await self._database.run(packaged.record, self._cards.values(), self._clock.now())
            await self._scheduler.recover()
            self._recorded = True
        await self._deployer.follow()
        self._reachable = True

    async def _watched(self, look: Look) -> None:
        try:
            await look()
        except SqlUnavailable as error:
            told = f"the registry's database cannot be used: {error}"
            if self._reachable:
                log.error("the registry cannot be used", reason=str(error))
            self._reachable = self._recorded = False
            self._deployer.forsake(told)
