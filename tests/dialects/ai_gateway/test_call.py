"""The server's requests to itself: ends that are told, however they come."""

import asyncio

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from fogbank.dialects.ai_gateway.call import Reply, call

pytestmark = pytest.mark.anyio

START = {"type": "http.response.start", "status": 200, "headers": []}


def part(body: bytes, *, more: bool) -> dict[str, object]:
    return {"type": "http.response.body", "body": body, "more_body": more}


async def whole(reply: Reply) -> bytes:
    return b"".join([piece async for piece in reply.parts])


async def test_an_answer_in_parts() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asked = (await receive())["body"]
        await send(START)
        await send(part(asked, more=True))
        await send(part(b"b", more=False))

    async with asyncio.timeout(2), call(app, {}, b"a") as reply:
        assert await whole(reply) == b"ab"


async def cut(scope: Scope, receive: Receive, send: Send) -> None:
    await send(START)
    await send(part(b"a", more=True))


async def broken(scope: Scope, receive: Receive, send: Send) -> None:
    await cut(scope, receive, send)
    raise ConnectionError("of the application")


async def silent(scope: Scope, receive: Receive, send: Send) -> None:
    return


async def cancelled(scope: Scope, receive: Receive, send: Send) -> None:
    await cut(scope, receive, send)
    raise asyncio.CancelledError


@pytest.mark.parametrize("app", [cut, broken, silent, cancelled])
async def test_an_end_too_early_is_no_hang(app: ASGIApp) -> None:
    """The last piece may still be unread when the application ends."""
    with pytest.raises((ConnectionError, asyncio.CancelledError)):
        async with asyncio.timeout(2), call(app, {}, b"") as reply:
            await asyncio.sleep(0)
            await whole(reply)


async def test_who_is_cancelled_while_leaving_stays_cancelled() -> None:
    """Else a retry would go on for a client that has left."""
    leaving, over = asyncio.Event(), asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        try:
            await asyncio.Event().wait()
        finally:
            leaving.set()
            await over.wait()

    went_on = False

    async def client() -> None:
        nonlocal went_on
        async with call(slow, {}, b""):
            pass
        went_on = True

    task = asyncio.create_task(client())
    await leaving.wait()
    task.cancel()
    over.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not went_on
