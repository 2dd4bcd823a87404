"""GET /health: what works now, by trying it (deployments.md, A).

Each check is `healthy`, `degraded` or `unhealthy`. The whole is `unhealthy` where no model can
answer, `degraded` where anything else is not healthy (fewer models, no history, no cache: what
still works answers), else `healthy`.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import structlog

from fogbank.clock import Clock
from fogbank.deployments.esmap.active import Active
from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.esmap.recorder import Recorder
from fogbank.deployments.esmap.result_cache import ResultCache
from fogbank.deployments.web import timestamp
from fogbank.runtime.runtime import Runtime
from fogbank.runtime.supervisor import State, Supervisor
from fogbank.storage.cache import CacheUnavailable
from fogbank.storage.sql import Database, Sql, SqlUnavailable

SECONDS = 2.0
"""For the database's round trip."""
Check = dict[str, Any]

log = structlog.get_logger("fogbank.esmap")


class Health:
    """Asks each part anew, every time."""

    def __init__(
        self,
        active: Active,
        runtime: Runtime,
        database: Database,
        recorder: Recorder,
        cache: ResultCache,
        clock: Clock,
    ) -> None:
        self._active = active
        self._runtime = runtime
        self._database = database
        self._recorder = recorder
        self._cache = cache
        self._clock = clock
        self._problems: dict[str, str | None] = {}

    async def report(self) -> dict[str, Any]:
        """The body of the answer."""
        database, cache = await asyncio.gather(self._check_database(), self._check_cache())
        checks = {
            "ai_binding": self._check_engines(),
            "models": self._check_models(),
            "database": database,
            "cache": cache,
        }
        return {
            "status": _whole(checks),
            "timestamp": timestamp(self._clock.now()),
            "checks": checks,
        }

    def _check_engines(self) -> Check:
        """The engines of the runtime that ESMAP's models compute with."""
        needed = {
            engine.name: engine
            for card in self._active.cards.values()
            for engine in self._engines(card)
        }
        waiting = sorted(name for name, engine in needed.items() if not works(engine))
        if not needed:
            if any(_names(card) for card in self._active.cards.values()):
                return _check("unhealthy", "The profile serves none of the models that are needed")
            return _check("healthy", "No model needs an engine")
        if not waiting:
            return _check("healthy", f"{len(needed)} of {len(needed)} engines are ready")
        status = "unhealthy" if len(waiting) == len(needed) else "degraded"
        return _check(status, f"Not ready: {', '.join(waiting)}")

    def _check_models(self) -> Check:
        cards = self._active.cards.values()
        lacking = [card.id for card in cards if not self._can_work(card)]
        count = len(cards) - len(lacking)
        if not lacking:
            return {**_check("healthy", f"{count} models available"), "available": count}
        status = "degraded" if count else "unhealthy"
        return {**_check(status, f"Not available: {', '.join(lacking)}"), "available": count}

    async def _check_database(self) -> Check:
        if self._recorder.failing is not None:
            return _check("unhealthy", "The last write failed; the log says why")
        try:
            async with asyncio.timeout(SECONDS):
                await self._database.run(_round_trip)
        except (SqlUnavailable, TimeoutError) as error:
            self._note("database", str(error) or f"no answer within {SECONDS:g} s")
            return _check("unhealthy", "The database cannot be reached; the log says why")
        self._note("database", None)
        return _check("healthy", "Database is accessible")

    async def _check_cache(self) -> Check:
        try:
            await self._cache.probe()
        except CacheUnavailable as error:
            self._note("cache", str(error))
            return _check("degraded", "The cache cannot be reached; the log says why")
        self._note("cache", None)
        return _check("healthy", "Cache is accessible")

    def _note(self, part: str, problem: str | None) -> None:
        """Logs what is new: whoever watches asks every few seconds."""
        before = self._problems.get(part)
        self._problems[part] = problem
        if problem is not None and before is None:
            log.error("health check failed", part=part, error=problem)

    def _can_work(self, card: ModelCard) -> bool:
        engines = list(self._engines(card))
        # A profile may lack some of the models that a card names, but not all of them.
        served = bool(engines) or not _names(card)
        return self._active.get(card.id) is not None and served and all(map(works, engines))

    def _engines(self, card: ModelCard) -> Iterator[Supervisor]:
        """Those of the models that the card's config names and this profile serves."""
        for name in {card.model_id, *_texts(card.config)}:
            found = self._runtime.catalog.resolve(name)
            if found is not None and (served := self._runtime.served.get(found.name)):
                yield self._runtime.engines[served.engine]


def works(engine: Supervisor) -> bool:
    """Whether a request would be computed now, or would load the engine first, as it should."""
    on_demand = engine.state is State.UNLOADED and engine.spec.load != "start"
    return engine.available or on_demand


def _names(card: ModelCard) -> set[str]:
    """What looks like models of the runtime in a card's config: `@cf/...`, `@fogbank/...`."""
    return {text for text in _texts(card.config) if text.startswith("@")}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _round_trip(sql: Sql) -> None:
    sql.execute("select 1 as alive")


def _check(status: str, message: str) -> Check:
    return {"status": status, "message": message}


def _whole(checks: dict[str, Check]) -> str:
    if checks["models"]["status"] == "unhealthy":
        return "unhealthy"
    sound = all(check["status"] == "healthy" for check in checks.values())
    return "healthy" if sound else "degraded"
