"""Contract 1.7: what comes from the cache, and what never does."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fogbank.clock import Clock
from fogbank.storage.response_cache import MAX_ANSWER, CachedAnswer, ResponseCache
from tests.ledger import PRICES
from tests.server import ACCOUNT, EMBED, TEXT, Running, running, settings

pytestmark = [pytest.mark.anyio, pytest.mark.contract("1.7")]

PATH = f"/v1/{ACCOUNT}/mine/workers-ai/"


class Turned(Clock):
    """A clock that is turned by hand."""

    seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)


async def status(
    fogbank: Running, body: Any = None, model: str = TEXT, path: str = PATH, **headers: str
) -> str | None:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await fogbank.client.post(path + model, json=body or {"prompt": "a"}, headers=names)
    assert answer.status_code == 200, answer.text
    found: str | None = answer.headers.get("cf-aig-cache-status")
    return found


async def test_hit_and_miss(fogbank: Running) -> None:
    first = await fogbank.client.post(
        PATH + TEXT, json={"prompt": "a"}, headers={"cf-aig-cache-ttl": "60"}
    )
    second = await fogbank.client.post(
        PATH + TEXT, json={"prompt": "a"}, headers={"cf-aig-cache-ttl": "60"}
    )
    assert first.headers["cf-aig-cache-status"] == "MISS"
    assert second.headers["cf-aig-cache-status"] == "HIT"
    assert second.content == first.content
    assert second.headers["content-type"] == "application/json"
    assert first.headers["cf-aig-log-id"] != second.headers["cf-aig-log-id"]
    assert fogbank.engine.started == 1


async def test_the_key_holds_input_model_gateway_and_account(fogbank: Running) -> None:
    ttl = {"cf_aig_cache_ttl": "60"}
    assert await status(fogbank, **ttl) == "MISS"
    assert await status(fogbank, {"prompt": "b"}, **ttl) == "MISS"
    assert await status(fogbank, model="@cf/test/old", **ttl) == "MISS"
    assert await status(fogbank, path=PATH.replace("mine", "yours"), **ttl) == "MISS"
    assert await status(fogbank, path=PATH.replace("0123", "3210"), **ttl) == "MISS"
    assert await status(fogbank, **ttl) == "HIT"


async def test_a_key_of_the_clients_own(fogbank: Running) -> None:
    assert await status(fogbank, cf_aig_cache_key="k") == "MISS"
    assert await status(fogbank, {"prompt": "other"}, cf_aig_cache_key="k") == "HIT"
    assert await status(fogbank, cf_aig_cache_key="l") == "MISS"


async def test_old_names_and_skipping(fogbank: Running) -> None:
    assert await status(fogbank, cf_cache_ttl="60") == "MISS"
    assert await status(fogbank, cf_cache_ttl="60", cf_aig_skip_cache="true") is None
    assert await status(fogbank, cf_cache_ttl="60", cf_skip_cache="true") is None
    assert await status(fogbank, cf_aig_cache_ttl="60") == "HIT"


async def test_nothing_is_cached_unasked(fogbank: Running) -> None:
    assert await status(fogbank) is None
    assert await status(fogbank, {"text": "a"}, EMBED) is None


async def test_streams_and_failures_are_not_cached(fogbank: Running) -> None:
    body = {"prompt": "a", "stream": True}
    assert await status(fogbank, body, cf_aig_cache_ttl="60") is None
    fogbank.engine.refuse("no")
    headers = {"cf-aig-cache-ttl": "60"}
    answer = await fogbank.client.post(PATH + TEXT, json={"prompt": "a"}, headers=headers)
    assert answer.status_code == 400
    fogbank.engine.refuse(None)
    assert await status(fogbank, cf_aig_cache_ttl="60") == "MISS"


async def test_the_gateways_own_ttl_is_for_answers_that_draw_nothing(tmp_path: Path) -> None:
    clock = Turned()
    async with running(settings(tmp_path, gateway_cache_ttl=90), clock=clock) as fogbank:
        assert await status(fogbank) is None
        greedy = {"prompt": "a", "temperature": 0}
        assert await status(fogbank, greedy) == "MISS"
        assert await status(fogbank, greedy) == "HIT"
        assert await status(fogbank, {"text": "a"}, EMBED) == "MISS"
        assert await status(fogbank, {"text": "a"}, EMBED) == "HIT"
        clock.seconds += 91
        assert await status(fogbank, greedy) == "MISS"


async def test_two_keys_share_nothing(tmp_path: Path) -> None:
    from fogbank.storage.keys import KeyStore

    async with running(settings(tmp_path, keys="always")) as fogbank:
        store = KeyStore(tmp_path / "fogbank.db")
        one, two = (f"Bearer {store.create(name)}" for name in ("one", "two"))
        store.close()
        assert await status(fogbank, cf_aig_cache_ttl="60", authorization=one) == "MISS"
        assert await status(fogbank, cf_aig_cache_ttl="60", authorization=two) == "MISS"
        assert await status(fogbank, cf_aig_cache_ttl="60", authorization=one) == "HIT"


@pytest.mark.parametrize("ttl", ["x", "nan", "inf", ""])
async def test_a_ttl_that_is_none(fogbank: Running, ttl: str) -> None:
    answer = await fogbank.client.post(
        PATH + TEXT, json={"prompt": "a"}, headers={"cf-aig-cache-ttl": ttl}
    )
    assert answer.status_code == 400
    assert "cf-aig-cache-ttl" in answer.json()["errors"][0]["message"]


def test_the_cache_is_bounded_by_bytes() -> None:
    now = 0.0
    cache = ResponseCache(10_000, lambda: now)
    for name in "abc":
        cache.put(name, CachedAnswer(200, (), name.encode() * 4000, 10))
    assert cache.get("a") is None
    assert cache.get("c") is not None
    cache.put("large", CachedAnswer(200, (), b"x" * 20_000, 10))
    assert cache.get("large") is None
    now = 11
    assert cache.get("c") is None


async def test_a_universal_request_without_a_key_reads_nobodys_answers(tmp_path: Path) -> None:
    """Its steps are let past the guard, so the cache must not answer before their keys did."""
    from fogbank.storage.keys import KeyStore

    async with running(settings(tmp_path, keys="always")) as fogbank:
        store = KeyStore(tmp_path / "fogbank.db")
        one, two = (store.create(name) for name in ("one", "two"))

        async def asked(secret: str | None) -> tuple[int, str | None]:
            step = {"provider": "workers-ai", "endpoint": TEXT, "query": {"prompt": "a"}}
            sent = step | ({"headers": {"Authorization": f"Bearer {secret}"}} if secret else {})
            headers = {"cf-aig-cache-key": "k"}
            answer = await fogbank.client.post(f"/v1/{ACCOUNT}/mine", json=[sent], headers=headers)
            return answer.status_code, answer.headers.get("cf-aig-cache-status")

        assert await asked(one) == (200, "MISS")
        assert await asked(one) == (200, "HIT")
        assert await asked(two) == (200, "MISS")
        assert await asked(None) == (401, None)
        assert await asked("fog_nonsense") == (401, None)
        store.revoke("one")
        store.close()
        assert await asked(one) == (401, None)


async def test_a_batch_that_is_polled_is_not_cached(fogbank: Running) -> None:
    """Contract 5.1: the same question has another answer later."""
    path = f"{PATH}{EMBED}?queueRequest=true"
    headers = {"cf-aig-cache-ttl": "60"}
    queued = await fogbank.client.post(path, json={"requests": [{"text": "a"}]}, headers=headers)
    assert "cf-aig-cache-status" not in queued.headers
    body = {"request_id": queued.json()["result"]["request_id"]}
    async with asyncio.timeout(5):
        while (
            "responses"
            not in (await fogbank.client.post(path, json=body, headers=headers)).json()["result"]
        ):
            await asyncio.sleep(0.02)


async def test_a_hit_costs_no_neurons(tmp_path: Path) -> None:
    async with running(settings(tmp_path), prices=PRICES) as fogbank:
        headers = {"cf-aig-cache-ttl": "60"}
        path, body = PATH + TEXT, {"prompt": "a"}
        first = await fogbank.client.post(path, json=body, headers=headers)
        second = await fogbank.client.post(path, json=body, headers=headers)
        assert "cf-ai-neurons" in first.headers
        assert "cf-ai-neurons" not in second.headers


def test_an_answer_above_the_limit_is_not_kept() -> None:
    """Contract 1.7: at most 25 MB, however much room there is."""
    cache = ResponseCache(2 * MAX_ANSWER, lambda: 0.0)
    cache.put("a", CachedAnswer(200, (), bytes(MAX_ANSWER), 10))
    cache.put("b", CachedAnswer(200, (), bytes(MAX_ANSWER + 1), 10))
    assert cache.get("a") is not None
    assert cache.get("b") is None
