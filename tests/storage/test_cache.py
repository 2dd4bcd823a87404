"""The cache: the same tests in this process and on a real Valkey or Redis."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.clock import TurnedClock
from fogbank.storage.cache import OVERHEAD, Cache, CacheUnavailable, MemoryCache, build_cache
from tests.valkey import ValkeyServer

pytestmark = pytest.mark.anyio
MIB = 1024 * 1024


@pytest.fixture(params=["memory", "valkey"])
async def cache(request: pytest.FixtureRequest) -> AsyncIterator[Cache]:
    url = None
    if request.param == "valkey":
        server: ValkeyServer = request.getfixturevalue("valkey")
        url = server.url
    made = build_cache(url, f"test-{request.node.name}", MIB, time.monotonic)
    yield made
    await made.clear("")
    await made.close()


async def test_put_get_delete(cache: Cache) -> None:
    assert await cache.get("a") is None
    await cache.put("a", b"\0\xff one", 60)
    await cache.put("b", b"", 60)
    assert await cache.get("a") == b"\0\xff one"
    assert await cache.get("b") == b""
    await cache.put("a", b"two", 60)
    assert await cache.get("a") == b"two"
    assert await cache.delete("a") is True
    assert await cache.delete("a") is False
    assert await cache.get("a") is None


async def test_clear_by_prefix(cache: Cache) -> None:
    for number in range(1200):
        await cache.put(f"model:{number}", b"x", 60)
    others = ["model", "models:1", "other:model:1", "m*:1", "mo[d]el:1"]
    for key in others:
        await cache.put(key, b"x", 60)
    assert await cache.clear("model:") == 1200
    assert await cache.clear("model:") == 0
    assert [await cache.get(key) for key in others] == [b"x"] * len(others)
    assert await cache.clear("m*") == 1  # a prefix is no pattern
    assert await cache.clear("mo[") == 1
    assert await cache.clear("") == 3


async def test_a_lifetime_ends(cache: Cache) -> None:
    await cache.put("short", b"x", 0.001)
    await cache.put("long", b"x", 60)
    async with asyncio.timeout(5):
        while await cache.get("short") is not None:
            await asyncio.sleep(0.005)
    assert await cache.get("long") == b"x"


async def test_who_gives_up_leaves_the_others_their_own_answers(cache: Cache) -> None:
    for number in range(50):
        await cache.put(str(number), str(number).encode(), 60)

    async def ask(number: int) -> None:
        for _ in range(5):
            assert await cache.get(str(number)) == str(number).encode()

    tasks = [asyncio.create_task(ask(number)) for number in range(50)]
    for step in range(25):
        await asyncio.sleep(0.0002)
        tasks[2 * step].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert not [error for error in results if isinstance(error, AssertionError | OSError)]


async def test_the_least_recently_used_go_first() -> None:
    cache = MemoryCache(3 * (1000 + OVERHEAD + 1), TurnedClock().monotonic)
    for key in "abc":
        await cache.put(key, b"x" * 1000, 60)
    await cache.get("a")
    await cache.put("d", b"x" * 1000, 60)
    assert [await cache.get(key) is not None for key in "abcd"] == [True, False, True, True]


async def test_what_is_too_large_is_not_kept() -> None:
    cache = MemoryCache(1000, TurnedClock().monotonic)
    await cache.put("a", b"small", 60)
    await cache.put("a", b"x" * 1000, 60)
    assert await cache.get("a") is None


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 9), st.floats(0, 5)), max_size=30)
)
def test_lifetimes_by_the_clock(steps: list[tuple[str, int, float]]) -> None:
    async def run() -> None:
        clock = TurnedClock()
        cache, ends = MemoryCache(MIB, clock.monotonic), dict[str, float]()
        for key, ttl, wait in steps:
            await cache.put(key, b"x", ttl)
            ends[key] = clock.monotonic() + ttl
            clock.turn(wait)
            for each, end in ends.items():
                alive = clock.monotonic() < end
                assert (await cache.get(each) is not None) is alive

    asyncio.run(run())


async def test_namespaces_are_apart(valkey: ValkeyServer) -> None:
    one, two = (build_cache(valkey.url, name, 0, time.monotonic) for name in ("one", "two"))
    await one.put("key", b"1", 60)
    await two.put("key", b"2", 60)
    assert (await one.get("key"), await two.get("key")) == (b"1", b"2")
    assert await one.clear("") == 1
    assert await two.get("key") == b"2"
    await two.clear("")
    for cache in (one, two):
        await cache.close()


async def test_a_server_that_is_gone_and_comes_back(valkey: ValkeyServer) -> None:
    cache = build_cache(valkey.url, "gone", 0, time.monotonic)
    await cache.put("a", b"1", 60)
    valkey.stop()
    try:
        for attempt in (cache.get("a"), cache.put("a", b"1", 60), cache.clear("a")):
            with pytest.raises(CacheUnavailable, match="cannot be used"):
                await attempt
    finally:
        valkey.start()
    await cache.put("a", b"2", 60)
    assert await cache.get("a") == b"2"
    await cache.clear("")
    await cache.close()


async def test_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fogbank.storage.cache_valkey.SECONDS", 0.05)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        cache = build_cache(f"redis://:secret@127.0.0.1:{port}/0", "x", 0, time.monotonic)
        with pytest.raises(CacheUnavailable, match="did not answer") as caught:
            await cache.get("a")
        assert "secret" not in str(caught.value)
        await cache.close()


@pytest.mark.parametrize(
    "url",
    [
        "valkey://host:port/0",
        "http://127.0.0.1/",
        "redis://h/one/two",
        "valkey://h/0?nonsense=1",
        "valkey://h/0?socket_timeout=soon",
    ],
)
def test_a_url_that_is_none(url: str) -> None:
    if url.endswith("two"):
        build_cache(url, "x", 0, time.monotonic)  # the client reads what it can of a path
        return
    with pytest.raises(CacheUnavailable, match="cannot be read"):
        build_cache(url, "x", 0, time.monotonic)
