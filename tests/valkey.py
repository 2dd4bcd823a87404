"""A real Valkey or Redis for the tests, on a Unix socket in a folder; skipped without one."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest


def program() -> str | None:
    """The server's program."""
    return shutil.which("valkey-server") or shutil.which("redis-server")


class ValkeyServer:
    """A server that keeps nothing when it ends; `url` is where it is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = folder / "socket"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{self._socket}?db=0"

    def start(self) -> None:
        """Starts it and waits until it listens."""
        command = [program() or "", "--port", "0", "--unixsocket", str(self._socket)]
        command += ["--save", "", "--appendonly", "no", "--dir", str(self._folder)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        end = time.monotonic() + 30
        while not self._socket.exists():
            assert time.monotonic() < end, (self._folder / "log").read_text()
            time.sleep(0.02)

    def stop(self) -> None:
        """Ends it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            self._process = None
            self._socket.unlink(missing_ok=True)


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    """A running server; who stops it starts it again."""
    if program() is None:
        pytest.skip("no Valkey or Redis server is installed")
    if find_spec("valkey") is None:
        pytest.skip("valkey is not installed (the extra `valkey`)")
    folder = Path(tempfile.mkdtemp(prefix="fogbank-valkey-"))
    server = ValkeyServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)
