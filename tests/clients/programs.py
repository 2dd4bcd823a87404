"""Runs client programs as a user does: a process of their own, with only the server's address.

`tests/clients/node` holds those for Node, `tests/clients/python` those whose packages cannot live
beside vLLM's. Each prints one JSON value, which is what the test looks at.
"""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
NODE = HERE / "node"
PYTHON = Path(sys.prefix) / "clients" / "bin" / "python"
SECONDS = 240

needs_node = pytest.mark.skipif(
    shutil.which("node") is None or not (NODE / "node_modules").is_dir(),
    reason="needs Node 20 or later and its packages: scripts/setup_clients.py",
)
needs_python_clients = pytest.mark.skipif(
    not PYTHON.is_file(), reason="needs the Python clients: scripts/setup_clients.py"
)


async def node(program: str, url: str, *arguments: str) -> Any:
    """What `node/<program>` prints."""
    return await _printed("node", NODE / program, url, *arguments)


async def python(program: str, url: str, *arguments: str) -> Any:
    """What `python/<program>` prints, in the environment of the Python clients."""
    return await _printed(PYTHON, HERE / "python" / program, url, *arguments)


async def _printed(*command: str | Path) -> Any:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=_environment(),
        cwd=NODE,
    )
    try:
        async with asyncio.timeout(SECONDS):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, f"{command[1]}:\n{out.decode()}\n{err.decode()}"
    return json.loads(out.decode().strip().splitlines()[-1])


def _environment() -> dict[str, str]:
    """Nothing of this machine's proxies or accounts."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "HF_HUB_OFFLINE": "1", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
