"""A Worker in production: bundled by wrangler, served by workerd alone, its AI is Fogbank."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from fogbank.storage.keys import KeyStore
from tests.server import TEXT, Running, events, live, running, settings
from tests.workers.onprem import bundle, command, project, secrets, serving, unpack
from tests.workers.tools import (
    FEW_WRANGLERS,
    Started,
    Wrangler,
    environment,
    needs_workers,
    started,
)

pytestmark = [pytest.mark.anyio, pytest.mark.clients, needs_workers]
ASKED = {"model": TEXT, "inputs": {"prompt": "one two three"}}
STREAMED = {"model": TEXT, "inputs": {"prompt": "one two three", "stream": True}}
ANSWER = "one two three"
NOBODY = "http://127.0.0.1:9"
ANYWHERE = "--socket-addr=http=127.0.0.1:0"


@dataclass(frozen=True)
class Bundled:
    """The Worker as it lies on the machine that serves it, and who bundled it."""

    wrangler: Wrangler
    home: Path

    @property
    def unpacked(self) -> Path:
        return self.home / "bundle"


@pytest.fixture(scope="module", params=FEW_WRANGLERS)
def bundled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bundled:
    found = Bundled(request.param, tmp_path_factory.mktemp("worker"))
    written = bundle(found.wrangler, project(found.home))
    done = unpack(written, found.unpacked, "TOKEN", "ABSENT")
    assert (done.returncode, done.stderr) == (0, "")
    return found


@pytest.fixture
async def fogbank(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(settings(tmp_path / "data")) as server:
        yield server


@pytest.fixture
async def url(fogbank: Running) -> AsyncIterator[str]:
    async with live(fogbank.server) as address:
        yield address


async def post(tool: Started, path: str, body: Any, **headers: str) -> Any:
    """What the Worker says; it always says something."""
    async with httpx2.AsyncClient(base_url=tool.url, timeout=30, trust_env=False) as web:
        response = await web.post(path, json=body, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


async def refusal(bundled: Bundled, hidden: Path, url: str) -> dict[str, Any]:
    """What a Worker's run throws."""
    async with serving(bundled.wrangler, bundled.unpacked, hidden, url) as tool:
        found: dict[str, Any] = (await post(tool, "/see", ASKED))["error"]
    return found


async def test_modules_variables_and_secrets_arrive(bundled: Bundled, tmp_path: Path) -> None:
    given = {"TOKEN": 'a secret "é"'}
    hidden = secrets(tmp_path)
    async with serving(bundled.wrangler, bundled.unpacked, hidden, NOBODY, environ=given) as tool:
        found = await post(tool, "/made-of", {})
    assert found.pop("url") == tool.url + "/made-of"
    assert found == {
        "sum": 5,
        "bytes": "00ff0a",
        "words": "words of a file\n",
        "bindings": {
            "GREETING": 'a "quote", a \\ and ü',
            "LINES": "one\ntwo\x01",
            "LIMITS": {"tokens": 3, "names": ["é"]},
            **given,
            "ABSENT": None,
        },
    }


async def test_the_proxy_in_front_names_the_scheme(bundled: Bundled, tmp_path: Path) -> None:
    headers = {"x-forwarded-proto": "https"}
    hidden = secrets(tmp_path)
    async with serving(bundled.wrangler, bundled.unpacked, hidden, NOBODY) as tool:
        found = await post(tool, "/made-of", {}, **headers)
    assert urlsplit(found["url"]).scheme == "https"


@pytest.mark.contract("6.1", "6.2", "6.3", "6.4")
async def test_answers_streams_and_errors(bundled: Bundled, tmp_path: Path, url: str) -> None:
    async with serving(bundled.wrangler, bundled.unpacked, secrets(tmp_path), url) as tool:
        whole = await post(tool, "/see", ASKED)
        streamed = await post(tool, "/see", STREAMED)
        thrown = await post(tool, "/see", {**ASKED, "model": "@cf/no/such"})
        raw = await post(tool, "/raw", ASKED)
        raw_error = await post(tool, "/raw", {**ASKED, "model": "@cf/no/such"})
    assert (whole["type"], whole["value"]["response"]) == ("Object", ANSWER)
    assert whole["after"]["lastRequestHttpStatusCode"] == 200
    assert whole["after"]["lastRequestId"]
    assert streamed["type"] == "ReadableStream"
    pieces = events(streamed["text"])
    assert pieces[-1] == "[DONE]"
    assert "".join(json.loads(piece)["response"] for piece in pieces[:-1]) == ANSWER
    assert (thrown["error"]["class"], thrown["error"]["name"], thrown["error"]["message"]) == (
        "InferenceUpstreamError",
        "AiError",
        "5007: No such model @cf/no/such or task",
    )
    assert thrown["after"]["lastRequestInternalStatusCode"] == 5007
    assert (raw["class"], raw["status"], raw["type"]) == ("Response", 200, "application/json")
    assert json.loads(raw["body"])["response"] == ANSWER
    assert (raw_error["class"], raw_error["status"]) == ("Response", 400)
    assert json.loads(raw_error["body"])["internalCode"] == 5007


@pytest.mark.contract("2.4", "6.4")
async def test_the_key_of_the_file(bundled: Bundled, tmp_path: Path, fogbank: Running) -> None:
    keys = KeyStore(fogbank.settings.data_dir / "fogbank.db")
    key = keys.create("worker")
    keys.close()
    async with live(fogbank.server) as url:
        hidden = secrets(tmp_path, f"Bearer {key}")
        async with serving(bundled.wrangler, bundled.unpacked, hidden, url) as tool:
            assert (await post(tool, "/see", ASKED))["value"]["response"] == ANSWER
        for wrong in ("Bearer fog_wrong", ""):
            error = await refusal(bundled, secrets(tmp_path, wrong), url)
            assert (error["class"], error["name"], error["message"]) == (
                "InferenceUpstreamError",
                "InferenceUpstreamError",
                "10000: Authentication error",
            )
        broken = await refusal(bundled, secrets(tmp_path, f"Bearer {key}\n"), url)
    assert (broken["class"], broken["name"]) == ("Error", "Error")
    assert broken["message"].startswith("internal error; reference = ")


@pytest.mark.contract("6.4")
async def test_while_fogbank_restarts(bundled: Bundled, tmp_path: Path, fogbank: Running) -> None:
    async with live(fogbank.server) as url:
        port = urlsplit(url).port or 0
    async with serving(bundled.wrangler, bundled.unpacked, secrets(tmp_path), url) as tool:
        for _ in range(2):
            error = (await post(tool, "/see", ASKED))["error"]
            assert (error["class"], error["message"]) == ("Error", "Network connection lost.")
            assert error["keys"] == ["retryable"]
            async with live(fogbank.server, port):
                assert (await post(tool, "/see", ASKED))["value"]["response"] == ANSWER


async def test_a_restart_refuses_nobody(
    bundled: Bundled, tmp_path: Path, fogbank: Running, url: str
) -> None:
    """One listening socket for the old and the new; SIGTERM lets the last response end."""
    worker = (bundled.wrangler, bundled.unpacked, secrets(tmp_path), url)
    fogbank.engine.stall()
    fogbank.engine.allow(1)
    with socket.create_server(("127.0.0.1", 0)) as here:
        async with (
            serving(*worker, listening_on=here) as old,
            httpx2.AsyncClient(base_url=old.url, timeout=30, trust_env=False) as web,
            web.stream("POST", "/pass", json=STREAMED) as response,
        ):
            pieces = response.aiter_text()
            first = await anext(pieces)
            old.process.terminate()
            async with serving(*worker, listening_on=here) as new:
                assert (await post(new, "/made-of", {}))["sum"] == 5
                fogbank.engine.release()
                rest = "".join([piece async for piece in pieces])
            assert events(first + rest)[-1] == "[DONE]"
            async with asyncio.timeout(10):
                assert await old.process.wait() == 0


async def test_a_date_beyond_the_runtime_is_refused(bundled: Bundled, tmp_path: Path) -> None:
    unpacked = copytree(bundled.unpacked, tmp_path / "bundle")
    config = unpacked / "worker.capnp"
    config.write_text(config.read_text().replace("2025-10-01", "2099-01-01"))
    line = command(bundled.wrangler, unpacked, secrets(tmp_path), NOBODY, ANYWHERE)
    async with started(*line, cwd=tmp_path, env=environment(tmp_path)) as tool:
        await tool.until('requires compatibility date "2099-01-01"', 10)
        async with asyncio.timeout(10):
            assert await tool.process.wait() == 1
