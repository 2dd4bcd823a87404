"""Runs wrangler against a server: no account, no login, nothing that leaves this machine."""

import asyncio
import os
import re
from dataclasses import dataclass
from pathlib import Path

from tests.clients.programs import NODE
from tests.server import ACCOUNT

WRANGLER = NODE / "node_modules" / ".bin" / "wrangler"
PRELOAD = NODE / "loopback_only.cjs"


@dataclass
class Said:
    """What a command printed, without colours, and how it ended."""

    text: str
    status: int


async def wrangler(url: str, home: Path, *arguments: str, **environment: str) -> Said:
    """Runs a command; `url` is the server's address, `home` an empty folder of its own.

    Fails where wrangler tried to reach anything but this machine.
    """
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    left_for = home / "left-for"
    process = await asyncio.create_subprocess_exec(
        *(str(WRANGLER), *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=home,
        env={
            **kept,
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home),
            "CLOUDFLARE_API_BASE_URL": f"{url}/client/v4",
            "CLOUDFLARE_API_TOKEN": "any",
            "CLOUDFLARE_ACCOUNT_ID": ACCOUNT,
            "WRANGLER_SEND_METRICS": "false",
            "WRANGLER_SEND_ERROR_REPORTS": "false",
            "WRANGLER_HIDE_BANNER": "true",  # the banner looks for a newer wrangler
            "CI": "1",
            "NODE_OPTIONS": f"--require {PRELOAD}",
            "LEFT_FOR": str(left_for),
            **environment,
        },
    )
    try:
        async with asyncio.timeout(60):
            out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert not left_for.exists(), left_for.read_text()
    return Said(re.sub(r"\x1b\[[0-9;]*m", "", out.decode()), process.returncode or 0)
