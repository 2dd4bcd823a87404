"""The way of one inference: model -> input -> cache -> turn -> work -> cache and history."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fogbank.deployments.esmap.active import Active
from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.esmap.ending import Ending, Inferred
from fogbank.deployments.esmap.model import InvalidInput, Loaded
from fogbank.deployments.esmap.result_cache import ResultCache
from fogbank.deployments.esmap.turn import Busy, Turns
from fogbank.deployments.esmap.work import Outcome, work
from fogbank.runtime.runtime import Runtime


class UnknownModel(LookupError):
    """No model of that id."""


class Inference:
    """Runs ESMAP's models. A request takes the active version once, at its start."""

    def __init__(
        self, active: Active, runtime: Runtime, cache: ResultCache, ending: Ending
    ) -> None:
        self._active = active
        self._runtime = runtime
        self._cache = cache
        self._ending = ending
        self._turns = {
            card.id: Turns(card.max_concurrent, card.max_waiting) for card in active.cards.values()
        }

    async def run(
        self, model_id: str, input: Any, options: Mapping[str, Any], *, key: str | None = None
    ) -> Inferred:
        """One inference, from the cache where it has it. `key` is the API key's name.

        Raises UnknownModel, InvalidInput, and Busy. A model that fails or is late gives a fallback.
        """
        began = time.perf_counter()
        card, loaded = self._chosen(model_id)
        if loaded is None:
            return await self._unavailable(card, input)
        turns = self._turns[model_id]
        with self._refusals(model_id):
            loaded.model.check(input, options)
            cache_key = self._cache.key(loaded, input, options)
            if (found := await self._cache.get(cache_key)) is not None:
                return await self._ending.hit(loaded, input, found, began)
            self._ending.missed(model_id)
            turns.check_room(1)
            async with turns.hold():
                outcome, call = await self._work(loaded, input, options, key)
        return await self._ending.computed(loaded, input, outcome, call, cache_key)

    async def batch(
        self,
        model_id: str,
        inputs: list[Any],
        options: Mapping[str, Any],
        *,
        key: str | None = None,
    ) -> list[Inferred | InvalidInput]:
        """As many inferences, in their order, started together; not from the cache, nor for it.

        A model that works on fewer at once than there are gets so many together. Raises
        UnknownModel, and Busy for all of them.
        """
        card, loaded = self._chosen(model_id)
        if loaded is None:
            return [await self._unavailable(card, input) for input in inputs]
        turns = self._turns[model_id]
        found: dict[int, Inferred | InvalidInput] = {}

        async def one(at: int) -> None:
            try:
                with self._refusals(model_id):
                    outcome, call = await self._work(loaded, inputs[at], options, key)
            except InvalidInput as error:
                found[at] = error
            else:
                found[at] = await self._ending.computed(loaded, inputs[at], outcome, call, None)

        async def together(part: list[int]) -> None:
            async with turns.hold(len(part)), asyncio.TaskGroup() as group:
                for at in part:
                    group.create_task(one(at))

        for at, input in enumerate(inputs):
            try:
                with self._refusals(model_id):
                    loaded.model.check(input, options)
            except InvalidInput as error:
                found[at] = error
        valid = [at for at in range(len(inputs)) if at not in found]
        with self._refusals(model_id):
            turns.check_room(len(valid))
        async with asyncio.TaskGroup() as group:
            for first in range(0, len(valid), turns.concurrent):
                group.create_task(together(valid[first : first + turns.concurrent]))
        return [found[at] for at in range(len(inputs))]

    async def forget(self, model_id: str, input: Any, options: Mapping[str, Any]) -> int:
        """Deletes one answer of the active version from the cache; how many there were.

        Raises UnknownModel and CacheUnavailable.
        """
        _, loaded = self._chosen(model_id)
        if loaded is None:
            return 0
        return await self._cache.delete(self._cache.key(loaded, input, options))

    def knows(self, model_id: str) -> bool:
        """Whether there is a model of that id, working or not."""
        return model_id in self._active.cards

    def waiting(self, model_id: str) -> int:
        """Inferences of a model that wait for their turn."""
        return self._turns[model_id].waiting

    def _chosen(self, model_id: str) -> tuple[ModelCard, Loaded | None]:
        card = self._active.cards.get(model_id)
        if card is None:
            raise UnknownModel(model_id)
        return card, self._active.get(model_id)

    async def _unavailable(self, card: ModelCard, input: Any) -> Inferred:
        reason = self._active.failures.get(card.id, "no version of it is active")
        return await self._ending.unavailable(card, input, reason)

    async def _work(
        self, loaded: Loaded, input: Any, options: Mapping[str, Any], key: str | None
    ) -> tuple[Outcome, Call]:
        call = Call(runtime=self._runtime, deadline=loaded.card.deadline, key=key)
        return await work(loaded, input, options, call), call

    @contextmanager
    def _refusals(self, model_id: str) -> Iterator[None]:
        """Counts what ends without an answer of the model."""
        try:
            yield
        except InvalidInput:
            self._ending.refused(model_id, "invalid")
            raise
        except Busy:
            self._ending.refused(model_id, "busy")
            raise
        except asyncio.CancelledError:
            self._ending.refused(model_id, "cancelled")
            raise
