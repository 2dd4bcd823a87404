"""What deployments share: CORS on every answer, JSON errors, bodies, clients that go away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message
from structlog.testing import capture_logs

from fogbank.deployments.web import (
    BodyTooLarge,
    Cors,
    Json,
    application,
    body,
    timestamp,
    wants_page,
    while_connected,
)
from tests.server import until

pytestmark = pytest.mark.anyio
HEADERS = {"Access-Control-Allow-Origin": "*", "Access-Control-Max-Age": "86400"}


async def _fine(request: Request) -> Json:
    return Json({"page": wants_page(request)})


async def _broken(request: Request) -> Json:
    raise RuntimeError("a secret")


async def _late(request: Request) -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"one"
        raise RuntimeError("too late for a status")

    return StreamingResponse(parts())


async def _refused(request: Request) -> Json:
    raise HTTPException(418, "tea only", {"X-Pot": "tea"})


async def _sized(request: Request) -> Json:
    try:
        return Json({"size": len(await body(request, 10))})
    except BodyTooLarge:
        return Json({}, 413)


ROUTES = [
    Route("/fine", _fine, methods=["GET"]),
    Route("/broken", _broken, methods=["GET"]),
    Route("/late", _late, methods=["GET"]),
    Route("/refused", _refused, methods=["GET"]),
    Route("/sized", _sized, methods=["POST"]),
]


def app(content_type: bytes = b"application/json") -> ASGIApp:
    inner = application(ROUTES, not_found={"none": True}, wrong_method={"wrong": True})
    return Cors(inner, HEADERS, content_type)


async def ask(method: str, path: str, **options: object) -> httpx2.Response:
    transport = httpx2.ASGITransport(app=app())
    async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        return await client.request(method, path, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "path", "status", "content"),
    [
        ("GET", "/fine", 200, {"page": False}),
        ("GET", "/nowhere", 404, {"none": True}),
        ("GET", "/fine/", 404, {"none": True}),
        ("POST", "/fine", 405, {"wrong": True}),
        ("GET", "/broken", 500, {"success": False, "error": "Internal server error"}),
        ("GET", "/refused", 418, {"success": False, "error": "tea only"}),
    ],
)
async def test_every_answer_is_json_with_cors(
    method: str, path: str, status: int, content: object
) -> None:
    with capture_logs() as logs:
        answer = await ask(method, path)
    assert (answer.status_code, answer.json()) == (status, content)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-max-age"] == "86400"
    assert answer.headers["content-type"] == "application/json"
    assert len(answer.headers.get_list("access-control-allow-origin")) == 1
    assert [line["path"] for line in logs] == (["/broken"] if status == 500 else [])


async def test_a_wrong_method_tells_the_right_ones() -> None:
    assert (await ask("POST", "/fine")).headers["allow"] in ("GET, HEAD", "HEAD, GET")
    assert (await ask("GET", "/refused")).headers["x-pot"] == "tea"


async def test_head_has_no_body() -> None:
    answer = await ask("HEAD", "/fine")
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")


@pytest.mark.parametrize("path", ["/fine", "/broken", "/nowhere", "/"])
async def test_options(path: str) -> None:
    answer = await ask("OPTIONS", path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_options_without_a_type() -> None:
    transport = httpx2.ASGITransport(app=app(b""))
    async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        answer = await client.options("/fine")
    assert "content-type" not in answer.headers


async def test_a_failure_after_the_start_is_the_servers_to_end() -> None:
    with pytest.raises(RuntimeError, match="too late"):
        await ask("GET", "/late")


@pytest.mark.parametrize(("size", "status"), [(0, 200), (10, 200), (11, 413), (1000, 413)])
async def test_bodies_have_a_limit(size: int, status: int) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(size):
            yield b"x"

    for content in (b"x" * size, parts()):  # announced, and in chunks
        assert (await ask("POST", "/sized", content=content)).status_code == status


async def test_an_announced_length_is_believed_only_where_it_is_too_large() -> None:
    for announced, status in (("99999999999999999999", 413), ("-5", 200), ("1", 200), ("²", 200)):
        raw = announced.encode("latin-1")
        request = _request([b"abc"], [(b"content-length", raw)])
        if status == 200:
            assert await body(request, 10) == b"abc"
        else:
            with pytest.raises(BodyTooLarge):
                await body(request, 10)


async def test_a_body_that_is_cut() -> None:
    with pytest.raises(ClientDisconnect):
        await body(_request([b"abc", None]), 10)


def _request(
    parts: list[bytes | None],
    headers: list[tuple[bytes, bytes]] | None = None,
    gone: asyncio.Event | None = None,
) -> Request:
    """A request whose body comes in these parts; None is the client's end, which `gone` awaits."""
    left = list(parts)

    async def receive() -> Message:
        if not left or left[0] is None:
            if gone is not None:
                await gone.wait()
            return {"type": "http.disconnect"}
        part = left.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(left)}

    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers or []}
    return Request(scope, receive)


async def test_work_ends_with_its_client() -> None:
    gone, ended = asyncio.Event(), list[str]()
    request = _request([b""], gone=gone)
    await body(request, 10)

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    waiting = asyncio.create_task(while_connected(request, work()))
    await asyncio.sleep(0)
    gone.set()
    with pytest.raises(ClientDisconnect):
        await waiting
    assert ended == ["cancelled"]


async def test_work_gives_what_it_returns_and_what_it_raises() -> None:
    gone = asyncio.Event()
    request = _request([b""], gone=gone)
    await body(request, 10)

    async def good() -> int:
        return 5

    async def bad() -> int:
        raise KeyError("x")

    assert await while_connected(request, good()) == 5
    with pytest.raises(KeyError):
        await while_connected(request, bad())


async def test_work_ends_with_its_server() -> None:
    ended: list[str] = []
    request = _request([b""], gone=asyncio.Event())
    await body(request, 10)

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("ended")

    waiting = asyncio.create_task(while_connected(request, work()))
    await until(lambda: not waiting.done())
    await asyncio.sleep(0)
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
    assert ended == ["ended"]


def test_timestamps_are_those_of_javascript() -> None:
    assert timestamp(datetime(2026, 11, 28, 8, 15, 30, 123999, UTC)) == "2026-11-28T08:15:30.123Z"
    berlin = timezone(timedelta(hours=1))
    assert timestamp(datetime(2026, 1, 1, 0, 30, tzinfo=berlin)) == "2025-12-31T23:30:00.000Z"


@given(st.datetimes(timezones=st.just(UTC)))
def test_timestamps_sort_as_times_do(at: datetime) -> None:
    text = timestamp(at)
    assert len(text) == 24
    assert datetime.fromisoformat(text) <= at < datetime.fromisoformat(text) + timedelta(0, 0, 1000)


def test_json_bytes_go_out_as_they_are() -> None:
    answer = Json(b'{"a":  1}')
    assert (answer.body, answer.headers["content-type"]) == (b'{"a":  1}', "application/json")
