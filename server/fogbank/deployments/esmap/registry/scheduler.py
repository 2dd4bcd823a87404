"""Promotes versions at the times that were asked for."""

from datetime import datetime
from typing import Any

import structlog

from fogbank.clock import Clock
from fogbank.deployments.esmap.registry import audit, schedule
from fogbank.deployments.esmap.registry.deployer import Deployer
from fogbank.deployments.esmap.registry.errors import Conflict, NotRecorded, RegistryError
from fogbank.deployments.esmap.registry.registry import Registry
from fogbank.deployments.esmap.registry.schedule import Schedule
from fogbank.storage.sql import Database, Sql, SqlUnavailable

log = structlog.get_logger("fogbank.esmap")


class Scheduler:
    """Methods raise RegistryError and SqlUnavailable."""

    def __init__(
        self, registry: Registry, deployer: Deployer, database: Database, clock: Clock
    ) -> None:
        self._registry = registry
        self._deployer = deployer
        self._database = database
        self._clock = clock

    async def add(self, model_id: str, version: str, due: datetime, actor: str) -> Schedule:
        """A promotion at `due`; at once where that time has passed."""
        await self._registry.get(model_id, version)

        def work(sql: Sql) -> Schedule:
            now = self._clock.now()
            with sql.transaction():
                made = schedule.insert(sql, model_id, version, due, actor, now)
                details = {"schedule": made.id, "due": made.due}
                entry = audit.Entry(actor, "schedule", model_id, version, details=details)
                audit.write(sql, entry, now)
            return made

        return await self._database.run(work)

    async def newest(self, limit: int) -> list[dict[str, Any]]:
        """All of them, whatever became of them, latest first."""
        return [each.shown() for each in await self._database.run(schedule.newest, limit)]

    async def cancel(self, id: str, actor: str) -> Schedule:
        """Takes back what has not begun. Raises Conflict for what has."""

        def work(sql: Sql) -> Schedule:
            with sql.transaction():
                moved = schedule.move(sql, id, "pending", "cancelled", f"cancelled by {actor}")
                found = schedule.find(sql, id)
                if found is None:
                    raise NotRecorded(f"there is no schedule {id[:80]!r}")
                if not moved:
                    raise Conflict(f"schedule {id} is {found.state} already")
                entry = audit.Entry(
                    actor, "cancel", found.model_id, found.version, details={"schedule": id}
                )
                audit.write(sql, entry, self._clock.now())
            return found

        return await self._database.run(work)

    async def recover(self) -> None:
        """Takes up what a dead server left unfinished."""
        await self._database.run(schedule.recover)

    async def run_due(self) -> None:
        """Promotes what is due, in order, with every check. Another server's are left to it."""
        for each in await self._database.run(schedule.due, self._clock.now()):
            if await self._database.run(schedule.move, each.id, "pending", "running"):
                state, detail = await self._promote(each)
                await self._database.run(schedule.move, each.id, "running", state, detail)
                log.info("schedule", id=each.id, model=each.model_id, state=state, detail=detail)

    async def _promote(self, due: Schedule) -> tuple[str, str]:
        try:
            told = await self._deployer.promote(
                due.model_id, due.version, due.created_by, details={"schedule": due.id}
            )
        except RegistryError as error:
            return "failed", str(error)
        except SqlUnavailable:
            raise  # taken up again when the database is back
        except Exception as error:
            log.exception("a scheduled promotion stumbled", id=due.id, model=due.model_id)
            return "failed", f"{type(error).__name__}: {error}"
        if not told["changed"]:
            return "done", "it was the active version already"
        return "done", f"replaced {told['from_version']}"
