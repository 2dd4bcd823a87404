"""The real tools of Worker developers, started as they start them: wrangler, workerd, Node.

Nothing of this machine's accounts or proxies reaches them: no `CLOUDFLARE_*`, no `HTTP(S)_PROXY`,
and a home folder of their own.
"""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import socket
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from fogbank.settings import worker_files
from tests.clients.programs import NODE

MODULES = NODE / "node_modules"
NODE_22 = MODULES / "node-22" / "bin" / "node"
LOOPBACK_ONLY = NODE / "loopback_only.cjs"
TRIES = {"workers.cloudflare.com:443", "registry.npmjs.org:443"}
"""Where older releases look for an example of `request.cf` and for newer ones; they do without."""
PRELOAD = worker_files() / "preload.cjs"
ANY_PORTS = ("--port", "0", "--inspector-port", "0", "--show-interactive-dev-session=false")
"""What several of `wrangler dev` need to run at a time, with nobody who presses keys."""
READY_SECONDS = 90
COLOURS = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
READY = re.compile(r"Ready on (http://\S+)")

needs_workers = pytest.mark.skipif(
    shutil.which("node") is None or not (MODULES / "wrangler-4.47").is_dir(),
    reason="needs Node 20 or later and its packages: scripts/setup_clients.py",
)


@dataclass(frozen=True, slots=True)
class Wrangler:
    """A release of wrangler, with the Miniflare and workerd that it brings."""

    release: str
    folder: str
    node: str = "node"

    @property
    def script(self) -> Path:
        """What Node runs."""
        return MODULES / self.folder / "bin" / "wrangler.js"

    @property
    def workerd(self) -> Path:
        """The runtime's program."""
        return self._package("workerd") / "bin" / "workerd"

    @property
    def miniflare(self) -> Path:
        """The package that `require` would find from this wrangler."""
        return self._package("miniflare")

    @property
    def command(self) -> tuple[str, str]:
        """What starts it."""
        return self.node, str(self.script)

    def _package(self, name: str) -> Path:
        own = MODULES / self.folder / "node_modules" / name
        return own if own.is_dir() else MODULES / name


W3 = Wrangler("3.114", "wrangler-3")
W44 = Wrangler("4.44", "wrangler-4.44")
W47 = Wrangler("4.47", "wrangler-4.47")
W86 = Wrangler("4.86", "wrangler")
NEWEST = Wrangler("newest", "wrangler-newest", str(NODE_22))
"""The newest wrangler at the time of the lock; it needs Node 22, which the lock has for Linux."""

needs_node_22 = pytest.mark.skipif(not NODE_22.is_file(), reason="the lock has Node 22 for Linux")
EVERY_WRANGLER = [
    pytest.param(W47, id="4.47"),
    pytest.param(W86, id="4.86"),
    pytest.param(NEWEST, id="newest", marks=needs_node_22),
]
FEW_WRANGLERS = [
    pytest.param(W47, id="4.47", marks=pytest.mark.verify),
    *EVERY_WRANGLER[1:],
]
"""For what the recorded calls show with each release (tests/workers/capture)."""


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a developer's shell has without an account: PATH, a home, no metrics, no prompts.

    And a watch on Node: what would leave this machine fails, and is noted in the home.
    """
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    preloads = f"--require {LOOPBACK_ONLY} {more.pop('NODE_OPTIONS', '')}".strip()
    return {
        **kept,
        "NODE_OPTIONS": preloads,
        "LEFT_FOR": str(home / "left-for"),
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "XDG_CACHE_HOME": str(home),
        "CI": "1",
        "WRANGLER_SEND_METRICS": "false",
        "WRANGLER_SEND_ERROR_REPORTS": "false",
        "WRANGLER_HIDE_BANNER": "true",
        "CLOUDFLARE_CF_FETCH_ENABLED": "false",
        **more,
    }


def preloaded(url: str, key: str = "") -> dict[str, str]:
    """The environment by which a wrangler that is started by hand comes to the Fogbank at a URL."""
    keyed = {"FOGBANK_KEY": key} if key else {}
    return {"FOGBANK_URL": url, **keyed, "NODE_OPTIONS": f"--require {PRELOAD}"}


class Started:
    """A tool that runs; `text` is what it has printed so far, without colours."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.text = ""
        self.url = ""
        self._grown = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout
        while part := await self.process.stdout.read(65536):
            self.text += COLOURS.sub("", part.decode(errors="replace"))
            self._grown.set()
        self._grown.set()

    async def until(self, pattern: str | re.Pattern[str], seconds: float) -> re.Match[str]:
        """The match, once it was printed. Fails with what was printed when it does not come."""
        try:
            async with asyncio.timeout(seconds):
                while not (found := re.search(pattern, self.text)):
                    assert not self._reader.done(), f"it ended:\n{self.text}"
                    self._grown.clear()
                    await self._grown.wait()
        except TimeoutError:
            raise AssertionError(f"not within {seconds} s: {pattern}\n{self.text}") from None
        return found

    async def until_ready(self) -> None:
        """Returns once wrangler or Miniflare has said where the Worker answers, which is `url`."""
        self.url = (await self.until(READY, READY_SECONDS))[1].rstrip("/")

    async def end(self, number: signal.Signals = signal.SIGINT, seconds: float = 10) -> int:
        """Ends it as Ctrl-C does, then by force; its exit status."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        status = await self.process.wait()
        self._reader.cancel()
        return status


@asynccontextmanager
async def started(
    *command: str | Path, cwd: Path, env: Mapping[str, str], keep: Sequence[int] = ()
) -> AsyncIterator[Started]:
    """Runs a command in a process group of its own, which is gone at the end.

    It inherits the file descriptors of `keep`, under their numbers.
    Fails where the watch of `environment` noted that it tried to leave this machine.
    """
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=cwd,
        env=dict(env),
        pass_fds=keep,
        start_new_session=True,
    )
    tool = Started(process)
    try:
        yield tool
    finally:
        await tool.end()
    assert (tried := _tried(env)) <= TRIES, tried


def _tried(env: Mapping[str, str]) -> set[str]:
    """Where Node wanted to go beyond this machine."""
    left_for = Path(env.get("LEFT_FOR", os.devnull))
    return set(left_for.read_text().splitlines()) if left_for.exists() else set()


@asynccontextmanager
async def wrangler_dev(
    wrangler: Wrangler, project: Path, home: Path, *arguments: str, **more: str
) -> AsyncIterator[Started]:
    """`wrangler dev` in a project, on a free port; `url` is where the Worker answers.

    `arguments` follow `dev` (such as `--local`), `more` is environment.
    """
    command = (*wrangler.command, "dev", *ANY_PORTS, *arguments)
    async with started(*command, cwd=project, env=environment(home, **more)) as tool:
        await tool.until_ready()
        yield tool


@asynccontextmanager
async def workerd_serve(wrangler: Wrangler, config: Path) -> AsyncIterator[Started]:
    """`workerd serve` with a config whose socket is called `http`; on a free port."""
    port = free_port()
    place = f"--socket-addr=http=127.0.0.1:{port}"
    command = (wrangler.workerd, "serve", config, place)
    async with started(*command, cwd=config.parent, env=environment(config.parent)) as tool:
        tool.url = f"http://127.0.0.1:{port}"
        await listening(port, tool)
        yield tool


async def listening(port: int, tool: Started, seconds: float = 30) -> None:
    """Returns once something accepts connections on the port."""
    end = time.monotonic() + seconds
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            assert time.monotonic() < end, tool.text
            assert tool.process.returncode is None, tool.text
            await asyncio.sleep(0.05)
        else:
            writer.close()
            await writer.wait_closed()
            return


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
