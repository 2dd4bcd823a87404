"""The ways in which a Worker of these tests reaches a Fogbank through `env.AI`.

A world starts a Worker under a real tool; the same Worker must see the same in all of them.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copy
from typing import Literal
from urllib.parse import urlsplit

import pytest

from fogbank.settings import worker_files
from tests.server import ACCOUNT
from tests.workers.tools import (
    NEWEST,
    READY,
    READY_SECONDS,
    W3,
    W44,
    W47,
    W86,
    Started,
    Wrangler,
    environment,
    needs_node_22,
    started,
    workerd_serve,
    wrangler_dev,
)

HERE = Path(__file__).parent
WITNESS = HERE / "witness.mjs"
MINIFLARE = HERE / "miniflare.cjs"
DATE = "2025-10-01"
TOML = f"""name = "witness"
main = "worker.mjs"
compatibility_date = "{DATE}"
[ai]
binding = "AI"
"""
UNSAFE = """[[unsafe.bindings]]
name = "AI"
type = "ai"
[unsafe.bindings.dev]
plugin = {{ package = "{plugin}", name = "fogbank" }}
options = {{ url = "{url}", key = "{key}" }}
"""
"""In place of `[ai]`: the plugin of `worker/`, and what it is told (binding.md 2.B)."""
CAPNP = """using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker", esModule = embed "worker.mjs")],
      compatibilityDate = "%(date)s",
      bindings = [(name = "AI", wrapped = (
        moduleName = "cloudflare-internal:ai-api",
        innerBindings = [(name = "fetcher", service = "fogbank")],
      ))],
    )),
    (name = "fogbank", external = (
      address = "%(address)s", http = (style = host, injectRequestHeaders = [%(headers)s]),
    )),
    (name = "internet", network = (allow = ["private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
"""
"""The network of this machine alone, and `AI` around an external server (binding.md 2.C)."""

Kind = Literal["workerd", "preload", "unsafe", "miniflare", "api"]


@dataclass(frozen=True, slots=True)
class World:
    """A tool, and how it is made to send `env.AI` to a Fogbank.

    `workerd` is workerd alone, `preload` is `wrangler dev` with the preload of `worker/`, `unsafe`
    is a wrangler.toml that names its plugin, `miniflare` is its API in its own dialect, `api` is a
    wrangler of before 4.45 that is told another address of Cloudflare's API.
    """

    kind: Kind
    wrangler: Wrangler

    def __str__(self) -> str:
        return f"{self.kind} {self.wrangler.release}"

    @property
    def signals(self) -> bool:
        """Whether the runtime's binding heeds `options.signal`; older ones send it as `{}`."""
        return self.wrangler not in (W3, W44, W47)

    @property
    def cancels(self) -> bool:
        """Whether a stream that nobody reads is given up upstream."""
        return self.kind != "api"

    @asynccontextmanager
    async def worker(
        self, url: str, home: Path, script: Path = WITNESS, *, key: str = ""
    ) -> AsyncIterator[Started]:
        """A running Worker whose `env.AI` is the Fogbank at `url`; `home` is an empty folder."""
        copy(script, home / "worker.mjs")
        (home / "wrangler.toml").write_text(TOML)
        async with self._start(url, home, key) as tool:
            yield tool

    def _start(self, url: str, home: Path, key: str) -> AbstractAsyncContextManager[Started]:
        if self.kind == "workerd":
            config = home / "config.capnp"
            header = f'(name = "Authorization", value = "Bearer {key}")' if key else ""
            values = {"date": DATE, "address": urlsplit(url).netloc, "headers": header}
            config.write_text(CAPNP % values)
            return workerd_serve(self.wrangler, config)
        if self.kind == "preload":
            preload = worker_files() / "preload.cjs"
            told = {"FOGBANK_URL": url, "NODE_OPTIONS": f"--require {preload}"}
            if key:
                told["FOGBANK_KEY"] = key
            return wrangler_dev(self.wrangler, home, home, "--local", **told)
        if self.kind == "unsafe":
            binding = UNSAFE.format(plugin=worker_files() / "plugin.cjs", url=url, key=key)
            (home / "wrangler.toml").write_text(TOML.partition("[ai]")[0] + binding)
            return wrangler_dev(self.wrangler, home, home)
        if self.kind == "api":
            told = {
                "CLOUDFLARE_API_BASE_URL": f"{url}/client/v4",
                "CLOUDFLARE_API_TOKEN": key or "any",
                "CLOUDFLARE_ACCOUNT_ID": ACCOUNT,
            }
            local = () if self.wrangler is W3 else ("--local",)
            return wrangler_dev(self.wrangler, home, home, *local, **told)
        return _miniflare(self.wrangler, url, home)


@asynccontextmanager
async def _miniflare(wrangler: Wrangler, url: str, home: Path) -> AsyncIterator[Started]:
    command = (wrangler.node, MINIFLARE, wrangler.miniflare, home / "worker.mjs", url)
    async with started(*command, cwd=home, env=environment(home)) as tool:
        tool.url = (await tool.until(READY, READY_SECONDS))[1].rstrip("/")
        yield tool


WORKERD = World("workerd", W86)
PRELOADED = World("preload", W86)
_WORKERD = pytest.param(WORKERD, id="workerd")
_PRELOADED = pytest.param(PRELOADED, id="wrangler-4.86")
_MINIFLARE = pytest.param(World("miniflare", W86), id="miniflare")
FEW_WORLDS = [_WORKERD, _PRELOADED, _MINIFLARE]
"""One of each dialect that is in use, one of them by the whole of wrangler."""

EVERY_WORLD = [
    *FEW_WORLDS,
    pytest.param(World("preload", W47), id="wrangler-4.47"),
    pytest.param(World("preload", NEWEST), id="wrangler-newest", marks=needs_node_22),
    pytest.param(World("api", W44), id="wrangler-4.44", marks=pytest.mark.verify),
    pytest.param(World("api", W3), id="wrangler-3.114", marks=pytest.mark.verify),
]
