"""A real `fogbank serve` as a process: one of the embedded profile for a whole session.

A pytest plugin. The tests that use `embedded` run after all others, those marked `last` at the very
end, so that two vLLM engines seldom compete for a small machine. What the server logged is shown
with every failure.
"""

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, SIGTERM, default_int_handler, signal

import httpx2
import pytest

from fogbank.engines.child_processes import (
    SHARED_MEMORY,
    Child,
    alive,
    descendants,
    shared_memory_of,
    title,
)
from fogbank.settings import Settings

FOGBANK = (sys.executable, "-c", "from fogbank.cli import main; main()")
ADDRESS = re.compile(r"Listening on (http://\S+)")
LOG_LINES = 60
DRAIN = 12
"""Seconds that the embedded server gives to running requests once it is told to end."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "last: ends the server of the session; runs after all tests")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_turn)
    for item in items:
        if _turn(item) and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(600))  # the first one waits for the server


def _turn(item: pytest.Item) -> int:
    uses = "embedded" in getattr(item, "fixturenames", ())
    return uses + (item.get_closest_marker("last") is not None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    server = getattr(item, "funcargs", {}).get("embedded")
    if report.failed and isinstance(server, RealServer):
        report.sections.append(("log of the real server", server.last_words()))
    return report


@dataclass
class RealServer:
    """A running `fogbank serve`, its log, and where it listens."""

    process: subprocess.Popen[bytes]
    log: Path
    url: str

    def web(self, seconds: float = 120) -> httpx2.AsyncClient:
        """A client of it that may open any number of connections."""
        limits = httpx2.Limits(max_connections=None)
        return httpx2.AsyncClient(
            base_url=self.url, timeout=seconds, trust_env=False, limits=limits
        )

    def children(self) -> set[Child]:
        """Its processes besides itself."""
        return descendants(self.process.pid)

    def vllm(self) -> list[Child]:
        """EngineCore first, then its workers; none where no vLLM is installed."""
        found = [child for child in self.children() if title(child).startswith("VLLM::")]
        return sorted(found, key=lambda child: child.started)

    def last_words(self) -> str:
        """The end of its log."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-LOG_LINES:])

    def ended(self, children: set[Child], shared_memory: set[str], seconds: float = 60) -> None:
        """Waits for its end, which must be clean and leave nothing behind."""
        assert self.process.wait(seconds) == 0, self.last_words()
        assert wait_until(lambda: not any(alive(child) for child in children), 2), children
        left = set(os.listdir(SHARED_MEMORY)) if SHARED_MEMORY.is_dir() else set()
        assert not shared_memory & left

    def end(self) -> None:
        """SIGTERM, then `ended`."""
        children = self.children()
        shared_memory = shared_memory_of(children)
        self.process.terminate()
        self.ended(children, shared_memory)

    def kill(self) -> None:
        """The end of what has not ended by itself."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, SIGKILL)
        self.process.wait()


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether it came true in that time."""
    end = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return met


def environment() -> dict[str, str]:
    """This process's, without settings of a Fogbank, and with the package on the path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FOGBANK_")}
    return {**kept, "PYTHONPATH": os.pathsep.join(sys.path)}


@contextmanager
def serving(data_dir: Path, log: Path, *arguments: str, seconds: float) -> Iterator[RealServer]:
    """A server that has become ready within `seconds`; killed at the end if it still runs."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*FOGBANK, "serve", "--port", "0", "--data-dir", str(data_dir), *arguments],
            env=environment(),
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = RealServer(process, log, "")
    try:
        ready = wait_until(lambda: process.poll() is not None or _is_ready(server), seconds)
        assert ready, f"not ready after {seconds} s:\n{server.last_words()}"
        assert process.poll() is None, server.last_words()
        yield server
    finally:
        server.kill()


def _is_ready(server: RealServer) -> bool:
    found = ADDRESS.search(server.log.read_text(errors="replace"))
    if not found:
        return False
    server.url = found[1]
    try:
        response = httpx2.get(f"{server.url}/health/ready", trust_env=False)
    except httpx2.TransportError:
        return False
    failed = {
        name: model["error"]
        for name, model in response.json()["models"].items()
        if model["state"] == "failed"
    }
    assert not failed, failed
    return response.status_code == 200


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """The embedded profile on real weights, in the data directory of this machine's Fogbank.

    Weights that are missing are pulled by the server. It must end cleanly, and does so too when
    this session is ended by SIGTERM.
    """
    signal(SIGTERM, default_int_handler)
    log = tmp_path_factory.mktemp("server") / "log"
    options = ("--profile", "embedded", "--keys", "never", "--drain", str(DRAIN))
    with serving(Settings().data_dir, log, *options, seconds=540) as server:
        yield server
        if server.process.poll() is None:
            server.end()


@pytest.fixture
async def web(embedded: RealServer) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the embedded server."""
    async with embedded.web() as client:
        yield client


@pytest.fixture
def command_line(embedded: RealServer) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command line, talking to the embedded server."""

    def command(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*FOGBANK, *arguments],
            env={**environment(), "FOGBANK_URL": embedded.url, "COLUMNS": "200"},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return command


async def running(web: httpx2.AsyncClient, engine: str = "smollm2") -> int:
    """`fogbank_requests_running` of an engine, as /metrics tells it."""
    text = (await web.get("/metrics")).text
    found = re.search(rf'^fogbank_requests_running{{engine="{engine}"}} (\S+)$', text, re.M)
    assert found, text
    return int(float(found[1]))


async def until_running(web: httpx2.AsyncClient, count: int, seconds: float = 30) -> float:
    """How long it took until the text engine ran so many requests. Raises TimeoutError."""
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        while await running(web) != count:
            await asyncio.sleep(0.02)
    return time.monotonic() - began
