"""Clients that leave, stall, or send nonsense: the server lives on and no slot is lost."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator

import httpx2
import orjson
import pytest

from tests.faults.conftest import Live
from tests.server import RUN, TEXT, until

pytestmark = [pytest.mark.anyio, pytest.mark.faults]
PROMPT = {"prompt": "one two three"}


async def well(fogbank: Live) -> bool:
    """Whether a plain request is answered, and nothing is left of others."""
    await until(lambda: fogbank.inside.engine.running == 0, 1)
    assert fogbank.inside.server.runtime.in_flight == 0
    response = await fogbank.client.post(RUN + TEXT, json=PROMPT)
    return bool(response.json()["result"]["response"] == "one two three")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_frees_its_slot_within_a_second(
    fogbank: Live, stream: bool
) -> None:
    fogbank.inside.engine.slow(0.2)
    body = {"prompt": "word " * 200, "stream": stream}
    task = asyncio.create_task(fogbank.client.post(RUN + TEXT, json=body))
    await until(lambda: fogbank.inside.engine.running == 1)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await until(lambda: fogbank.inside.engine.running == 0, 1)
    assert fogbank.inside.engine.aborted == 1
    fogbank.inside.engine.slow(0)
    assert await well(fogbank)


async def test_a_client_that_leaves_the_queue(fogbank: Live) -> None:
    fogbank.inside.engine.stall()
    runtime = fogbank.inside.server.runtime
    tasks = [asyncio.create_task(fogbank.client.post(RUN + TEXT, json=PROMPT)) for _ in range(10)]
    await until(lambda: runtime.waiting("text") == 2)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await until(lambda: runtime.waiting("text") == 0 and runtime.in_flight == 0, 1)
    fogbank.inside.engine.release()
    assert await well(fogbank)


@pytest.mark.contract("2.1")
async def test_a_full_queue_refuses_at_once(fogbank: Live) -> None:
    fogbank.inside.engine.stall()
    tasks = [asyncio.create_task(fogbank.client.post(RUN + TEXT, json=PROMPT)) for _ in range(10)]
    await until(lambda: fogbank.inside.server.runtime.waiting("text") == 2)
    began = time.monotonic()
    response = await fogbank.client.post(RUN + TEXT, json=PROMPT)
    assert time.monotonic() - began < 1
    assert (response.status_code, response.headers["retry-after"]) == (429, "1")
    assert response.json()["errors"][0]["code"] == 3040
    fogbank.inside.engine.release()
    answers = await asyncio.gather(*tasks)
    assert [answer.status_code for answer in answers] == [200] * 10
    assert await well(fogbank)


@pytest.mark.contract("1.1")
async def test_reject_if_busy(fogbank: Live) -> None:
    fogbank.inside.engine.stall()
    tasks = [asyncio.create_task(fogbank.client.post(RUN + TEXT, json=PROMPT)) for _ in range(8)]
    await until(lambda: fogbank.inside.engine.running == 8)
    body = PROMPT | {"options": {"rejectIfBusy": True}}
    assert (await fogbank.client.post(RUN + TEXT, json=body)).status_code == 429
    fogbank.inside.engine.release()
    await asyncio.gather(*tasks)
    assert (await fogbank.client.post(RUN + TEXT, json=body)).status_code == 200


@pytest.mark.contract("2.1", "decision 11")
@pytest.mark.parametrize("asked", ["0.1", "0.10"])
async def test_a_deadline_asked_for(fogbank: Live, asked: str) -> None:
    fogbank.inside.engine.stall()
    headers = {"x-fogbank-deadline": asked}
    response = await fogbank.client.post(RUN + TEXT, json=PROMPT, headers=headers)
    assert response.status_code == 408
    assert response.json()["errors"][0]["code"] == 3007
    fogbank.inside.engine.release()
    assert await well(fogbank)


@pytest.mark.contract("decision 11")
@pytest.mark.parametrize("asked", ["\xb2", "nan", "-1", "0", "1e9", "", "9" * 400, "inf", "1.2.3"])
async def test_a_deadline_that_is_none(fogbank: Live, asked: str) -> None:
    headers = [(b"x-fogbank-deadline", asked.encode("latin-1"))]
    response = await fogbank.client.post(RUN + TEXT, json=PROMPT, headers=headers)
    assert response.status_code == 200


async def test_a_reader_that_stops_reading_is_cut_at_the_deadline(fogbank: Live) -> None:
    fogbank.inside.engine._answer = lambda request: ("x" * 100_000 + " ") * 400
    body = orjson.dumps({"prompt": "a", "stream": True, "max_tokens": 400})
    reader, writer = await asyncio.open_connection("127.0.0.1", fogbank.port, limit=1024)
    writer.write(
        f"POST {RUN}{TEXT} HTTP/1.1\r\nhost: localhost\r\nx-fogbank-deadline: 0.5\r\n"
        f"content-length: {len(body)}\r\n\r\n".encode()
        + body
    )
    await until(lambda: fogbank.inside.engine.running == 1)
    await until(lambda: fogbank.inside.engine.running == 0, 3)
    assert fogbank.inside.engine.aborted == 1
    writer.transport.abort()
    await asyncio.sleep(0)
    del reader


POST = b"POST /%s HTTP/1.1\r\nhost: localhost\r\n"
RAW = {
    "garbage": os.urandom(2_000_000),
    "not http": b"HELLO\r\n\r\n",
    "huge length": POST + b"content-length: 99999999999999\r\n\r\nx",
    "length of words": POST + b"content-length: lots\r\n\r\n",
    "bad chunk": POST + b"transfer-encoding: chunked\r\n\r\nzz\r\n",
    "half a body": POST + b"content-length: 100\r\n\r\n{",
    "traversal": b"GET /../../../etc/passwd HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "null in path": b"GET /%%00%%2e%%2e HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "two lengths": POST + b"content-length: 1\r\ncontent-length: 2\r\n\r\nab",
}


@pytest.mark.parametrize("name", RAW)
async def test_nonsense_never_kills_the_server(fogbank: Live, name: str) -> None:
    path = (RUN + TEXT).removeprefix("/").encode()
    content = RAW[name] if name == "garbage" else RAW[name].replace(b"%s", path)
    reader, writer = await asyncio.open_connection("127.0.0.1", fogbank.port)
    with contextlib.suppress(OSError):
        writer.write(content)
        await asyncio.wait_for(reader.read(4096), 0.2)
    answer = b""
    with contextlib.suppress(OSError, TimeoutError):
        answer = await asyncio.wait_for(reader.read(4096), 0.05)
    assert b"root:" not in answer
    writer.transport.abort()
    assert await well(fogbank)


async def test_two_megabytes_of_garbage(fogbank: Live) -> None:
    response = await fogbank.client.post(RUN + TEXT, content=os.urandom(2_000_000))
    assert response.status_code == 413
    assert response.json()["errors"][0]["code"] == 3006
    response = await fogbank.client.post(RUN + TEXT, content=os.urandom(1_000_000))
    assert response.json()["errors"][0]["code"] == 5006
    assert await well(fogbank)


async def test_a_body_that_comes_too_slowly(fogbank: Live) -> None:
    object.__setattr__(fogbank.inside.settings, "deadline", 0.1)

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(0.4)
        yield b"}"

    with contextlib.suppress(httpx2.TransportError):
        response = await fogbank.client.post(RUN + TEXT, content=slow())
        assert response.status_code == 408
        assert response.json()["errors"][0]["code"] == 3007
    assert await well(fogbank)
