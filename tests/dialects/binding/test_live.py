"""What only a real connection shows: upgrades, clients that leave, chunked bodies."""

import asyncio
import json
from pathlib import Path

import pytest

from fogbank.storage.keys import KeyStore
from tests.dialects.binding.calls import ORIGIN, ZEROS
from tests.server import SPEECH_TURBO, TEXT, Running, live, running, settings, until

pytestmark = pytest.mark.anyio
SECONDS = 10
UPGRADE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: bm9Vd+IB52yGmwgcIUoGTA==\r\nSec-WebSocket-Version: 13\r\n"
)
MODEL = f"cf-consn-model-id: {TEXT}\r\n"
WEBSOCKET_RUN = "/run?version=3&body=%7B%22inputs%22%3A%7B%7D%2C%22options%22%3A%7B%7D%7D"


async def until_closed(url: str, request: str) -> str:
    """All that the server sends before it closes the connection."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(request.encode())
        async with asyncio.timeout(SECONDS):
            return (await reader.read()).decode()
    finally:
        writer.close()


@pytest.mark.contract("6.1")
@pytest.mark.parametrize(
    "request_line",
    [
        f"GET {WEBSOCKET_RUN} HTTP/1.1\r\nHost: workers-binding.ai\r\n{MODEL}",
        "GET /?MF-Binding=AI HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        f"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nMF-URL: {ORIGIN}{WEBSOCKET_RUN}\r\n",
        f"GET /ai-gateway{WEBSOCKET_RUN} HTTP/1.1\r\nHost: workers-binding.ai\r\n{MODEL}",
    ],
)
@pytest.mark.parametrize("with_key", [False, True])
async def test_a_websocket_is_refused_at_once(
    tmp_path: Path, request_line: str, with_key: bool
) -> None:
    """As recorded: a bare 400 without a request id. It tells nothing, so it needs no key."""
    if with_key:
        KeyStore(tmp_path / "fogbank.db").create("worker")
    async with running(settings(tmp_path)) as it, live(it.server) as url:
        head, _, rest = (await until_closed(url, f"{request_line}{UPGRADE}\r\n")).partition(
            "\r\n\r\n"
        )
        lines = head.lower().split("\r\n")
        assert lines[0].startswith("http/1.1 400 ")
        assert "content-length: 0" in lines
        assert not any(line.startswith("cf-ai-req-id") for line in lines)
        assert rest == ""


async def test_elsewhere_it_is_an_unknown_path(fogbank: Running) -> None:
    request = f"GET /client/v4/none HTTP/1.1\r\nHost: localhost\r\n{UPGRADE}"
    plain = "GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    async with live(fogbank.server) as url:
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"{request}\r\n".encode())
        async with asyncio.timeout(SECONDS):
            assert b" 400 " in await reader.readline()
            await reader.readuntil(b'"No route for that URI"}],"messages":[]}')
            writer.write(plain.encode())
            assert b" 200 " in await reader.readline(), "the connection is still of use"
        writer.close()


async def test_another_upgrade_is_not_heeded(fogbank: Running) -> None:
    """Java's client asks for HTTP/2 with its first request."""
    body = '{"inputs":{"prompt":"a"}}'
    request = (
        f"POST /run?version=3 HTTP/1.1\r\nHost: localhost\r\n{MODEL}Content-Length: {len(body)}\r\n"
        f"Upgrade: h2c\r\nConnection: close\r\n\r\n{body}"
    )
    async with live(fogbank.server) as url:
        answer = await until_closed(url, request)
    assert answer.startswith("HTTP/1.1 200 ")
    assert '"response":"a"' in answer


@pytest.mark.contract("6.1")
async def test_the_url_of_a_gateway_is_the_servers_own(fogbank: Running) -> None:
    """Where the request names the binding's host, which leads nowhere."""
    request = (
        "GET /ai-gateway/gateways/g/url/workers-ai HTTP/1.1\r\nHost: workers-binding.ai\r\n"
        "Connection: close\r\n\r\n"
    )
    async with live(fogbank.server) as url:
        answer = await until_closed(url, request)
    assert f'"url":"{url}/v1/{ZEROS}/g/workers-ai"' in answer


@pytest.mark.contract("6.2")
async def test_a_chunked_stream(fogbank: Running) -> None:
    request = (
        "POST /run?version=3&userInputs=%7B%22language%22%3A%22de%22%7D HTTP/1.1\r\n"
        f"Host: workers-binding.ai\r\ncf-consn-model-id: {SPEECH_TURBO}\r\n"
        "Content-Type: audio/wav\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    async with live(fogbank.server) as url:
        answer = await until_closed(url, request)
    assert answer.startswith("HTTP/1.1 200 ")
    assert "content-type: application/json\r\n" in answer
    assert '"language":"de"' in answer


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("path", ["/run?version=3", "/ai-gateway/run?version=3"])
async def test_a_client_that_leaves_frees_the_engine(
    fogbank: Running, path: str, stream: bool
) -> None:
    """`signal.abort()`, `reader.cancel()` and a Worker's client that left all close the socket."""
    inputs = {"prompt": "one two three", "stream": stream}
    body = json.dumps({"inputs": inputs, "options": {"gateway": {"id": "a"}}})
    request = (
        f"POST {path} HTTP/1.1\r\nHost: workers-binding.ai\r\n{MODEL}"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )
    async with live(fogbank.server) as url:
        fogbank.engine.stall()
        fogbank.engine.allow(1)
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(request.encode())
        if stream:
            assert b"200" in await reader.readline()
            await reader.readuntil(b"data: ")
        await until(lambda: fogbank.engine.running == 1)
        writer.close()
        await until(lambda: fogbank.engine.running == 0)
        fogbank.engine.release()
