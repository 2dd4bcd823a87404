"""The end of an inference: its answer as bytes, its row, its place in the cache, its counts."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import orjson

from fogbank.clock import Clock
from fogbank.deployments.esmap import answers
from fogbank.deployments.esmap.alert import Alert
from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.esmap.history import Entry
from fogbank.deployments.esmap.metrics import EsmapMetrics
from fogbank.deployments.esmap.model import Loaded
from fogbank.deployments.esmap.recorder import Recorder
from fogbank.deployments.esmap.result_cache import Cached, ResultCache, input_hash
from fogbank.deployments.esmap.work import Outcome
from fogbank.runtime.context import new_request_id


@dataclass(frozen=True, slots=True)
class Inferred:
    """`result` of an answer as the bytes that go out, and what is known about it.

    `milliseconds` is the model's own time, None for a cached answer. `error` is what the client is
    told where the result is a fallback. `served_by` are stand-ins by the model they stood in for.
    """

    result: bytes
    cached: bool = False
    milliseconds: float | None = None
    error: str | None = None
    served_by: dict[str, str] = field(default_factory=dict)


class Ending:
    """Writes down how inferences ended. `cache` is where successes are kept."""

    def __init__(
        self,
        cache: ResultCache,
        recorder: Recorder,
        alert: Alert,
        metrics: EsmapMetrics,
        clock: Clock,
    ) -> None:
        self._cache = cache
        self._recorder = recorder
        self._alert = alert
        self._metrics = metrics
        self._clock = clock

    async def hit(self, loaded: Loaded, input: Any, found: Cached, began: float) -> Inferred:
        """A cached answer. `began` is when the request was taken up (time.perf_counter)."""
        milliseconds = (time.perf_counter() - began) * 1000
        model_id = loaded.card.id
        self._metrics.cache_hits.labels(model_id).inc()
        self._metrics.requests.labels(model_id, "cached").inc()
        await self._recorder.add(
            self._entry(model_id, loaded.version, input, milliseconds, cached=True)
        )
        return Inferred(found.result, cached=True, served_by=found.served_by)

    async def computed(
        self, loaded: Loaded, input: Any, outcome: Outcome, call: Call, key: str | None
    ) -> Inferred:
        """An answer that was computed, or a fallback. A success is kept under `key`, if given."""
        card, now = loaded.card, self._clock.now()
        if outcome.inner is None:
            body = answers.fallback(card, outcome.told, now)
        else:
            took = outcome.milliseconds
            body = answers.result(card.id, outcome.inner, took, loaded.version, now)
        answer = Inferred(
            orjson.dumps(body),
            milliseconds=outcome.milliseconds,
            error=None if outcome.reason is None else outcome.told,
            served_by=call.served_by,
        )
        self._count(card.id, outcome)
        entry = self._entry(
            card.id,
            loaded.version,
            input,
            outcome.milliseconds,
            request_id=call.request_id,
            tokens=call.tokens,
            error=outcome.reason,
        )
        waits = [self._recorder.add(entry)]
        if key is not None and outcome.reason is None:
            waits.append(self._cache.put(key, Cached(answer.result, answer.served_by)))
        await asyncio.gather(*waits)
        return answer

    async def unavailable(self, card: ModelCard, input: Any, reason: str) -> Inferred:
        """The fallback of a model that cannot work on this machine."""
        outcome = Outcome(None, 0.0, "Model is not available", reason)
        self._count(card.id, outcome)
        await self._recorder.add(self._entry(card.id, card.version, input, 0.0, error=reason))
        body = answers.fallback(card, outcome.told, self._clock.now())
        return Inferred(orjson.dumps(body), milliseconds=0.0, error=outcome.told)

    def refused(self, model_id: str, outcome: str) -> None:
        """Counts what is no inference: busy, invalid, cancelled."""
        self._metrics.requests.labels(model_id, outcome).inc()

    def missed(self, model_id: str) -> None:
        """Counts what the cache did not have."""
        self._metrics.cache_misses.labels(model_id).inc()

    def _count(self, model_id: str, outcome: Outcome) -> None:
        name = "ok" if outcome.reason is None else "timeout" if outcome.timed_out else "error"
        self._metrics.requests.labels(model_id, name).inc()
        self._metrics.seconds.labels(model_id).observe(outcome.milliseconds / 1000)
        self._alert.record(failed=outcome.reason is not None)

    def _entry(
        self,
        model_id: str,
        version: str,
        input: Any,
        milliseconds: float,
        *,
        request_id: str | None = None,
        tokens: int = 0,
        cached: bool = False,
        error: str | None = None,
    ) -> Entry:
        return Entry(
            id=new_request_id(),
            model_id=model_id,
            version=version,
            request_id=request_id or new_request_id(),
            input_hash=input_hash(input),
            milliseconds=round(milliseconds, 3),
            tokens=tokens,
            cached=cached,
            error=error,
            at=self._clock.now(),
        )
