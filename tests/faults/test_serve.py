"""`fogbank serve` as a process: signals drain it, and it leaves nothing behind."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx2
import orjson
import pytest
import yaml

from tests.server import RUN, TEXT, events

pytestmark = [pytest.mark.anyio, pytest.mark.faults]
SLOW = {"prompt": "word " * 100, "stream": True}


def write_profile(data_dir: Path, seconds_per_token: float) -> None:
    card = {"name": TEXT, "task": "Text Generation", "input": "text-generation"}
    profile = {
        "name": "fake",
        "description": "For a test.",
        "hardware": "cpu",
        "engines": {
            "text": {"engine": "fake", "options": {"seconds_per_token": seconds_per_token}}
        },
        "models": {TEXT: {"engine": "text"}},
    }
    for folder, name, content in (("cards", "test", card), ("profiles", "fake", profile)):
        (data_dir / folder).mkdir(exist_ok=True)
        (data_dir / folder / f"{name}.yaml").write_text(yaml.safe_dump(content))


@asynccontextmanager
async def serving(
    data_dir: Path, *arguments: str, seconds_per_token: float, port: int = 0
) -> AsyncIterator[tuple[asyncio.subprocess.Process, httpx2.AsyncClient]]:
    """A `fogbank serve` that is ready, and a client of it. Killed at the end if it still runs.

    On a free port, or on that port once more.
    """
    write_profile(data_dir, seconds_per_token)
    with socket.create_server(("127.0.0.1", port)) as free:
        port = free.getsockname()[1]
    with (data_dir / "stderr").open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-c", "from fogbank.cli import main; main()", "serve", "--profile", "fake"),
            *("--port", str(port), "--data-dir", str(data_dir), "--log-format", "json"),
            *arguments,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx2.AsyncClient(base_url=url, timeout=20, trust_env=False) as client:
            async with asyncio.timeout(30):
                while not await _is_ready(client):
                    assert process.returncode is None, (data_dir / "stderr").read_text()
                    await asyncio.sleep(0.05)
            yield process, client
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _is_ready(client: httpx2.AsyncClient) -> bool:
    try:
        return (await client.get("/health/ready")).status_code == 200
    except httpx2.TransportError:
        return False


async def _begin(client: httpx2.AsyncClient, body: object) -> asyncio.Task[httpx2.Response]:
    """A run request that the engine is busy with."""
    task = asyncio.create_task(client.post(RUN + TEXT, json=body))
    async with asyncio.timeout(5):
        while not (await client.get("/fogbank/engines")).json()["engines"][0]["running"]:
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.2)  # the first tokens are on their way
    return task


async def _ended(process: asyncio.subprocess.Process, seconds: float) -> int:
    async with asyncio.timeout(seconds):
        code = await process.wait()
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)  # no child of its session is left
    return code


async def test_sigterm_lets_a_stream_finish_and_refuses_new_requests(tmp_path: Path) -> None:
    async with serving(tmp_path, seconds_per_token=0.02) as (process, client):
        stream = await _begin(client, SLOW)
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.2)
        with pytest.raises(httpx2.ConnectError):
            async with httpx2.AsyncClient(base_url=client.base_url, trust_env=False) as other:
                await other.post(RUN + TEXT, json={"prompt": "late"})
        answer = await stream
        assert events(answer.text)[-1] == "[DONE]"
        assert await _ended(process, 10) == 0


async def test_the_drain_has_an_end(tmp_path: Path) -> None:
    async with serving(tmp_path, "--drain", "0.3", seconds_per_token=0.05) as (process, client):
        stream = await _begin(client, SLOW)
        process.send_signal(signal.SIGTERM)
        last = orjson.loads(events((await stream).text)[-1])
        assert (last["success"], last["errors"][0]["code"]) == (False, 3008)
        assert await _ended(process, 10) == 0


async def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    async with serving(tmp_path, "--drain", "60", seconds_per_token=0.05) as (process, client):
        stream = await _begin(client, SLOW)
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.1)
        process.send_signal(signal.SIGINT)
        last = orjson.loads(events((await stream).text)[-1])
        assert last["errors"][0]["code"] == 3008
        assert await _ended(process, 10) == 0


async def test_a_connection_that_hangs_does_not_outlast_a_second_signal(tmp_path: Path) -> None:
    async with serving(tmp_path, "--drain", "2", seconds_per_token=0) as (process, client):
        _, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
        head = f"POST {RUN}{TEXT} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{{"
        writer.write(head.encode())
        await asyncio.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        try:
            assert await _ended(process, 3) == 0
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


@pytest.mark.verify
async def test_an_idle_connection_is_kept_for_longer_than_workerd_keeps_it(tmp_path: Path) -> None:
    async with serving(tmp_path, seconds_per_token=0) as (_, client):
        port = client.base_url.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for pause in (6, 0):
            writer.write(b"GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            await reader.readexactly(length)
            await asyncio.sleep(pause)
        writer.close()
        await writer.wait_closed()
