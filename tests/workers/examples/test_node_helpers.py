"""The examples of `worker/`'s helpers, each by the command of its README."""

from pathlib import Path

import httpx2
import pytest

from fogbank.settings import worker_files
from tests.workers.catalogue_server import CatalogueServer
from tests.workers.example_workers import copied
from tests.workers.node_package import Ended, ended
from tests.workers.tools import (
    MODULES,
    NEWEST,
    W47,
    W86,
    Wrangler,
    needs_node_22,
    needs_workers,
    preloaded,
    wrangler_dev,
)

pytestmark = [pytest.mark.anyio, pytest.mark.clients, needs_workers]
WRANGLERS = [
    pytest.param(W47, id="4.47", marks=pytest.mark.verify),
    pytest.param(W86, id="4.86", marks=pytest.mark.verify),
    pytest.param(NEWEST, id="newest", marks=needs_node_22),
]
LONG_WORD = "x" * 200_000
"""An event of a stream that does not come in one piece."""
QUESTION = "What is the capital of France?"


def laid_out(name: str, folder: Path) -> Path:
    """An example where it finds its packages and, by its relative path, `worker/`."""
    examples = folder / "examples"
    examples.mkdir()
    (examples / "node_modules").symlink_to(MODULES)
    (folder / "worker").symlink_to(worker_files())
    return copied(name, examples)


async def npm_start(name: str, server: CatalogueServer, folder: Path, *arguments: str) -> Ended:
    place = laid_out(name, folder)
    command = ("npm", "start", "--silent", "--", *arguments)
    return await ended(*command, cwd=place, FOGBANK_URL=server.url)


@pytest.mark.parametrize(
    ("name", "asked"), [("miniflare", ["Name three rivers."]), ("platform-proxy", [])]
)
async def test_a_question_and_its_answer(
    name: str, asked: list[str], server: CatalogueServer, tmp_path: Path
) -> None:
    server.script.lines.append(LONG_WORD)
    done = await npm_start(name, server, tmp_path, *asked)
    assert done.status == 0, done.text
    assert done.text.splitlines()[-1] == LONG_WORD
    assert [server.asked[-1].prompt] == (asked or [QUESTION])


@pytest.mark.verify
async def test_platform_proxy_by_the_preload(server: CatalogueServer, tmp_path: Path) -> None:
    """The preload, for programs that call wrangler's `getPlatformProxy` by themselves."""
    place = laid_out("platform-proxy", tmp_path)
    index = place / "index.js"
    ours = "../../worker/platform-proxy.cjs"
    assert ours in index.read_text()
    index.write_text(index.read_text().replace(ours, "wrangler"))
    server.script.lines.append("Paris again.")
    done = await ended("node", index, cwd=place, **preloaded(server.url))
    assert done.status == 0, done.text
    assert done.text.splitlines()[-1] == "Paris again."


async def test_vitest(server: CatalogueServer, tmp_path: Path) -> None:
    done = await npm_start("vitest", server, tmp_path)
    assert done.status == 0, done.text
    assert "5 passed" in done.text
    assert "usage charges" not in done.text


@pytest.mark.verify
async def test_vitest_fails_with_the_model(server: CatalogueServer, tmp_path: Path) -> None:
    """Its tests ask the model: where there is none they fail."""
    place = laid_out("vitest", tmp_path)
    command = ("npm", "start", "--silent", "--", "-t", "binding")
    done = await ended(*command, cwd=place, FOGBANK_URL="http://127.0.0.1:9")
    assert done.status == 1, done.text
    assert "Network connection lost" in done.text


@pytest.mark.parametrize("wrangler", WRANGLERS)
async def test_unsafe_bindings(wrangler: Wrangler, server: CatalogueServer, tmp_path: Path) -> None:
    """The package is found by its name, as after `npm install /path/to/fogbank/worker`."""
    place = laid_out("unsafe-bindings", tmp_path)
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "fogbank-worker").symlink_to(worker_files())
    told = {"FOGBANK_URL": server.url, "NODE_PATH": str(packages)}
    server.script.lines.append("Paris, by the plugin.")
    async with wrangler_dev(wrangler, place, tmp_path, **told) as tool:
        async with httpx2.AsyncClient(base_url=tool.url, trust_env=False, timeout=60) as client:
            answer = await client.post("/", content=QUESTION)
            how = await client.get("/")
    assert (answer.status_code, answer.text) == (200, "Paris, by the plugin.\n")
    assert how.status_code == 405
    assert server.asked[-1].prompt == QUESTION
