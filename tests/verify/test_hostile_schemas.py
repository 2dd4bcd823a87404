"""Hostile schemas against a real server: each is answered in words, and nobody else feels it."""

import asyncio
import statistics
import time

import httpx2
import pytest

from tests.acceptance.asking import ENTITIES, TEXT
from tests.real_server import RealServer
from tests.server import RUN
from tests.structured.test_hostile import FOLLOWED, REFUSED
from tests.verify.conftest import Record
from tests.verify.test_soak import rss_mib

pytestmark = [pytest.mark.anyio, pytest.mark.engine, pytest.mark.verify, pytest.mark.timeout(900)]
ROUNDS = 3
AT_ONCE = 8
SLOWEST = 5.0
"""Seconds that a small request of somebody else may take meanwhile, on two busy cores."""


async def latencies(web: httpx2.AsyncClient, until: asyncio.Event) -> list[float]:
    """Seconds of small requests, one after another, to a model that has nothing to do with it."""
    found: list[float] = []
    while not until.is_set():
        began = time.perf_counter()
        response = await web.post(RUN + ENTITIES, json={"text": "The World Bank is in Rome."})
        assert response.status_code == 200, response.text
        found.append(time.perf_counter() - began)
        await asyncio.sleep(0.02)
    return found


def figures(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    at = {"p50": statistics.median(ordered), "p99": ordered[int(0.99 * len(ordered))]}
    return {name: round(1000 * value, 1) for name, value in (at | {"max": ordered[-1]}).items()}


async def alone(web: httpx2.AsyncClient) -> list[float]:
    done = asyncio.Event()
    asyncio.get_running_loop().call_later(10, done.set)
    return await latencies(web, done)


async def attack(web: httpx2.AsyncClient) -> dict[str, int]:
    """Every hostile schema, several times, some at once; how they were answered."""
    places = asyncio.Semaphore(AT_ONCE)
    codes: dict[str, int] = {}

    async def one(name: str, schema: object, number: int) -> None:
        # Another schema each time: refusals are remembered.
        wanted = {**schema, "title": f"{name} {number}"} if isinstance(schema, dict) else schema
        body = {
            "prompt": "Hi.",
            "max_tokens": 8,
            "response_format": {"type": "json_schema", "json_schema": wanted},
        }
        try:
            content = httpx2.Request("POST", "http://x", json=body).read()
        except (ValueError, UnicodeEncodeError):
            return  # JSON cannot say it
        async with places:
            response = await web.post(RUN + TEXT, content=content)
        told = str(response.json()["errors"][0]["code"]) if response.is_error else "200"
        assert response.status_code in (200, 400, 413, 429), (name, response.text[:300])
        codes[told] = codes.get(told, 0) + 1

    hostile = [(name, schema) for name, schema, *_ in [*REFUSED, *FOLLOWED]]
    await asyncio.gather(
        *(one(name, schema, number) for number in range(ROUNDS) for name, schema in hostile)
    )
    return codes


async def test_nobody_else_feels_them(embedded: RealServer, record: Record) -> None:
    pid = embedded.process.pid
    async with embedded.web(300) as web:
        quiet = figures(await alone(web))
        before = rss_mib(pid)
        done = asyncio.Event()
        others = asyncio.create_task(latencies(web, done))
        codes = await attack(web)
        done.set()
        busy = figures(await others)
        grown = rss_mib(pid) - before
        answer = await web.post(RUN + TEXT, json={"prompt": "Hi.", "max_tokens": 4})
        health = (await web.get("/fogbank/engines")).json()["engines"]
    record(quiet_ms=quiet, under_attack_ms=busy, answers=codes, grown_mib=round(grown, 1))
    assert answer.status_code == 200
    assert all(engine["restarts"] == 0 for engine in health)
    assert busy["p99"] < 1000 * SLOWEST
    assert grown < 300
