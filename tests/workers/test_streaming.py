"""Tokens reach the Worker's client one by one, and whoever leaves stops them at their source.

"Within a second" is the issue's own bound, from the moment of leaving to an engine that stands
still; milliseconds were measured (docs/workers.md). What a tool does not tell, no server can act
upon, and there the deadline ends it: wrangler up to 4.44 reads every answer to its end; 4.47 does
not know `signal`; and workerd notices that a client has closed its connection when it next writes
to it, so with the next token, but not before a whole answer.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from tests.server import TEXT, events, settings, until
from tests.workers.gate import Gate, gate
from tests.workers.places import SECOND, Place, settled
from tests.workers.tools import needs_workers
from tests.workers.worlds import CANCELLING, DEAF, EVERY_WORLD, HEEDING, WORKERD, World, under

pytestmark = [pytest.mark.anyio, pytest.mark.clients, needs_workers]
PROMPT = "one two three"
WORDS = ["one", " two", " three"]
LONG: dict[str, Any] = {"prompt": "word " * 1000, "max_tokens": 1000}
ALONE = pytest.param(WORKERD, id="workerd")
STREAMS = ("/pass", "/relay")
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER that ends a connection with a reset."""


@pytest.fixture(scope="module")
async def somewhere(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Place]:
    world: World = request.param
    home: Path = tmp_path_factory.mktemp("worker")
    async with settled(world, home, settings(tmp_path_factory.mktemp("data"))) as place:
        yield place


@pytest.fixture
async def place(somewhere: Place) -> AsyncIterator[Place]:
    """The engine stands still until it is stepped; at the end nobody uses it."""
    somewhere.engine.stall()
    yield somewhere
    somewhere.engine.slow(0)
    somewhere.engine.release()
    await somewhere.until_idle()


@pytest.fixture
async def door() -> AsyncIterator[Gate]:
    async with gate() as here:
        yield here


@pytest.mark.contract("1.3", "6.3")
@pytest.mark.parametrize("path", STREAMS)
@under(EVERY_WORLD)
async def test_a_token_is_there_before_the_next_is_made(place: Place, path: str) -> None:
    asked = {"model": TEXT, "inputs": {"prompt": PROMPT, "stream": True}}
    place.engine.allow(1)
    async with place.web.stream("POST", path, json=asked) as response:
        assert response.headers["content-type"] == "text/event-stream"
        pieces = response.aiter_text()
        for word in WORDS[:-1]:
            assert events(await anext(pieces)) == [f'{{"response":"{word}"}}']
            place.engine.allow(1)
        last, _, done = events("".join([piece async for piece in pieces]))
    assert (last, done) == (f'{{"response":"{WORDS[-1]}"}}', "[DONE]")


@pytest.mark.contract("6.2")
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@under(HEEDING)
async def test_an_aborted_signal_stops_the_engine(place: Place, door: Gate, stream: bool) -> None:
    async with waiting(place, "/abort", door, stream=stream) as answer:
        door.open("ready")
        assert await place.until_idle() < SECOND
        door.open("done")
        error = (await answer)["error"]
    assert (error["name"], error["message"]) == ("AbortError", "The operation was aborted")


@pytest.mark.contract("6.2")
@under(DEAF)
async def test_a_signal_that_is_not_known_harms_nothing(place: Place, door: Gate) -> None:
    async with waiting(place, "/abort", door, stream=False) as answer:
        door.open("ready")
        await door.come("done")
        assert place.engine.running == 1
        place.engine.release()
        door.open("done")
        assert (await answer)["value"]["response"] == LONG["prompt"].strip()


@under(CANCELLING)
async def test_a_cancelled_reader_stops_the_engine(place: Place, door: Gate) -> None:
    async with waiting(place, "/cancel", door, stream=True) as answer:
        door.open("ready")
        assert await place.until_idle() < SECOND
        door.open("done")
        assert await answer == {"cancelled": True}


@pytest.mark.parametrize("path", STREAMS)
@under(CANCELLING)
async def test_a_client_that_leaves_a_stream_stops_the_engine(place: Place, path: str) -> None:
    place.engine.slow(0.02)
    place.engine.release()
    asked = {"model": TEXT, "inputs": LONG | {"stream": True}}
    async with place.web.stream("POST", path, json=asked) as response:
        await anext(response.aiter_text())
        assert place.engine.running == 1
    assert await place.until_idle() < SECOND


@under(EVERY_WORLD)
async def test_a_client_that_leaves_unnoticed_holds_the_engine_until_the_deadline(
    place: Place,
) -> None:
    options = {"extraHeaders": {"x-fogbank-deadline": "0.5"}}
    asked = {"model": TEXT, "inputs": LONG, "options": options}
    leaving = asyncio.create_task(place.web.post("/pass", json=asked))
    await until(lambda: place.engine.running == 1)
    leaving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await leaving
    assert await place.until_idle() < 0.5 + SECOND


async def test_a_reset_connection_stops_the_engine_even_before_a_word(tmp_path: Path) -> None:
    async with settled(WORKERD, tmp_path, settings(tmp_path)) as place:
        place.engine.stall()
        address = httpx2.URL(place.tool.url)
        _, writer = await asyncio.open_connection(address.host, address.port)
        body = orjson.dumps({"model": TEXT, "inputs": LONG})
        writer.write(b"POST /pass HTTP/1.1\r\nhost: localhost\r\ncontent-length: ")
        writer.write(b"%d\r\n\r\n%s" % (len(body), body))
        await until(lambda: place.engine.running == 1)
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        writer.transport.abort()
        assert await place.until_idle() < SECOND


@asynccontextmanager
async def waiting(
    place: Place, path: str, door: Gate, *, stream: bool, **options: Any
) -> AsyncIterator[asyncio.Task[Any]]:
    """A long generation that a Worker has begun, in a stream after its first token.

    The Worker stands at the gate `ready`, then at `done`; the task gives its answer.
    """
    inputs = LONG | {"stream": stream}
    asked = {"model": TEXT, "inputs": inputs, "options": options, "gate": door.url}
    place.engine.allow(1)

    async def answered() -> Any:
        return (await place.web.post(path, json=asked)).json()

    task = asyncio.create_task(answered())
    try:
        await door.come("ready")
        await until(lambda: place.engine.running == 1)
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
