"""A cache of bytes with a lifetime for each: in this process, or in a Valkey or Redis."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from cachetools import TLRUCache

OVERHEAD = 256
"""Bytes of an entry in this process besides its key and value, about."""


class CacheUnavailable(OSError):
    """The cache cannot be used now. The message has no password."""


class Cache(Protocol):
    """Keys are text. Every method raises CacheUnavailable, within a second or so."""

    async def get(self, key: str) -> bytes | None:
        """The value, unless there is none or it is too old."""

    async def put(self, key: str, value: bytes, ttl: float) -> None:
        """Keeps it for `ttl` seconds at most; whatever is too large is not kept."""

    async def delete(self, key: str) -> bool:
        """Whether there was one."""

    async def clear(self, prefix: str) -> int:
        """Deletes every key that begins so; how many there were."""

    async def close(self) -> None:
        """Ends its connections."""


def build_cache(url: str | None, namespace: str, max_bytes: int, now: Callable[[], float]) -> Cache:
    """The cache of `url`, else one in this process of `max_bytes` at most.

    `namespace` goes before every key of a shared one. `now` is a monotonic clock in seconds.
    Raises CacheUnavailable where no later try could do better.
    """
    if url is None:
        return MemoryCache(max_bytes, now)
    try:
        from fogbank.storage.cache_valkey import ValkeyCache
    except ImportError:
        raise CacheUnavailable(
            "a cache in Valkey or Redis needs its client:  pip install 'fogbank[valkey]'"
        ) from None
    return ValkeyCache(url, namespace)


class _Kept(NamedTuple):
    key: str
    value: bytes
    ttl: float


class MemoryCache:
    """`Cache` in this process. The least recently used go first when `max_bytes` are full."""

    def __init__(self, max_bytes: int, now: Callable[[], float]) -> None:
        self._kept: TLRUCache[str, _Kept] = TLRUCache(
            max_bytes, ttu=_expiry, timer=now, getsizeof=_size
        )

    async def get(self, key: str) -> bytes | None:
        found = self._kept.get(key)
        return found.value if found else None

    async def put(self, key: str, value: bytes, ttl: float) -> None:
        item = _Kept(key, value, ttl)
        if _size(item) <= self._kept.maxsize:
            self._kept[key] = item
        else:
            self._kept.pop(key, None)

    async def delete(self, key: str) -> bool:
        return self._kept.pop(key, None) is not None

    async def clear(self, prefix: str) -> int:
        self._kept.expire()
        found = [key for key in self._kept if key.startswith(prefix)]
        for key in found:
            del self._kept[key]
        return len(found)

    async def close(self) -> None:
        self._kept.clear()


def _expiry(key: str, item: _Kept, now: float) -> float:
    return now + item.ttl


def _size(item: _Kept) -> int:
    return len(item.key) + len(item.value) + OVERHEAD
