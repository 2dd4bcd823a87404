"""Compares versions on request: finds the inputs, runs both, writes down what came out."""

import asyncio
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from fogbank.clock import Clock
from fogbank.deployments.esmap.card import Golden
from fogbank.deployments.esmap.registry import audit, comparison
from fogbank.deployments.esmap.registry.errors import Conflict, Invalid
from fogbank.deployments.esmap.registry.loader import Loader, NotLoadable
from fogbank.deployments.esmap.registry.registry import Registry
from fogbank.deployments.esmap.registry.version import Version
from fogbank.runtime.runtime import Runtime
from fogbank.storage.sql import Database, Sql

ROWS = 200
"""Inputs that a comparison takes at most: it may cost twice as many deadlines."""

_ROWS = TypeAdapter(list[Golden])


class Comparer:
    """One comparison at a time. Methods raise RegistryError and SqlUnavailable."""

    def __init__(
        self,
        registry: Registry,
        loader: Loader,
        runtime: Runtime,
        database: Database,
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._loader = loader
        self._runtime = runtime
        self._database = database
        self._clock = clock
        self._turn = asyncio.Lock()

    async def compare(
        self, model_id: str, a: str, b: str, labelled: list[Golden] | str | None, actor: str
    ) -> dict[str, Any]:
        """What version `b` does otherwise than `a`.

        `labelled` are the inputs with what is expected of them, or the name of an artifact of `b`
        or `a` that has them as JSON; without any, the card's golden inputs are taken.
        """
        if self._turn.locked():
            raise Conflict("another comparison is under way; try again when it has ended")
        async with self._turn:
            recorded = [await self._registry.get(model_id, name) for name in (a, b)]
            rows, source = await self._rows(model_id, recorded, labelled)
            try:
                first, second = [await self._loader.load(each) for each in recorded]
            except NotLoadable as error:
                raise Conflict(f"a version of {model_id} cannot be loaded: {error}") from error
            tallies = await comparison.compare(first, second, rows, self._runtime)
            told = {
                "a": tallies[0].shown(),
                "b": tallies[1].shown(),
                "delta": comparison.delta(*tallies),
                "labelled": source,
            }
            await self._database.run(self._record, model_id, tallies, told, actor)
            return told

    async def _rows(
        self, model_id: str, recorded: list[Version], labelled: list[Golden] | str | None
    ) -> tuple[list[Golden], str]:
        if labelled is None:
            rows, source = list(self._registry.card(model_id).golden), "golden inputs of the card"
        elif isinstance(labelled, str):
            rows, source = await self._artifact(labelled, recorded)
        else:
            rows, source = labelled, "given in the request"
        if not 1 <= len(rows) <= ROWS:
            raise Invalid(f"{len(rows)} labelled inputs: 1 to {ROWS} are taken")
        return rows, source

    async def _artifact(self, name: str, recorded: list[Version]) -> tuple[list[Golden], str]:
        for version in reversed(recorded):
            if version.artifact(name) is None:
                continue
            try:
                path = (await self._loader.files(version))[name]
                text = await asyncio.to_thread(path.read_bytes)
                rows = _ROWS.validate_python(orjson.loads(text))
            except NotLoadable as error:
                raise Conflict(str(error)) from error
            except (orjson.JSONDecodeError, ValidationError) as error:
                told = " ".join(str(error).split())[:300]
                raise Invalid(f"{name} is no list of labelled inputs: {told}") from error
            return rows, f"{name} of version {version.version}"
        raise Invalid(f"neither version has an artifact {name[:80]!r}")

    def _record(
        self,
        sql: Sql,
        model_id: str,
        tallies: tuple[comparison.Tally, comparison.Tally],
        told: dict[str, Any],
        actor: str,
    ) -> None:
        first, second = tallies
        now = self._clock.now()
        with sql.transaction():
            comparison.record(sql, model_id, first, second, now)
            entry = audit.Entry(actor, "compare", model_id, second.version, first.version, told)
            audit.write(sql, entry, now)
