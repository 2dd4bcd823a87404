"""Reads the lock files and pyproject.toml."""

import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENT = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[^\s;\\]+)(?P<marker>\s*;[^\\]*)?")


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def lines(lock: str) -> list[str]:
    """One logical line for each requirement, its hashes included."""
    text = (ROOT / "requirements" / f"{lock}.lock").read_text()
    joined = text.replace("\\\n", " ")
    return [line for line in joined.splitlines() if line and not line.lstrip().startswith("#")]


def pins(lock: str, *, everywhere: bool = True) -> dict[str, str]:
    """Name to version; with `everywhere`, without those that a foreign platform alone gets."""
    found: dict[str, str] = {}
    for line in lines(lock):
        match = REQUIREMENT.match(line)
        assert match, line
        foreign = re.search(r"(==|in) '(s390x|win32|emscripten)", match["marker"] or "")
        if not (everywhere and foreign):
            found[match["name"]] = match["version"]
    return found
