"""The production way of docs/workerd.md: wrangler bundles, `unpack.cjs` unpacks, workerd serves."""

import functools
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import copy, copytree
from urllib.parse import urlsplit

from fogbank.settings import worker_files
from tests.workers.tools import Started, Wrangler, environment, free_port, listening, started
from tests.workers.worlds import WITNESS

PROJECT = Path(__file__).with_name("on_premises")
FILES = worker_files() / "workerd"
CONFIG = FILES / "config.capnp"
ADD = bytes.fromhex(
    "0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b"
)
"""A WebAssembly module whose `add` adds two integers."""


def project(home: Path) -> Path:
    """The Worker of these tests as its developer has it."""
    folder = copytree(PROJECT, home / "project")
    copy(WITNESS, folder / "witness.mjs")
    (folder / "add.wasm").write_bytes(ADD)
    (folder / "three.bin").write_bytes(b"\0\xff\n")
    return folder


def bundle(wrangler: Wrangler, folder: Path) -> Path:
    """What `wrangler deploy --dry-run --outfile` writes for a project."""
    command = (*wrangler.command, "deploy", "--dry-run", "--outfile", "worker.bundle")
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "worker.bundle"


def unpack(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`node unpack.cjs` with these arguments."""
    return subprocess.run(
        ["node", FILES / "unpack.cjs", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def secrets(home: Path, authorization: str = "") -> Path:
    """The folder of the one file that tells workerd the key; exactly this text is in it."""
    folder = home / "secrets"
    folder.mkdir(exist_ok=True)
    (folder / "authorization").write_text(authorization)
    return folder


@functools.cache
def runtime(wrangler: Wrangler) -> Path:
    """The program itself; `bin/workerd` may be a script of Node around it."""
    package = wrangler.workerd.parent.parent
    asked = ["node", "-p", "require(process.argv[1]).default", str(package)]
    return Path(subprocess.check_output(asked, text=True, timeout=60).strip())


def command(
    wrangler: Wrangler, unpacked: Path, hidden: Path, fogbank: str, place: str
) -> tuple[str | Path, ...]:
    """`workerd serve` as the page has it; `place` is the option that says where it listens."""
    address = f"--external-addr=fogbank={urlsplit(fogbank).netloc}"
    folders: tuple[str | Path, ...] = ("-I", unpacked, "-I", hidden)
    return (runtime(wrangler), "serve", *folders, address, place, CONFIG)


@asynccontextmanager
async def serving(
    wrangler: Wrangler,
    unpacked: Path,
    hidden: Path,
    fogbank: str,
    *,
    environ: Mapping[str, str] | None = None,
    listening_on: socket.socket | None = None,
) -> AsyncIterator[Started]:
    """A running Worker whose AI is the Fogbank at a URL; its own `url` is where it answers.

    With `listening_on` it accepts there, as it does where systemd hands it a socket.
    """
    port = listening_on.getsockname()[1] if listening_on else free_port()
    keep: Sequence[int] = [listening_on.fileno()] if listening_on else []
    place = f"--socket-fd=http={keep[0]}" if keep else f"--socket-addr=http=127.0.0.1:{port}"
    line = command(wrangler, unpacked, hidden, fogbank, place)
    env = environment(hidden, **(environ or {}))
    async with started(*line, cwd=unpacked, env=env, keep=keep) as tool:
        tool.url = f"http://127.0.0.1:{port}"
        await listening(port, tool)
        yield tool
