"""`examples/workerd`, by the one command of a person."""

import json
from pathlib import Path

import httpx2
import pytest

from fogbank.settings import worker_files
from fogbank.storage.keys import KeyStore
from tests.server import events
from tests.workers.catalogue_server import catalogue_server
from tests.workers.example_workers import copied
from tests.workers.tools import (
    MODULES,
    READY_SECONDS,
    environment,
    free_port,
    listening,
    needs_workers,
    started,
)

pytestmark = [pytest.mark.anyio, pytest.mark.clients, needs_workers]


async def test_it_bundles_serves_and_streams(tmp_path: Path) -> None:
    """Packages and Fogbank's files are where they are in a checkout."""
    place = copied("workerd", tmp_path / "examples")
    (tmp_path / "examples" / "node_modules").symlink_to(MODULES)
    (tmp_path / "worker").symlink_to(worker_files())
    port = free_port()
    listen = f"--socket-addr=http=127.0.0.1:{port}"
    async with catalogue_server(tmp_path / "data") as server:
        keys = KeyStore(tmp_path / "data" / "fogbank.db")
        env = environment(tmp_path, FOGBANK_URL=server.url + "/", FOGBANK_KEY=keys.create("chat"))
        keys.close()
        async with started("npm", "start", "--silent", "--", listen, cwd=place, env=env) as tool:
            await listening(port, tool, READY_SECONDS)
            async with httpx2.AsyncClient(trust_env=False, timeout=30) as web:
                answer = await web.get(f"http://127.0.0.1:{port}/", params={"q": "Say it."})
    assert answer.headers["content-type"] == "text/event-stream"
    pieces = events(answer.text)
    assert pieces[-1] == "[DONE]"
    assert "".join(json.loads(piece)["response"] for piece in pieces[:-1]).strip()
    [request] = server.asked
    assert request.messages
    assert request.messages[-1]["content"] == "Say it."
    assert (place / "build" / "secrets").stat().st_mode & 0o077 == 0
