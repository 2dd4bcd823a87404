"""Bodies, headers and the eye on the client, without a server."""

import asyncio
from typing import Any

import pytest

from fogbank.dialects.asgi import BodyTooLarge, ClientGone, read_body, while_connected

pytestmark = pytest.mark.anyio


def receiving(*messages: dict[str, Any]) -> Any:
    """A receive channel that says these and then nothing more."""
    queue = list(messages)

    async def receive() -> dict[str, Any]:
        if queue:
            return queue.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    return receive


def part(body: bytes, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_in_parts() -> None:
    receive = receiving(part(b"ab", True), part(b"", True), part(b"c", False))
    assert await read_body({"headers": []}, receive, 3) == b"abc"


async def test_a_body_that_grows_too_large() -> None:
    with pytest.raises(BodyTooLarge):
        await read_body({"headers": []}, receiving(part(b"ab", True), part(b"cd", True)), 3)


async def test_an_announced_length_is_refused_unread() -> None:
    with pytest.raises(BodyTooLarge):
        await read_body({"headers": [(b"content-length", b"4")]}, receiving(), 3)


async def test_a_client_that_leaves_during_the_body() -> None:
    with pytest.raises(ClientGone):
        await read_body({"headers": []}, receiving({"type": "http.disconnect"}), 3)


async def test_work_that_ends() -> None:
    assert await while_connected(receiving(), asyncio.sleep(0))


async def test_work_that_raises() -> None:
    async def work() -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await while_connected(receiving(), work())


async def test_work_is_cancelled_and_awaited_when_the_client_leaves() -> None:
    ended = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(True)

    gone = receiving(part(b"", False), {"type": "http.disconnect"})
    assert not await while_connected(gone, work())
    assert ended == [True]


async def test_a_caller_that_is_cancelled_takes_the_work_with_it() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = asyncio.create_task(while_connected(receiving(), work()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
