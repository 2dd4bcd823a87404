"""Commands where there is no network but loopback, as `scripts/loopback_only.py` makes it."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOOPBACK_ONLY = (sys.executable, str(ROOT / "scripts" / "loopback_only.py"))


def skip_without_namespaces() -> None:
    """Skips the test where this machine lets nobody make a network namespace."""
    if shutil.which("unshare") is None:
        pytest.skip("needs `unshare`")
    tried = subprocess.run([*LOOPBACK_ONLY, "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"needs user namespaces: {tried.stderr.strip()}")


async def within(*command: str, env: Mapping[str, str]) -> tuple[int, str]:
    """Exit status and output of a command in the repository's root, without a network."""
    process = await asyncio.create_subprocess_exec(
        *LOOPBACK_ONLY,
        *command,
        cwd=ROOT,
        env=dict(env),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, out.decode()
