"""The tools start at all, on a Worker without any binding: what fails here is not Fogbank."""

from pathlib import Path

import httpx2
import pytest

from tests.workers.tools import (
    EVERY_WRANGLER,
    W86,
    Wrangler,
    needs_workers,
    workerd_serve,
    wrangler_dev,
)

pytestmark = [pytest.mark.anyio, pytest.mark.clients, pytest.mark.verify, needs_workers]
WORKER = 'export default { fetch() { return new Response("here"); } };\n'
TOML = 'name = "hello"\nmain = "worker.js"\ncompatibility_date = "2025-10-01"\n'
CAPNP = """
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "worker", esModule = embed "worker.js")],
    compatibilityDate = "2025-10-01",
  ))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
"""


@pytest.mark.parametrize("wrangler", EVERY_WRANGLER)
async def test_wrangler_dev(wrangler: Wrangler, tmp_path: Path) -> None:
    (tmp_path / "worker.js").write_text(WORKER)
    (tmp_path / "wrangler.toml").write_text(TOML)
    async with wrangler_dev(wrangler, tmp_path, tmp_path, "--local") as tool:
        async with httpx2.AsyncClient(trust_env=False) as web:
            assert (await web.get(tool.url)).text == "here"


async def test_workerd_serve(tmp_path: Path) -> None:
    (tmp_path / "worker.js").write_text(WORKER)
    (tmp_path / "config.capnp").write_text(CAPNP)
    async with workerd_serve(W86, tmp_path / "config.capnp") as tool:
        async with httpx2.AsyncClient(trust_env=False) as web:
            assert (await web.get(tool.url)).text == "here"
