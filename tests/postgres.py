"""A real PostgreSQL for the tests, on a Unix socket in a folder of its own; skipped without one."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import pytest

PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
_numbers = count(1)


def program(name: str) -> str | None:
    """Where a program of PostgreSQL's server is."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *map(str, PLACES)])
    return shutil.which(name, path=path)


class Postgres:
    """A cluster in `folder`, which its server's user owns; that is never root."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._as: dict[str, Any] = {}
        self._user = pwd.getpwuid(os.getuid()).pw_name
        if os.getuid() == 0:
            entry = _unprivileged()
            os.chown(folder, entry.pw_uid, entry.pw_gid)
            self._as = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
            self._user = entry.pw_name
        self._run("initdb", "-D", f"{folder}/data", "-A", "trust", "-N", "-E", "UTF8")

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"test{next(_numbers)}"
        self._run("createdb", "-h", str(self._folder), name)
        return f"postgresql://{self._user}@/{name}?host={self._folder}"

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        command = [program("postgres") or "postgres", "-D", f"{self._folder}/data"]
        command += ["-k", str(self._folder), "-c", "listen_addresses=", "-c", "fsync=off"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                **self._as,
            )
        end = time.monotonic() + 30
        while self._run("pg_isready", "-q", "-h", str(self._folder), check=False):
            assert time.monotonic() < end, (self._folder / "log").read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        """Ends it at once, whoever is connected."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)
            self._process = None

    def _run(self, name: str, *arguments: str, check: bool = True) -> int:
        command = [program(name) or name, *arguments]
        done = subprocess.run(
            command, check=False, capture_output=True, cwd=self._folder, **self._as
        )
        assert not (check and done.returncode), done.stderr.decode()
        return done.returncode


def _unprivileged() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("PostgreSQL does not run as root, and there is no other user")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running server; who stops it starts it again."""
    if not (program("initdb") and program("postgres")):
        pytest.skip("no PostgreSQL server is installed")
    if find_spec("psycopg") is None:
        pytest.skip("psycopg is not installed (the extra `postgres`)")
    folder = Path(tempfile.mkdtemp(prefix="fogbank-pg-"))
    try:
        server = Postgres(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)
