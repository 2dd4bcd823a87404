"""examples/chat: the page, the stream, its end."""

import json
import re
from collections.abc import AsyncIterator

import httpx2
import pytest

from fogbank.engines.base import EngineRefused
from tests.server import events, until
from tests.workers.catalogue_server import CatalogueServer
from tests.workers.example_workers import example
from tests.workers.tools import needs_workers

pytestmark = [pytest.mark.anyio, pytest.mark.clients, needs_workers]


@pytest.fixture(scope="module")
async def chat(
    server: CatalogueServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx2.AsyncClient]:
    async with example("chat", server.url, tmp_path_factory.mktemp("chat")) as client:
        yield client


async def test_the_page_of_the_chat(chat: httpx2.AsyncClient) -> None:
    """Nothing of it comes from elsewhere, which its policy holds it to."""
    page = await chat.get("/")
    assert page.headers["content-type"] == "text/html;charset=utf-8"
    assert page.text.startswith("<!doctype html>")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert not re.findall(r"""(?:src|href)=["'](?!data:)""", page.text)
    assert (await chat.get("/elsewhere")).status_code == 404


async def test_the_chat_streams(chat: httpx2.AsyncClient, server: CatalogueServer) -> None:
    """The first words are here while the engine has not said the last."""
    words = " ".join(map(str, range(200)))
    asked = {"messages": [{"role": "user", "content": words}]}
    server.engine.slow(0.03)
    try:
        async with chat.stream("POST", "/chat", json=asked) as answer:
            assert answer.headers["content-type"] == "text/event-stream"
            chunks = answer.aiter_text()
            arrived = [await anext(chunks) for _ in range(3)]
            server.engine.stall()
            assert server.engine.running == 1
            server.engine.slow(0)
            server.engine.release()
            arrived.extend([chunk async for chunk in chunks])
    finally:
        server.engine.release()
        server.engine.slow(0)
    *pieces, done = events("".join(arrived))
    assert done == "[DONE]"
    assert "".join(json.loads(piece)["response"] for piece in pieces) == words


async def test_the_chat_stops(chat: httpx2.AsyncClient, server: CatalogueServer) -> None:
    """A browser that leaves ends the generation."""
    asked = {"messages": [{"role": "user", "content": "word " * 200}]}
    aborted = server.engine.aborted
    server.engine.slow(0.05)
    try:
        async with chat.stream("POST", "/chat", json=asked) as answer:
            await anext(answer.aiter_text())
        await until(lambda: server.engine.aborted == aborted + 1)
        assert server.engine.running == 0
    finally:
        server.engine.slow(0)


async def test_the_chat_tells_what_failed(
    chat: httpx2.AsyncClient, server: CatalogueServer
) -> None:
    asked = {"messages": [{"role": "user", "content": "one two three four"}]}
    server.engine.fail_next(EngineRefused("it will not"))
    answer = await chat.post("/chat", json=asked)
    assert answer.status_code == 502
    assert re.fullmatch(r"\d{4}: .*it will not.*", answer.json()["error"])

    server.engine.fail_next(EngineRefused("it will not"), after=2)
    answer = await chat.post("/chat", json=asked)
    assert answer.status_code == 200
    *pieces, last = events(answer.text)
    assert [json.loads(piece)["response"] for piece in pieces] == ["one", " two"]
    assert "it will not" in json.loads(last)["errors"][0]["message"]


@pytest.mark.parametrize(
    ("body", "mistake"),
    [
        ("{", "list of messages"),
        ('{"messages": []}', "list of messages"),
        ('{"messages": [{"role": "system", "content": "no"}]}', "user or assistant"),
        ('{"messages": [{"role": "user", "content": 1}]}', "is text"),
        ('{"messages": [{"role": "assistant", "content": "I"}]}', "the user's"),
        (json.dumps({"messages": [{"role": "user", "content": "x" * 4001}]}), "4001 characters"),
    ],
)
async def test_the_chat_refuses(chat: httpx2.AsyncClient, body: str, mistake: str) -> None:
    answer = await chat.post("/chat", content=body)
    assert answer.status_code == 400
    assert mistake in answer.json()["error"]


async def test_the_chat_forgets_the_oldest(
    chat: httpx2.AsyncClient, server: CatalogueServer
) -> None:
    """What is passed on fits, begins with the user and ends with the question."""
    turns = [
        {"role": role, "content": f"{number} {'x' * 800}"}
        for number, role in enumerate(["user", "assistant"] * 10 + ["user"])
    ]
    assert (await chat.post("/chat", json={"messages": turns})).status_code == 200
    system, *passed = server.asked[-1].messages or ()
    assert system["role"] == "system"
    assert passed[0]["role"] == "user"
    assert [turn["content"] for turn in passed] == [turn["content"] for turn in turns[-7:]]
