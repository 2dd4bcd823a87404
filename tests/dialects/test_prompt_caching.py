"""Prompt caching as a client sees it (contract 5.2): a header, a count, a price."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from fogbank.engines.collect import collect
from fogbank.tasks import TextChunk, TextGenerationRequest
from tests.ledger import PRICES
from tests.server import CHAT, RUN, TEXT, Running, events, running, settings

pytestmark = [pytest.mark.anyio, pytest.mark.contract("5.2")]
PROMPT = {"prompt": "one two three"}
SAID = [{"role": "user", "content": "one two"}]
CACHED = 2
ROUTES: dict[str, tuple[str, dict[str, Any]]] = {
    "run, native": (RUN + TEXT, PROMPT),
    "run, chat completion": (RUN + CHAT, PROMPT),
    "chat/completions": ("/v1/chat/completions", {"model": TEXT, "messages": SAID}),
    "completions": ("/v1/completions", {"model": TEXT, "prompt": "one two three"}),
    "responses": ("/v1/responses", {"model": TEXT, "input": "one two"}),
}


@pytest.fixture
async def fogbank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    """The engine finds two tokens of every prompt in its prefix cache."""
    async with running(settings(tmp_path), prices=PRICES) as it:
        plain = it.engine.stream

        async def stream(request: TextGenerationRequest) -> AsyncGenerator[TextChunk]:
            async for chunk in plain(request):
                yield replace(chunk, cached_tokens=CACHED)

        async def run(request: TextGenerationRequest) -> Any:
            return await collect(stream(request))

        monkeypatch.setattr(it.engine, "stream", stream)
        monkeypatch.setattr(it.engine, "run", run)
        yield it


@pytest.mark.parametrize("row", ROUTES, ids=ROUTES)
async def test_cached_tokens_are_told_by(fogbank: Running, row: str) -> None:
    path, body = ROUTES[row]
    headers = {"x-session-affinity": "conversation-1"}
    response = await fogbank.client.post(path, json=body, headers=headers)
    assert response.status_code == 200, response.text
    answer = response.json()
    usage = answer.get("result", answer)["usage"]
    assert usage["prompt_tokens_details"] == {"cached_tokens": CACHED}


async def test_a_stream_tells_them_at_its_end(fogbank: Running) -> None:
    response = await fogbank.run(TEXT, PROMPT | {"stream": True})
    usage = orjson.loads(events(response.text)[-2])["usage"]
    assert usage["prompt_tokens_details"] == {"cached_tokens": CACHED}


@pytest.mark.contract("7")
async def test_they_cost_what_the_table_says(fogbank: Running) -> None:
    usage = (await fogbank.run(TEXT, PROMPT)).json()["result"]["usage"]
    read, written = usage["prompt_tokens"], usage["completion_tokens"]
    assert usage["neurons"] == (read - CACHED) + CACHED * 0.5 + written * 2
