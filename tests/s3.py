"""A real S3 interface for the tests: moto's server, on a free port of loopback."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import httpx2
import pytest
from obstore.store import S3Store

PROGRAM = Path(sys.prefix) / "clients" / "bin" / "moto_server"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
_numbers = count(1)


class Bucket:
    """An empty bucket of a running server."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.name = f"bucket{next(_numbers)}"
        made = httpx2.put(f"{endpoint}/{self.name}", trust_env=False)
        assert made.status_code == 200, made.text

    @property
    def url(self) -> str:
        """What `artifacts_url` is set to."""
        return f"s3://{self.name}/some/prefix?endpoint={self.endpoint}"

    def read(self, key: str) -> bytes:
        """The content of an object."""
        return bytes(self._store().get(key).bytes())

    def write(self, key: str, content: bytes) -> None:
        """Gives an object another content."""
        self._store().put(key, content)

    def _store(self) -> S3Store:
        return S3Store(
            self.name,
            endpoint=self.endpoint,
            region="us-east-1",
            client_options={"allow_http": True},
            access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )


@contextmanager
def serving_s3() -> Iterator[str]:
    """The endpoint of a server of its own; the test is skipped where none is installed."""
    if not PROGRAM.is_file():
        pytest.skip("moto_server is not installed (python scripts/setup_clients.py)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [PROGRAM, "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **CREDENTIALS},
    )
    try:
        end = time.monotonic() + 60
        while not _answers(port):
            assert process.poll() is None, f"moto_server ended with {process.returncode}"
            assert time.monotonic() < end, "moto_server does not answer"
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/", trust_env=False).status_code < 500
    except httpx2.TransportError:
        return False
