"""examples/json-extraction: contacts, and what is none."""

import json
from collections.abc import AsyncIterator

import httpx2
import pytest

from fogbank.runtime.attempts import ATTEMPTS
from tests.workers.catalogue_server import CatalogueServer
from tests.workers.example_workers import MAIL, MARIA, example
from tests.workers.tools import needs_workers

pytestmark = [pytest.mark.anyio, pytest.mark.clients, needs_workers]


@pytest.fixture(scope="module")
async def extraction(
    server: CatalogueServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx2.AsyncClient]:
    async with example("json-extraction", server.url, tmp_path_factory.mktemp("json")) as client:
        yield client


async def test_extraction(extraction: httpx2.AsyncClient, server: CatalogueServer) -> None:
    server.script.lines.append(json.dumps(MARIA))
    answer = await extraction.post("/", content=MAIL)
    assert (answer.status_code, answer.json()) == (200, MARIA)
    assert server.asked[-1].constraint is not None


async def test_extraction_believes_only_what_the_text_says(
    extraction: httpx2.AsyncClient, server: CatalogueServer
) -> None:
    made_up = {**MARIA, "email": "maria@elsewhere.example", "city": ""}
    server.script.lines.append(json.dumps(made_up))
    answer = await extraction.post("/", content=MAIL)
    assert answer.status_code == 422
    assert answer.json()["mistakes"] == ["email is not in the text", "city is missing"]
    assert answer.json()["answer"] == made_up


async def test_extraction_without_an_answer(
    extraction: httpx2.AsyncClient, server: CatalogueServer
) -> None:
    server.script.lines.extend(['{"name": '] * ATTEMPTS)
    answer = await extraction.post("/", content=MAIL)
    server.script.lines.clear()
    assert answer.status_code == 422
    assert "JSON Mode couldn't be met" in answer.json()["error"]

    server.engine.refuse("it will not")
    answer = await extraction.post("/", content=MAIL)
    server.engine.refuse(None)
    assert answer.status_code == 502
    assert "it will not" in answer.json()["error"]


async def test_extraction_refuses(extraction: httpx2.AsyncClient) -> None:
    statuses = [
        (await extraction.get("/")).status_code,
        (await extraction.post("/", content=" ")).status_code,
        (await extraction.post("/", content="x" * 4001)).status_code,
    ]
    assert statuses == [405, 400, 413]
