"""The folder `worker/`: its own tests in Node, its types, and real wranglers under its preload."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from fogbank.settings import worker_files
from tests.server import TEXT, events
from tests.workers.node_package import Keyed, ended, keyed
from tests.workers.tools import (
    FEW_WRANGLERS,
    MODULES,
    NODE_22,
    W86,
    Started,
    Wrangler,
    environment,
    needs_node_22,
    needs_workers,
    preloaded,
    started,
    wrangler_dev,
)

pytestmark = [pytest.mark.anyio, pytest.mark.clients, needs_workers]
IN_NODE = sorted((Path(__file__).parent / "node").glob("*.test.cjs"))
NODES = [
    pytest.param("node", id="node"),
    pytest.param(str(NODE_22), id="node-22", marks=[needs_node_22, pytest.mark.verify]),
]
TYPES = MODULES / "@types"
TOML = """name = "{name}"
main = "worker.mjs"
compatibility_date = "2025-10-01"
"""
WORKER = """
export default {
  async fetch(request, env) {
    const { model, ...inputs } = await request.json();
    try {
      const answer = await env.BRAIN.run(model, inputs);
      if (answer instanceof ReadableStream) return new Response(answer);
      await env.KV?.put("seen", answer.response);
      const row = await env.DB?.prepare("select 1 as one").first();
      return Response.json({ answer, kind: env.BRAIN.constructor.name, row });
    } catch ({ name, message }) {
      return Response.json({ name, message });
    }
  },
};
"""
USES = """
import { withFogbank as inMiniflare } from "fogbank-worker/miniflare";
import { getPlatformProxy } from "fogbank-worker/platform-proxy";
import { withFogbank } from "fogbank-worker/vitest";

const pool = withFogbank({ wrangler: { configPath: "./wrangler.toml" }, isolatedStorage: true });
export const known: [string, boolean, false] = [
  pool.wrangler.configPath, pool.isolatedStorage, pool.remoteBindings,
];
export const script: string = inMiniflare({ script: "" }, { url: "http://127.0.0.1:1" }).script;
export const { env } = await getPlatformProxy<{ MODEL: string }>({ configPath: "x" });
export const model: string = env.MODEL;
// @ts-expect-error
withFogbank({}, { port: 1 });
"""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Keyed]:
    async with keyed(tmp_path / "data") as found:
        yield found


def project(folder: Path, name: str, rest: str, script: str = WORKER) -> Path:
    """A Worker's folder; `rest` is what its wrangler.toml says of bindings."""
    place = folder / name
    place.mkdir()
    (place / "wrangler.toml").write_text(TOML.format(name=name) + rest)
    (place / "worker.mjs").write_text(script)
    return place


async def ask(tool: Started, **asked: Any) -> httpx2.Response:
    async with httpx2.AsyncClient(base_url=tool.url, trust_env=False, timeout=60) as client:
        response = await client.post("/", json=asked)
    assert response.status_code == 200, response.text
    return response


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("file", IN_NODE, ids=lambda path: path.name.partition(".")[0])
async def test_in_node(file: Path, node: str, tmp_path: Path) -> None:
    done = await ended(node, "--test", file, cwd=tmp_path, TMPDIR=str(tmp_path))
    assert done.status == 0, done.text


@pytest.mark.skipif(not (TYPES / "node").is_dir(), reason="needs @types/node beside TypeScript")
async def test_types(tmp_path: Path) -> None:
    compiler = MODULES / "typescript" / "bin" / "tsc"
    done = await ended("node", compiler, "-p", worker_files(), "--typeRoots", TYPES, cwd=tmp_path)
    assert (done.status, done.text) == (0, "")


@pytest.mark.parametrize("resolution", ["nodenext", "bundler"])
async def test_types_in_a_strict_project(tmp_path: Path, resolution: str) -> None:
    """TypeScript looks into no JavaScript there, so the package declares its types."""
    installed = tmp_path / "node_modules" / "fogbank-worker"
    shutil.copytree(worker_files(), installed)
    (tmp_path / "uses.mts").write_text(USES)
    module = "nodenext" if resolution == "nodenext" else "esnext"
    flags = ("--noEmit", "--strict", "--target", "es2022")
    given = (*flags, "--module", module, "--moduleResolution", resolution, "uses.mts")
    compiler = MODULES / "typescript" / "bin" / "tsc"
    done = await ended("node", compiler, *given, cwd=tmp_path)
    assert (done.status, done.text) == (0, "")


@pytest.mark.contract("6.1")
@pytest.mark.parametrize("wrangler", FEW_WRANGLERS)
async def test_plain_wrangler_dev(wrangler: Wrangler, server: Keyed, tmp_path: Path) -> None:
    """No login, no `--local`, no edit; `remote = true` of the AI binding is no hindrance."""
    rest = """
ai = { binding = "BRAIN", remote = true }
[[kv_namespaces]]
binding = "KV"
id = "x"
[[d1_databases]]
binding = "DB"
database_name = "x"
database_id = "x"
"""
    place = project(tmp_path, "one", rest)
    async with wrangler_dev(wrangler, place, tmp_path, **server.preloaded) as tool:
        found = (await ask(tool, model=TEXT, prompt="hello there")).json()
        stream = await ask(tool, model=TEXT, prompt="hello there", stream=True)
        thrown = (await ask(tool, model="@cf/no/such", prompt="hello")).json()
    assert "hello there" in found["answer"]["response"]
    assert (found["kind"], found["row"]) == ("Ai", {"one": 1})
    assert events(stream.text)[-1] == "[DONE]"
    assert thrown == {"name": "AiError", "message": "5007: No such model @cf/no/such or task"}
    assert "logged in" not in tool.text
    assert "usage charges" not in tool.text
    assert [line.split() for line in tool.text.splitlines() if "env.BRAIN" in line] == [
        ["env.BRAIN", "AI", "Fogbank"]
    ]


async def test_several_workers_and_environments(server: Keyed, tmp_path: Path) -> None:
    front = """
export default {
  async fetch(request, env) {
    const [near, far] = await Promise.all([
      env.OWN.run("@cf/test/instruct", { prompt: "near" }),
      env.BACK.fetch(request).then((response) => response.json()),
    ]);
    return Response.json([near.response, far.answer.response]);
  },
};
"""
    bindings = """
[env.staging.ai]
binding = "{}"
[[env.staging.services]]
binding = "BACK"
service = "back-staging"
"""
    one = project(tmp_path, "front", bindings.format("OWN"), front)
    two = project(tmp_path, "back", '[env.staging.ai]\nbinding = "BRAIN"\n')
    both = ("--env", "staging", "-c", "wrangler.toml", "-c", str(two / "wrangler.toml"))
    async with wrangler_dev(W86, one, tmp_path, *both, **server.preloaded) as tool:
        near, far = (await ask(tool, model=TEXT, prompt="far away")).json()
    assert "near" in near
    assert "far away" in far
    assert "Fogbank serves env.AI" in tool.text


@pytest.mark.verify
async def test_pages(server: Keyed, tmp_path: Path) -> None:
    place = project(tmp_path, "pages", "")
    (place / "wrangler.toml").write_text(
        'name = "pages"\npages_build_output_dir = "public"\ncompatibility_date = "2025-10-01"\n'
        '[ai]\nbinding = "BRAIN"\n'
    )
    (place / "public").mkdir()
    (place / "functions").mkdir()
    function = WORKER.replace("export default {\n  async fetch(request, env) {", "")
    (place / "functions" / "index.js").write_text(
        "export async function onRequest({ request, env }) {" + function.replace("  },\n};\n", "}")
    )
    command = (*W86.command, "pages", "dev", "--port", "0", "--inspector-port", "0")
    env = environment(tmp_path, **server.preloaded)
    async with started(*command, cwd=place, env=env) as tool:
        await tool.until_ready()
        found = (await ask(tool, model=TEXT, prompt="a page")).json()
    assert "a page" in found["answer"]["response"]


async def test_nobody_there(tmp_path: Path) -> None:
    """A Worker hears only of a lost connection; wrangler's terminal says what to do."""
    place = project(tmp_path, "alone", '[ai]\nbinding = "BRAIN"\n')
    nobody = preloaded("http://127.0.0.1:9")
    async with wrangler_dev(W86, place, tmp_path, **nobody) as tool:
        found = (await ask(tool, model=TEXT, prompt="hello?")).json()
        await tool.until(r"Fogbank does not answer at http://127\.0\.0\.1:9\b.*fogbank serve", 10)
    assert found["message"] == "Network connection lost."
