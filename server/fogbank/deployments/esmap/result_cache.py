"""Answers that are given again for an hour: the key, the bytes, and what to do without a cache.

A cache that is down never fails an inference: it is logged, and asked again after some seconds.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import structlog

from fogbank.clock import Clock
from fogbank.deployments.esmap.model import Loaded
from fogbank.runtime.runtime import Runtime
from fogbank.storage.cache import Cache, CacheUnavailable

PAUSE = 5.0
"""Seconds that a cache which failed is left alone."""
PROBE = "probe"

log = structlog.get_logger("fogbank.esmap")


@dataclass(frozen=True, slots=True)
class Cached:
    """`result` as it went out, and who stood in for which model when it was computed."""

    result: bytes
    served_by: dict[str, str]


def canonical(value: Any) -> bytes:
    """JSON with sorted keys. 1 and 1.0 differ: to a model they may."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def input_hash(value: Any) -> str:
    """SHA-256 of the canonical form: all that the history keeps of an input."""
    return hashlib.sha256(canonical(value)).hexdigest()


def served_versions(runtime: Runtime) -> str:
    """Tells one set of weights and engines behind the models from another."""
    digest = hashlib.sha256()
    for name in sorted(runtime.served):
        digest.update(f"{name}\n{runtime.version(runtime.served[name].card)}\n".encode())
    return digest.hexdigest()


class ResultCache:
    """ESMAP's part of a cache. `ttl` is in seconds; 0 keeps nothing."""

    def __init__(self, cache: Cache, ttl: float, runtime: Runtime, clock: Clock) -> None:
        self._cache = cache
        self._ttl = ttl
        self._served = served_versions(runtime)
        self._clock = clock
        self._again_at = float("-inf")

    def key(self, loaded: Loaded, input: Any, options: Mapping[str, Any]) -> str:
        """Everything that the answer depends on: model, version, what computes, what is asked."""
        digest = hashlib.sha256()
        for part in (
            loaded.version.encode(),
            loaded.fingerprint.encode(),
            self._served.encode(),
            canonical(input),
            canonical(dict(options)),
        ):
            digest.update(len(part).to_bytes(8, "big") + part)
        return f"{prefix(loaded.card.id)}{digest.hexdigest()}"

    async def get(self, key: str) -> Cached | None:
        """The answer, if there is one."""
        if not self._usable:
            return None
        try:
            found = await self._cache.get(key)
        except CacheUnavailable as error:
            self._failed(error)
            return None
        if found is None:
            return None
        served_by, _, result = found.partition(b"\n")
        return Cached(result, orjson.loads(served_by))

    async def put(self, key: str, answer: Cached) -> None:
        """Keeps an answer."""
        if not self._usable:
            return
        value = orjson.dumps(answer.served_by) + b"\n" + answer.result
        try:
            await self._cache.put(key, value, self._ttl)
        except CacheUnavailable as error:
            self._failed(error)

    async def delete(self, key: str) -> int:
        """How many there were. Raises CacheUnavailable."""
        return int(await self._cache.delete(key))

    async def clear(self, model_id: str | None = None) -> int:
        """Deletes the answers of a model, or all; how many there were. Raises CacheUnavailable."""
        return await self._cache.clear("" if model_id is None else prefix(model_id))

    async def probe(self) -> None:
        """A real round trip. Raises CacheUnavailable."""
        await self._cache.put(PROBE, b"1", 60)
        await self._cache.get(PROBE)
        await self._cache.delete(PROBE)

    async def start(self) -> None:
        """Connects at the first use."""

    async def stop(self) -> None:
        """Ends its connections."""
        await self._cache.close()

    @property
    def _usable(self) -> bool:
        return self._ttl > 0 and self._clock.monotonic() >= self._again_at

    def _failed(self, error: CacheUnavailable) -> None:
        # Those that were under way when it failed say nothing new.
        if self._clock.monotonic() >= self._again_at:
            log.error("cache cannot be used", error=str(error), again_in_seconds=PAUSE)
            self._again_at = self._clock.monotonic() + PAUSE


def prefix(model_id: str) -> str:
    """How the keys of a model begin; ids hold no colon."""
    return f"{model_id}:"
