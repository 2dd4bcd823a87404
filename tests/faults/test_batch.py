"""A server killed in the middle of a batch: nothing finished is lost or run again."""

import asyncio
import re
import sqlite3
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.faults.test_serve import serving
from tests.server import RUN, TEXT

pytestmark = [pytest.mark.anyio, pytest.mark.faults, pytest.mark.contract("5.1")]
ITEMS = 120
QUEUE = f"{RUN}{TEXT}?queueRequest=true"


async def poll(client: httpx2.AsyncClient, batch: str) -> dict[str, Any]:
    result: dict[str, Any] = (await client.post(QUEUE, json={"request_id": batch})).json()["result"]
    return result


def finished(data_dir: Path) -> dict[int, bytes]:
    """Outcomes on the disk, by number."""
    with sqlite3.connect(data_dir / "fogbank.db") as connection:
        rows = connection.execute(
            "select number, answer from batch_items where answer is not null"
        ).fetchall()
    connection.close()
    return dict(rows)


async def test_kill_and_restart(tmp_path: Path) -> None:
    items = [{"prompt": "a b c d e", "external_reference": str(n)} for n in range(ITEMS)]
    async with serving(tmp_path, seconds_per_token=0.05) as (process, client):
        response = await client.post(QUEUE, json={"requests": items})
        batch = response.json()["result"]["request_id"]
        async with asyncio.timeout(10):
            while len(finished(tmp_path)) < 10:
                await asyncio.sleep(0.02)
        assert (await poll(client, batch))["status"] == "running"
        process.kill()
        await process.wait()
    before = finished(tmp_path)
    assert 10 <= len(before) < ITEMS
    for folder in ("cards", "profiles"):
        for file in (tmp_path / folder).iterdir():
            file.unlink()
        (tmp_path / folder).rmdir()
    async with serving(tmp_path, seconds_per_token=0.001) as (process, client):
        async with asyncio.timeout(20):
            while "responses" not in (result := await poll(client, batch)):
                await asyncio.sleep(0.05)
        references = [answer["external_reference"] for answer in result["responses"]]
        assert references == [str(n) for n in range(ITEMS)]
        assert all(answer["success"] for answer in result["responses"])
        assert result["usage"]["prompt_tokens"] == 5 * ITEMS
        metrics = (await client.get("/metrics")).text
        ran = re.search(r'fogbank_requests_total\{[^}]*outcome="ok"[^}]*\} ([0-9.]+)', metrics)
        assert ran
        assert float(ran[1]) == ITEMS - len(before)
    after = finished(tmp_path)
    assert {number: after[number] for number in before} == before
