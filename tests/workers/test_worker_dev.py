"""`fogbank worker dev` with real wranglers: an unchanged project, no account, no network.

What it does with everything that can be wrong is in tests/cli/test_worker.py, on pretended ones.
"""

import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from fogbank.engines.child_processes import Child, alive, descendants
from tests.cli.console import write_catalog
from tests.real_server import FOGBANK, wait_until
from tests.server import TEXT, live, running, settings
from tests.workers.tools import (
    ANY_PORTS,
    NEWEST,
    W3,
    W44,
    W47,
    W86,
    Started,
    Wrangler,
    environment,
    needs_node_22,
    needs_workers,
    started,
)

pytestmark = [pytest.mark.anyio, pytest.mark.clients, needs_workers]
WORKER = f"""
export default {{
  async fetch(request, env) {{
    return Response.json(await env.AI.run("{TEXT}", {{ prompt: "say this back" }}));
  }},
}};
"""
TOML = """
name = "unchanged"
main = "worker.js"
compatibility_date = "2025-07-01"

[ai]
binding = "AI"
"""
VERIFY = pytest.mark.verify
WRANGLERS = [
    pytest.param(W3, id="3.114", marks=VERIFY),
    pytest.param(W44, id="4.44"),
    pytest.param(W47, id="4.47", marks=VERIFY),
    pytest.param(W86, id="4.86", marks=VERIFY),
    pytest.param(NEWEST, id="newest", marks=needs_node_22),
]
"""Both ways; one of them with 4.86 is below, with a server of its own."""
OWN_SERVER = re.compile(r"served by a Fogbank of this command at (http://\S+)")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A Worker's project, in a folder whose name has a space."""
    folder = tmp_path / "my worker"
    folder.mkdir()
    (folder / "worker.js").write_text(WORKER)
    (folder / "wrangler.toml").write_text(TOML)
    return folder


@asynccontextmanager
async def worker_dev(wrangler: Wrangler, project: Path, **more: str) -> AsyncIterator[Started]:
    """`fogbank worker dev` in the project, with this wrangler installed there; `url` is ready."""
    modules = project / "node_modules"
    modules.mkdir()
    (modules / "wrangler").symlink_to(wrangler.script.parents[1])
    env = environment(project, PYTHONPATH=os.pathsep.join(sys.path), **more)
    node = shutil.which(wrangler.node)
    assert node
    env["PATH"] = os.pathsep.join([str(Path(node).parent), env["PATH"]])
    command = (*FOGBANK, "worker", "dev", *ANY_PORTS)
    async with started(*command, cwd=project, env=env) as tool:
        await tool.until_ready()
        yield tool


async def answer(tool: Started) -> str:
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as web:
        response = await web.get(tool.url)
    assert response.status_code == 200, f"{response.text}\n{tool.text}"
    return str(response.json()["response"])


@pytest.mark.parametrize("wrangler", WRANGLERS)
async def test_an_unchanged_project(wrangler: Wrangler, project: Path, tmp_path: Path) -> None:
    async with running(settings(tmp_path / "data")) as server, live(server.server) as url:
        async with worker_dev(wrangler, project, FOGBANK_URL=url) as tool:
            assert await answer(tool) == "say this back"
            assert f"served by the Fogbank at {url} (profile test)" in tool.text
            await tool.end()
    assert (project / "wrangler.toml").read_text() == TOML
    assert (project / "worker.js").read_text() == WORKER


@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGINT, marks=VERIFY, id="ctrl-c"), signal.SIGKILL]
)
async def test_a_server_of_its_own(project: Path, tmp_path: Path, number: signal.Signals) -> None:
    data = write_catalog(tmp_path / "data")
    fake = {"FOGBANK_DATA_DIR": str(data), "FOGBANK_PROFILE": "test", "FOGBANK_PORT": "0"}
    async with worker_dev(W86, project, **fake) as tool:
        assert await answer(tool) == "say this back"
        served = await tool.until(OWN_SERVER, 1)
        children = descendants(tool.process.pid)
        assert len(children) > 2
        await tool.end(number)
        assert wait_until(lambda: not any(alive(child) for child in children), 10), left(children)
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(served[1], trust_env=False)


def left(children: set[Child]) -> list[bytes]:
    """The command lines of those that still run."""
    return [Path(f"/proc/{each.pid}/cmdline").read_bytes() for each in children if alive(each)]
