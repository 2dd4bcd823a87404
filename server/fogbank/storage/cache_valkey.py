"""`Cache` in a Valkey or Redis. Importing this module needs valkey, the extra `valkey`."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from valkey.asyncio import ConnectionPool, Valkey
from valkey.exceptions import ValkeyError

from fogbank.storage.cache import CacheUnavailable

CONNECTIONS = 32
SECONDS = 0.5
"""For one command, connecting included: whoever asks the cache can do without it."""
CLEARING_SECONDS = 30.0
KEYS_AT_ONCE = 500
LARGEST = 64 * 1024 * 1024
SPECIAL = re.compile(r"([*?\[\]^\\])")


class ValkeyCache:
    """Every key begins with the namespace and a colon; lifetimes are the server's."""

    def __init__(self, url: str, namespace: str) -> None:
        self._before = f"{namespace}:"
        try:
            pool = ConnectionPool.from_url(url, socket_timeout=CLEARING_SECONDS)
            # Connects to nothing yet: a wrong option is told now, not at the first inference.
            pool.make_connection()  # type: ignore[no-untyped-call]
        except (ValueError, TypeError):
            raise CacheUnavailable(
                "the cache's URL cannot be read; expected valkey://:PASSWORD@HOST:6379/0"
            ) from None
        self._pool = pool
        # Not the client's own blocking pool: cancelled at the wrong moment it loses a connection.
        self._places = asyncio.Semaphore(CONNECTIONS)
        self._client = Valkey(connection_pool=pool)

    async def get(self, key: str) -> bytes | None:
        async with self._usable(SECONDS):
            value = await self._client.get(self._before + key)
        return bytes(value) if value is not None else None

    async def put(self, key: str, value: bytes, ttl: float) -> None:
        if len(value) > LARGEST:
            await self.delete(key)
            return
        async with self._usable(SECONDS):
            await self._client.set(self._before + key, value, px=max(int(ttl * 1000), 1))

    async def delete(self, key: str) -> bool:
        async with self._usable(SECONDS):
            return bool(await self._client.delete(self._before + key))

    async def clear(self, prefix: str) -> int:
        # SCAN and UNLINK, a few hundred at once: KEYS and DEL hold up all of the server's clients.
        pattern = SPECIAL.sub(r"\\\1", self._before + prefix) + "*"
        count, cursor = 0, 0
        async with self._usable(CLEARING_SECONDS):
            while True:
                cursor, keys = await self._client.scan(cursor, match=pattern, count=KEYS_AT_ONCE)
                if keys:
                    count += int(await self._client.unlink(*keys))
                if not cursor:
                    return count

    async def close(self) -> None:
        await self._client.aclose()
        await self._pool.disconnect()

    @asynccontextmanager
    async def _usable(self, seconds: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(seconds), self._places:
                yield
        except TimeoutError:
            raise CacheUnavailable(f"the cache did not answer within {seconds:g} s") from None
        except (ValkeyError, OSError) as error:
            text = " ".join(str(error).split()) or type(error).__name__
            raise CacheUnavailable(f"the cache cannot be used: {text}") from error
