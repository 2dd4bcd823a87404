"""No answered request is missing in the ledger, whatever is killed or goes away."""

import asyncio
import shutil
from contextlib import suppress
from datetime import date
from pathlib import Path

import httpx2
import pytest

from fogbank.storage.journal import waiting_bytes
from fogbank.storage.ledger_store import journal_folder
from tests.faults.test_serve import serving
from tests.ledger import recorded
from tests.postgres import Postgres
from tests.real_server import wait_until
from tests.server import RUN, TEXT

pytestmark = [pytest.mark.anyio, pytest.mark.faults]
CLIENTS = 8
PRICES = f"""\
date: {date.max}
sources: [a test]
usd_per_1000_neurons: 0.011
free_neurons_per_day: 10000
models:
  "{TEXT}":
    task: Text Generation
    unit: M tokens
    neurons: {{ input: 1000000, output: 2000000 }}
    usd: {{ input: 11, output: 22 }}
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str | None:
    if request.param == "sqlite":
        return None
    server: Postgres = request.getfixturevalue("postgres")
    return server.database()


def options(data_dir: Path, url: str | None) -> list[str]:
    (data_dir / "prices").mkdir(exist_ok=True)
    (data_dir / "prices" / f"{date.max}.yaml").write_text(PRICES)
    return ["--ledger-url", url] if url else []


async def ask(client: httpx2.AsyncClient, answered: dict[str, str], *, stream: bool) -> None:
    """Asks until the server is gone; notes the id and the neurons of each whole answer."""
    with suppress(httpx2.TransportError):
        while True:
            answer = await client.post(RUN + TEXT, json={"prompt": "a b c", "stream": stream})
            assert answer.status_code == 200
            if not stream or answer.text.endswith("data: [DONE]\n\n"):
                answered[answer.headers["cf-ai-req-id"]] = answer.headers.get("cf-ai-neurons", "")


async def test_kill_9_under_load_loses_no_answered_request(tmp_path: Path, url: str | None) -> None:
    answered: dict[str, str] = {}
    journal = journal_folder(tmp_path, url)
    async with serving(tmp_path, *options(tmp_path, url), seconds_per_token=0) as (process, client):
        asking = [ask(client, answered, stream=n % 2 == 1) for n in range(CLIENTS)]
        load = asyncio.gather(*asking)
        async with asyncio.timeout(30):
            while len(answered) < 300 or not waiting_bytes(journal):
                await asyncio.sleep(0.02)
        process.kill()
        await load
    for folder in ("profiles", "cards"):  # `serving` writes them anew
        shutil.rmtree(tmp_path / folder)
    async with serving(tmp_path, *options(tmp_path, url), seconds_per_token=0):
        assert await asyncio.to_thread(wait_until, lambda: not waiting_bytes(journal), 5)
        rows = recorded(tmp_path, url)
    assert len({row.id for row in rows}) == len(rows)
    by_request = {row.request_id: row for row in rows}
    assert len(by_request) == len(rows)
    assert answered.keys() <= by_request.keys()
    for request_id, neurons in answered.items():
        row = by_request[request_id]
        assert row.outcome == "ok"
        assert row.streamed or f"{row.neurons:.2f}" == neurons


async def test_postgresql_that_stops_fails_no_request_and_loses_none(
    tmp_path: Path, postgres: Postgres
) -> None:
    url = postgres.database()
    answered: dict[str, str] = {}

    async def asked(client: httpx2.AsyncClient) -> None:
        answer = await client.post(RUN + TEXT, json={"prompt": "a b c"})
        assert answer.status_code == 200
        answered[answer.headers["cf-ai-req-id"]] = answer.headers["cf-ai-neurons"]

    async with serving(tmp_path, *options(tmp_path, url), seconds_per_token=0) as (_, client):
        await asked(client)
        postgres.stop()
        try:
            for _ in range(20):
                await asked(client)
        finally:
            postgres.start()
        await asked(client)
        journal = journal_folder(tmp_path, url)
        assert await asyncio.to_thread(wait_until, lambda: not waiting_bytes(journal), 30)
    assert {row.request_id for row in recorded(tmp_path, url)} == answered.keys()
