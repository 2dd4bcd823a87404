"""Headless Chromium, driven by a program of `tests/clients/node` in a process of its own."""

import shutil
from typing import Any

import pytest

from tests.clients.programs import NODE, node

NAMES = ("chromium", "chromium-browser", "google-chrome")
FOUND = next(filter(None, map(shutil.which, NAMES)), None)

needs_chromium = pytest.mark.skipif(
    FOUND is None
    or shutil.which("node") is None
    or not (NODE / "node_modules" / "playwright-core").is_dir(),
    reason=f"needs one of {', '.join(NAMES)}, Node 20 and its packages: scripts/setup_clients.py",
)


async def browse(program: str, url: str, *arguments: str) -> Any:
    """What `node/<program>` prints, given the browser and the address."""
    assert FOUND is not None
    return await node(program, url, FOUND, *arguments)
