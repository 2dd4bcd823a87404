"""Twenty thousand requests of every kind, one `kill -9`: the ledger is the sum of their usage.

What a cancelled stream owes is stated in `runtime/metering.py` and shown here: its prompt and what
was written until then, at least every piece that the client has seen. Nobody was told what a stream
used that the client gave up just when the process was killed: it may have no row.
"""

import asyncio
import json
import random
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from fogbank.storage.journal import waiting_bytes
from fogbank.storage.ledger_row import LedgerRow
from fogbank.storage.ledger_store import journal_folder
from tests.faults.test_ledger import options
from tests.faults.test_serve import serving
from tests.ledger import recorded
from tests.postgres import Postgres
from tests.real_server import environment, wait_until
from tests.server import ACCOUNT, RUN, TEXT
from tests.verify.conftest import Record

pytestmark = [pytest.mark.anyio, pytest.mark.verify, pytest.mark.faults, pytest.mark.timeout(1800)]
REQUESTS = 20_000
CLIENTS = 16
SEED = 7
KINDS = ("whole", "stream", "cancel", "error", "cached", "fallback")
WEIGHTS = (6, 6, 3, 2, 2, 1)
GATEWAY = f"/v1/{ACCOUNT}/mine"


@dataclass
class Told:
    """What the clients were told: usage by request id, and the pieces of cancelled streams."""

    usage: dict[str, tuple[int, int]] = field(default_factory=dict)
    cancelled: dict[str, int] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    hits: int = 0
    asked: int = 0

    def note(self, answer: httpx2.Response, usage: dict[str, Any]) -> None:
        counts = (usage["prompt_tokens"], usage["completion_tokens"])
        self.usage[answer.headers["cf-ai-req-id"]] = counts


def prompt(random_: random.Random) -> str:
    return " ".join(
        random_.choices(["wind", "sun", "tide", "coal", "gas"], k=random_.randint(1, 9))
    )


async def one(client: httpx2.AsyncClient, kind: str, words: str, told: Told) -> None:
    body: dict[str, Any] = {"prompt": words}
    match kind:
        case "whole":
            answer = await client.post(RUN + TEXT, json=body)
            assert answer.status_code == 200, answer.text
            told.note(answer, answer.json()["result"]["usage"])
        case "stream":
            answer = await client.post(RUN + TEXT, json={**body, "stream": True})
            if answer.text.endswith("data: [DONE]\n\n"):
                events = [line for line in answer.text.split("\n\n") if line]
                told.note(answer, json.loads(events[-2].removeprefix("data: "))["usage"])
        case "cancel":
            asked = {"prompt": words * 20, "stream": True}
            async with client.stream("POST", RUN + TEXT, json=asked) as answer:
                seen = 0
                async for line in answer.aiter_lines():
                    seen += '"response":"' in line and '"response":""' not in line
                    if seen == 3:
                        break
            if seen == 3:
                told.cancelled[answer.headers["cf-ai-req-id"]] = seen
        case "error":
            answer = await client.post(RUN + TEXT, json={**body, "max_tokens": 10_000_000})
            assert answer.status_code == 413, answer.text
            told.failed.add(answer.headers["cf-ai-req-id"])
        case "cached":
            headers = {"cf-aig-cache-ttl": "3600"}
            same = {"prompt": f"the same {len(words) % 5}"}
            answer = await client.post(f"{GATEWAY}/workers-ai/{TEXT}", json=same, headers=headers)
            assert answer.status_code == 200, answer.text
            if answer.headers["cf-aig-cache-status"] == "HIT":
                told.hits += 1
            else:
                told.note(answer, answer.json()["result"]["usage"])
        case _:
            steps = [
                {"provider": "workers-ai", "endpoint": TEXT, "headers": {}, "query": query}
                for query in ({**body, "max_tokens": 10_000_000}, body)
            ]
            answer = await client.post(GATEWAY, json=steps)
            assert (answer.status_code, answer.headers["cf-aig-step"]) == (200, "1"), answer.text
            told.note(answer, answer.json()["result"]["usage"])


async def work(client: httpx2.AsyncClient, told: Told, random_: random.Random, until: int) -> None:
    """Asks until so many were asked, or the server is gone."""
    with suppress(httpx2.TransportError):
        while told.asked < until:
            told.asked += 1
            (kind,) = random_.choices(KINDS, WEIGHTS)
            await one(client, kind, prompt(random_), told)


def differences(told: Told, rows: list[LedgerRow]) -> dict[str, int]:
    """How many requests are missing or differ, by kind."""
    by_request = {row.request_id: row for row in rows}
    missing = sum(each not in by_request for each in told.usage)
    wrong = 0
    for request, (prompt_tokens, completion_tokens) in told.usage.items():
        row = by_request.get(request)
        if row is not None:
            counts = (row.prompt_tokens, row.completion_tokens, row.outcome)
            wrong += counts != (prompt_tokens, completion_tokens, "ok")
    cancelled = 0
    for request, seen in told.cancelled.items():
        row = by_request.get(request)
        if row is not None:
            cancelled += row.completion_tokens < seen or row.outcome not in ("cancelled", "ok")
    owed = sum(
        row.neurons != (row.prompt_tokens + 2 * row.completion_tokens)
        for row in rows
        if row.outcome in ("ok", "cancelled")
    )
    free = sum(bool(row.neurons) for row in rows if row.outcome not in ("ok", "cancelled"))
    return {
        "missing": missing,
        "wrong": wrong,
        "cancelled": cancelled,
        "owed": owed,
        "errors that cost": free,
        "twice": len(rows) - len({row.id for row in rows}),
    }


def reported(data_dir: Path, url: str | None) -> dict[str, Any]:
    command = [sys.executable, "-c", "from fogbank.cli import main; main()", "cost", "report"]
    command += ["--as", "json", "--data-dir", str(data_dir)]
    if url:
        command += ["--ledger-url", url]
    done = subprocess.run(command, env=environment(), check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_every_token_is_in_the_ledger_once(
    tmp_path: Path, database: str, request: pytest.FixtureRequest, record: Record
) -> None:
    url = None
    if database == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.database()
    told, random_ = Told(), random.Random(SEED)
    journal = journal_folder(tmp_path, url)
    for until in (REQUESTS // 2, REQUESTS):
        for folder in ("profiles", "cards"):
            shutil.rmtree(tmp_path / folder, ignore_errors=True)
        arguments = [*options(tmp_path, url), "--deployments", "none"]
        async with serving(tmp_path, *arguments, seconds_per_token=0.0005) as (process, client):
            asking = [work(client, told, random_, until) for _ in range(CLIENTS)]
            load = asyncio.gather(*asking)
            if until < REQUESTS:
                while told.asked < until - 200:
                    await asyncio.sleep(0.005)
                process.kill()
            await load
            if until == REQUESTS:
                assert await asyncio.to_thread(wait_until, lambda: not waiting_bytes(journal), 20)
    rows = recorded(tmp_path, url)
    found = differences(told, rows)
    report = reported(tmp_path, url)
    record(
        asked=told.asked,
        answered=len(told.usage),
        cancelled=len(told.cancelled),
        failed=len(told.failed),
        hits=told.hits,
        rows=len(rows),
        tokens=report["tokens"],
        differences=found,
    )
    assert not any(found.values()), found
    killed = told.cancelled.keys() - {row.request_id for row in rows}
    assert len(killed) <= CLIENTS
    assert told.asked == REQUESTS
    assert min(len(told.cancelled), len(told.failed), told.hits) > 300
    assert report["requests"] == len(rows)
    assert report["tokens"] == sum(row.prompt_tokens + row.completion_tokens for row in rows)
    assert report["neurons"] == sum(row.neurons or 0 for row in rows)
