"""What the tests of `worker/` start: programs that end by themselves, and keyed servers."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fogbank.storage.keys import KeyStore
from tests.server import live, running, settings
from tests.workers.tools import COLOURS, environment, preloaded

SECONDS = 120


@dataclass(frozen=True)
class Ended:
    """A program that has ended."""

    status: int
    text: str
    """All that it printed, without colours."""


async def ended(*command: str | Path, cwd: Path, **more: str) -> Ended:
    """Runs a program to its end; `more` is environment."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=cwd,
        env=environment(cwd, **more),
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(SECONDS):
            text, _ = await process.communicate()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what it left behind, such as workerd, too
        await process.wait()
    assert process.returncode is not None
    return Ended(process.returncode, COLOURS.sub("", text.decode(errors="replace")))


@dataclass(frozen=True)
class Keyed:
    """A Fogbank on fake engines that asks for a key, and one that it takes."""

    url: str
    key: str

    @property
    def preloaded(self) -> dict[str, str]:
        """The environment by which wrangler comes to it."""
        return preloaded(self.url, self.key)


@asynccontextmanager
async def keyed(data_dir: Path) -> AsyncIterator[Keyed]:
    """On a loopback port, with the models of tests/server.py."""
    config = settings(data_dir, keys="always")
    async with running(config) as fogbank, live(fogbank.server) as url:
        store = KeyStore(config.data_dir / "fogbank.db")
        try:
            yield Keyed(url, store.create("worker"))
        finally:
            store.close()
