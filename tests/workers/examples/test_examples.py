"""What holds for every example; those that know nothing of Fogbank, on the real engines."""

import json
import re
from pathlib import Path

import httpx2
import pytest

from fogbank.catalog.loader import load_catalog
from fogbank.settings import package_data
from tests.real_server import RealServer
from tests.server import events
from tests.workers.example_workers import (
    EXAMPLES,
    MAIL,
    MARIA,
    PORTABLE,
    configuration,
    copied,
    npm_start,
)
from tests.workers.tools import W86, environment, needs_workers, started

pytestmark = [pytest.mark.anyio, pytest.mark.clients]
CAPITAL = [{"role": "user", "content": "What is the capital of France?"}]


def test_the_list() -> None:
    """The README's table has every example, and each of them starts by `npm start`."""
    listed = re.findall(r"^\| \[([\w-]+)\]\(\1\) \|", (EXAMPLES / "README.md").read_text(), re.M)
    folders = [file.parent for file in EXAMPLES.glob("*/package.json")]
    assert sorted(listed) == sorted(folder.name for folder in folders)
    for folder in folders:
        assert json.loads((folder / "package.json").read_text())["scripts"]["start"]
        assert (folder / "README.md").is_file()


@pytest.mark.parametrize("name", PORTABLE)
def test_portable(name: str) -> None:
    """Plain Cloudflare: no word of Fogbank, and only models that Cloudflare still serves."""
    assert configuration(name)["ai"] == {"binding": "AI"}
    scripts = sorted((EXAMPLES / name).glob("*.js"))
    text = "".join(file.read_text() for file in scripts)
    assert "fogbank" not in text.lower()
    cards = load_catalog(package_data(), None).cards
    models = re.findall(r'"(@\w+/[^"]+)"', text)
    assert models
    assert [name for name in models if cards[name].deprecated_on] == []


@needs_workers
async def test_wrangler_would_deploy_it(tmp_path: Path) -> None:
    """The one with a page; `npm start` below bundles all of them in the same way."""
    out = ("--dry-run", "--outdir", tmp_path / "out")
    command = (*W86.command, "deploy", *out, "--cwd", copied("chat", tmp_path))
    async with started(*command, cwd=tmp_path, env=environment(tmp_path)) as wrangler:
        await wrangler.until("--dry-run: exiting now", 60)
    assert re.search(r"env\.AI\s+AI", wrangler.text)


@needs_workers
@pytest.mark.engine
async def test_on_real_engines(embedded: RealServer, tmp_path: Path) -> None:
    """One command each, and a sensible answer with the smallest of models."""

    async def ask(name: str) -> httpx2.Response:
        async with npm_start(name, embedded.url, tmp_path) as worker:
            match name:
                case "chat":
                    return await worker.post("/chat", json={"messages": CAPITAL})
                case "search":
                    query = "How do I get my money back"
                    return await worker.get("/", params={"q": query, "rerank": "1"})
                case "tools":
                    return await worker.post("/", content="What is 1234 * 5678?")
            return await worker.post("/", content=MAIL)

    quick = [name for name in PORTABLE if name != "energy-plans"]  # tests/verify has that one
    answers = {name: await ask(name) for name in quick}
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(
        quick, 200
    )
    *pieces, done = events(answers["chat"].text)
    assert done == "[DONE]"
    assert len(pieces) > 3
    assert "Paris" in "".join(json.loads(piece)["response"] for piece in pieces)
    assert answers["json-extraction"].json() == MARIA
    assert answers["search"].json()["results"][0]["text"].startswith("Refunds")
    (computed,) = answers["tools"].json()["calls"]
    assert computed["result"] == 1234 * 5678
    assert str(1234 * 5678) in answers["tools"].json()["answer"].replace(",", "")
