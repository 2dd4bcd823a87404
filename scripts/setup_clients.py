"""Sets up the clients that tests/clients drives: Python ones in an environment of their own, and
those for Node, where Node is present. Standard library only; nothing to do is told at once.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON_LOCK = ROOT / "requirements" / "clients.lock"
NODE = ROOT / "tests" / "clients" / "node"
LOCKED: tuple[str | Path, ...] = ("--no-deps", "--require-hashes", "-r", PYTHON_LOCK)
PIP: tuple[str | Path, ...] = (
    "-m",
    "pip",
    "install",
    "--quiet",
    "--no-input",
    "--disable-pip-version-check",
    *LOCKED,
)


def python_clients(venv: Path) -> None:
    """Installs the locked clients into `venv`."""
    digest = hashlib.sha256(PYTHON_LOCK.read_bytes()).hexdigest()
    done = venv / "clients.sha256"
    if done.is_file() and done.read_text() == digest:
        return
    began = time.monotonic()
    base = getattr(sys, "_base_executable", sys.executable)
    subprocess.run([base, "-m", "venv", "--clear", venv], check=True)
    python = venv / "bin" / "python"
    # uv takes seconds where pip takes a minute, but does not know the indexes that pip is told.
    uv: list[str | Path] = [
        venv.parent / "bin" / "uv",
        "--system-certs",
        "--quiet",
        "pip",
        "install",
    ]
    failure = _run([*uv, "--python", python, *LOCKED], venv / "uv.log")
    if failure:
        failure = _run([python, *PIP], venv / "clients.log")
    if failure:
        raise SystemExit(f"\nsetup: the Python clients could not be installed {failure}")
    done.write_text(digest)
    _say(f"Python clients set up in {time.monotonic() - began:.0f} s")


def node_clients(folder: Path) -> None:
    """Installs the locked packages of `folder`, running none of their scripts."""
    lock = folder / "package-lock.json"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    done = folder / "node_modules" / ".clients.sha256"
    if done.is_file() and done.read_text() == digest:
        return
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        _say("Node is not here: the clients written for it are not tested (Node 20 or later)")
        return
    began = time.monotonic()
    # Not `npm ci`: it refuses a lock that lacks what only other platforms would install.
    command = [npm, "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"]
    if failure := _run(command, folder / "npm.log", folder):
        shutil.rmtree(folder / "node_modules", ignore_errors=True)
        _say(f"the clients for Node are not tested, npm could not install them: {failure}")
        return
    done.write_text(digest)
    _say(f"Node clients set up in {time.monotonic() - began:.0f} s")


def _run(command: Sequence[str | Path], log: Path, folder: Path = ROOT) -> str:
    """What the command said last, where it failed. npm reads the `.npmrc` of its `folder`."""
    with log.open("w") as file:
        done = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, cwd=folder)
    if not done.returncode:
        return ""
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-12:])
    return f"(whole log: {log})\n{tail}"


def _say(text: str) -> None:
    print(f"setup: {text}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Set up the clients of the tests.")
    parser.add_argument("--venv", type=Path, default=Path(".venv"))
    options = parser.parse_args()
    python_clients(ROOT / options.venv / "clients")
    node_clients(NODE)


if __name__ == "__main__":
    main()
