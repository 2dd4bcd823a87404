"""The Workers of `examples/`: their files under workerd, or the one command of a person."""

import os
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

import httpx2

from tests.workers.tools import ANY_PORTS, MODULES, W86, environment, started, workerd_serve
from tests.workers.worlds import capnp

EXAMPLES = Path(__file__).parents[2] / "examples"
PORTABLE = ("chat", "energy-plans", "json-extraction", "search", "tools")
"""Those that deploy to Cloudflare as they are."""
MAIL = "Hi, this is Maria Silva from Lisbon: maria.silva@example.com"
MARIA = {"name": "Maria Silva", "email": "maria.silva@example.com", "city": "Lisbon"}
"""The contact in it."""


def configuration(name: str) -> dict[str, Any]:
    """An example's wrangler.toml."""
    return tomllib.loads((EXAMPLES / name / "wrangler.toml").read_text())


def copied(name: str, folder: Path) -> Path:
    """An example's files in a folder of its own, so that tools leave nothing in the repository."""
    place = folder / name
    copytree(EXAMPLES / name, place, ignore=ignore_patterns(".wrangler", "node_modules"))
    return place


@asynccontextmanager
async def example(name: str, fogbank: str, folder: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a running example whose `env.AI` is the Fogbank of that address."""
    place = copied(name, folder)
    modules = sorted(place.glob("*.js"), key=lambda file: file.name != "worker.js")
    config = place / "config.capnp"
    config.write_text(capnp(fogbank, [*modules, *place.glob("*.html")]))
    async with workerd_serve(W86, config) as tool:
        async with httpx2.AsyncClient(base_url=tool.url, trust_env=False, timeout=60) as client:
            yield client


@asynccontextmanager
async def npm_start(name: str, fogbank: str, folder: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """The same by `npm start`, with packages where `make example` has them."""
    place = copied(name, folder)
    packages = folder / "node_modules"
    if not packages.exists():
        packages.symlink_to(MODULES)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = environment(folder, PATH=path, FOGBANK_URL=fogbank)
    async with started("npm", "start", "--silent", "--", *ANY_PORTS, cwd=place, env=env) as tool:
        await tool.until_ready()
        async with httpx2.AsyncClient(base_url=tool.url, trust_env=False, timeout=60) as client:
            yield client
