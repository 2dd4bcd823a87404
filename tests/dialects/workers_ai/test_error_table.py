"""Errors of the run route that need a state of the server, and the two settings that change them.

The others are in test_run; every row can be had with a fault (tests/dialects/test_faults.py).
"""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.server import (
    ABSENT,
    DEPRECATED,
    OLD,
    TEXT,
    Builder,
    Running,
    events,
    profile,
    running,
    settings,
    until,
)

pytestmark = pytest.mark.anyio
PROMPT = {"prompt": "one two three"}
NOT_BUSY = PROMPT | {"options": {"rejectIfBusy": True}}


def told(response: Any) -> tuple[int, int, str]:
    (error,) = response.json()["errors"]
    return response.status_code, error["code"], error["message"]


@pytest.mark.contract("1.1", "2.1", "2.2", "decision 12")
async def test_3040_to_who_would_not_wait(tmp_path: Path) -> None:
    async with running(settings(tmp_path), profile(max_concurrent=1)) as fogbank:
        fogbank.engine.stall()
        first = asyncio.create_task(fogbank.run(TEXT, PROMPT))
        await until(lambda: fogbank.engine.running == 1)
        response = await fogbank.run(TEXT, NOT_BUSY)
        request_id = response.headers["cf-ai-req-id"]
        message = "AiError: AiError: Capacity temporarily exceeded, please try again."
        assert told(response) == (429, 3040, f"{message} ({request_id})")
        fogbank.engine.release()
        assert (await first).status_code == 200
        assert (await fogbank.run(TEXT, NOT_BUSY)).status_code == 200


@pytest.mark.contract("1.1", "2.1", "decision 8")
async def test_3040_while_a_model_loads(tmp_path: Path) -> None:
    builder = Builder(stalled=True)
    async with running(settings(tmp_path), builder=builder, ready=False) as fogbank:
        await until(lambda: "text" in builder.built)
        assert told(await fogbank.run(TEXT, NOT_BUSY))[:2] == (429, 3040)
        fogbank.engine.release()


@pytest.mark.contract("2.1", "decision 11")
async def test_3007_at_the_deadline(fogbank: Running) -> None:
    fogbank.engine.stall()
    response = await fogbank.run(TEXT, PROMPT, headers={"x-fogbank-deadline": "0.05"})
    assert told(response)[:2] == (408, 3007)
    assert "Request timeout" in told(response)[2]


@pytest.mark.contract("2.1")
async def test_3008_when_the_server_leaves(fogbank: Running) -> None:
    fogbank.engine.stall()
    task = asyncio.create_task(fogbank.run(TEXT, PROMPT))
    await until(lambda: fogbank.engine.running == 1)
    fogbank.server.runtime.drain(0)
    assert told(await task)[:2] == (408, 3008)


@pytest.mark.contract("2.1", "2.4", "decision 12")
async def test_documented_forms(tmp_path: Path) -> None:
    config = settings(tmp_path, error_forms="documented", faults=True)
    async with running(config) as fogbank:
        status, code, text = told(await fogbank.run("@cf/test/none", PROMPT))
        assert (status, code) == (400, 5007)
        assert text.startswith("AiError: Ai: No such model @cf/test/none or task (")
        status, code, text = told(await fogbank.run(ABSENT, PROMPT))
        assert (status, code) == (403, 5018)
        assert "The account is not allowed to access this model. Profiles that have" in text
        response = await fogbank.run(TEXT, PROMPT, headers={"x-fogbank-fault": "3040"})
        assert "No more data centers to forward the request to" in told(response)[2]
        assert response.headers["retry-after"] == "1"
        response = await fogbank.run(TEXT, PROMPT, headers={"x-fogbank-fault": "4006"})
        assert told(response)[:2] == (429, 3036)
        body = PROMPT | {"stream": True}
        response = await fogbank.run(TEXT, body, headers={"x-fogbank-fault": "4006; after=1"})
        assert orjson.loads(events(response.text)[-1])["errors"][0]["code"] == 3036


@pytest.mark.contract("2.2", "8", "decision 2")
async def test_5028_for_every_deprecated_model(tmp_path: Path) -> None:
    async with running(settings(tmp_path, refuse_deprecated=True)) as fogbank:
        for model in (OLD, DEPRECATED):
            assert told(await fogbank.run(model, PROMPT))[:2] == (410, 5028)
        assert (await fogbank.run(TEXT, PROMPT)).status_code == 200
