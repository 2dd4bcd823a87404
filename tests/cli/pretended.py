"""Node, wrangler and servers as far as `fogbank worker` sees them.

The pretended Node runs Python, and so is the "JavaScript" of the pretended wrangler.
"""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

WRANGLER = """
import json, os, sys
seen = {"arguments": sys.argv[1:], "cwd": os.getcwd(), "env": dict(os.environ)}
with open(os.environ["SEEN"], "w") as file:
    json.dump(seen, file)
sys.exit(int(os.environ.get("STATUS", "0")))
"""
SERVER = """
import json, os, sys
with open(os.environ["SERVED"], "w") as file:
    json.dump({"arguments": sys.argv[1:], "level": os.environ.get("FOGBANK_LOG_LEVEL")}, file)
print("Fogbank, profile test")
print("Listening on " + os.environ["STAND_IN"] + "   ready when", flush=True)
sys.stdin.read()
os.rename(os.environ["SERVED"], os.environ["SERVED"] + ".ended")
"""


@dataclass(frozen=True)
class Box:
    """A folder with a Worker's project and a `bin` that is all of PATH."""

    folder: Path

    @property
    def project(self) -> Path:
        return self.folder / "project"

    @property
    def bin(self) -> Path:
        return self.folder / "bin"

    @property
    def seen(self) -> dict[str, Any]:
        """What the pretended wrangler was started with."""
        seen: dict[str, Any] = json.loads((self.folder / "seen.json").read_text())
        return seen

    @property
    def started(self) -> bool:
        """Whether the pretended wrangler was started."""
        return (self.folder / "seen.json").exists()

    def node(self, release: str = "20.20.2") -> None:
        """Puts a Node on PATH."""
        script = (
            f'#!/bin/sh\n[ "$1" = --version ] && echo v{release} && exit\n'
            f'exec "{sys.executable}" "$@"\n'
        )
        write_program(self.bin / "node", script)

    def config(self, name: str = "wrangler.toml") -> None:
        """Makes the folder a Worker's project."""
        (self.project / name).write_text("")

    def wrangler(
        self, release: str = "4.86.0", node: str = ">=20.3.0", program: str = WRANGLER
    ) -> Path:
        """Installs a wrangler in the project; its folder."""
        return install(self.project, release, node, program)


def box(folder: Path) -> Box:
    """A box with a Node and a project, in which no wrangler is installed yet."""
    made = Box(folder)
    made.project.mkdir()
    made.bin.mkdir()
    made.node()
    made.config()
    return made


def install(project: Path, release: str, node: str = ">=20.3.0", program: str = WRANGLER) -> Path:
    """A package `wrangler` in the project's `node_modules`; its folder."""
    package = project / "node_modules" / "wrangler"
    (package / "bin").mkdir(parents=True)
    (package / "bin" / "wrangler.js").write_text(program)
    content = {
        "name": "wrangler",
        "version": release,
        "engines": {"node": node},
        "bin": {"wrangler": "./bin/wrangler.js"},
    }
    (package / "package.json").write_text(json.dumps(content))
    return package


def write_program(path: Path, text: str) -> Path:
    """A script that can be run."""
    path.write_bytes(text.encode(errors="surrogateescape"))
    path.chmod(0o755)
    return path


@contextmanager
def answering(status: int, body: bytes, key: str | None = None, **headers: str) -> Iterator[str]:
    """The address of a server that answers every GET so; to others than `key` with 401."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = key is None or self.headers.get("authorization") == f"Bearer {key}"
            self.send_response(status if known else 401)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body if known else b'{"errors": [{"message": "Who is this?"}]}')

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


FOGBANK = b'{"profile": "test", "models": []}'
