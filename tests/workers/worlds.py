"""The ways in which a Worker of these tests reaches a Fogbank through `env.AI`.

A world starts a Worker under a real tool; the same Worker must see the same in all of them.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copy
from typing import Literal
from urllib.parse import urlsplit

import pytest
from _pytest.mark.structures import ParameterSet

from fogbank.settings import worker_files
from tests.server import ACCOUNT
from tests.workers.tools import (
    NEWEST,
    W3,
    W44,
    W47,
    W86,
    Started,
    Wrangler,
    environment,
    needs_node_22,
    preloaded,
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
      modules = [%(modules)s],
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

KINDS = {".html": "text"}


def capnp(url: str, modules: Sequence[Path], key: str = "") -> str:
    """The config of a Worker of these files, the main one first; they lie beside it."""
    header = f'(name = "Authorization", value = "Bearer {key}")' if key else ""
    rows = [
        f'(name = "{file.name}", {KINDS.get(file.suffix, "esModule")} = embed "{file.name}")'
        for file in modules
    ]
    address = urlsplit(url).netloc
    return CAPNP % {
        "date": DATE,
        "address": address,
        "headers": header,
        "modules": ", ".join(rows),
    }


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
            config.write_text(capnp(url, [home / "worker.mjs"], key))
            return workerd_serve(self.wrangler, config)
        if self.kind == "preload":
            return wrangler_dev(self.wrangler, home, home, "--local", **preloaded(url, key))
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
        await tool.until_ready()
        yield tool


def _world(param: ParameterSet) -> World:
    (world,) = param.values
    assert isinstance(world, World)
    return world


WORKERD = World("workerd", W86)
PRELOADED = World("preload", W86)
VERIFY = pytest.mark.verify
_47 = World("preload", W47)
_NEWEST = World("preload", NEWEST)
_MINIFLARE = World("miniflare", W86)
FEW_WORLDS = [
    pytest.param(WORKERD, id="workerd"),
    pytest.param(PRELOADED, id="wrangler-4.86"),
]
OTHER_WORLDS = [
    pytest.param(_MINIFLARE, id="miniflare", marks=VERIFY),
    pytest.param(_47, id="wrangler-4.47", marks=VERIFY),
    pytest.param(_NEWEST, id="wrangler-newest", marks=[VERIFY, needs_node_22]),
]
OLD_WORLDS = [
    pytest.param(World("api", W44), id="wrangler-4.44", marks=VERIFY),
    pytest.param(World("api", W3), id="wrangler-3.114", marks=VERIFY),
]
"""For what the server decides, a runtime and a wrangler are enough; `make verify` has them all."""

EVERY_WORLD: list[ParameterSet] = [
    *FEW_WORLDS,
    pytest.param(_MINIFLARE, id="miniflare"),
    pytest.param(_47, id="wrangler-4.47"),
    pytest.param(_NEWEST, id="wrangler-newest", marks=needs_node_22),
    *OLD_WORLDS,
]
"""For what releases decide: each of them, but the oldest in `make verify` only."""

HEEDING = [param for param in EVERY_WORLD if _world(param).signals]
DEAF = [param for param in EVERY_WORLD if not _world(param).signals]
CANCELLING = [param for param in EVERY_WORLD if _world(param).cancels]
"""Where an aborted signal, and where a cancelled reader, gives the answer up upstream."""


def under(worlds: Sequence[ParameterSet], fixture: str = "somewhere") -> pytest.MarkDecorator:
    """Runs a test in these worlds, which its fixture of the module starts."""
    return pytest.mark.parametrize(fixture, worlds, indirect=True, scope="module")
