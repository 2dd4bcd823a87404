"""The Workers of `examples/`, run as they are by a real `wrangler dev`."""

import os
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

import httpx2

from fogbank.settings import worker_files
from tests.workers.tools import (
    MODULES,
    READY,
    READY_SECONDS,
    W86,
    environment,
    started,
    wrangler_dev,
)

EXAMPLES = Path(__file__).parents[2] / "examples"
PORTABLE = ("chat", "json-extraction", "search", "tools")
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
    told = {"FOGBANK_URL": fogbank, "NODE_OPTIONS": f"--require {worker_files() / 'preload.cjs'}"}
    async with wrangler_dev(W86, place, folder, "--local", **told) as tool:
        async with httpx2.AsyncClient(base_url=tool.url, trust_env=False, timeout=60) as client:
            yield client


@asynccontextmanager
async def npm_start(name: str, fogbank: str, folder: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """The same by the one command of a person, with packages where `make example` has them."""
    place = copied(name, folder)
    packages = folder / "node_modules"
    if not packages.exists():
        packages.symlink_to(MODULES)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = environment(folder, PATH=path, FOGBANK_URL=fogbank)
    ports = ("--port", "0", "--inspector-port", "0")
    async with started("npm", "start", "--silent", "--", *ports, cwd=place, env=env) as tool:
        url = (await tool.until(READY, READY_SECONDS))[1]
        async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
            yield client
