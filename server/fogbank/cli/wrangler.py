"""Wrangler and Node as a Worker's project has them, and what each release of wrangler needs."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fogbank.cli.common import fail

Version = tuple[int, int, int]

TESTED = ("3.114.17", "4.44.0", "4.47.0", "4.86.0", "4.164.0")
"""Oldest first; tests/workers runs each of them."""
NEWEST_FOR_NODE_20 = "4.86.0"
FIRST_TO_NEED_LOCAL: Version = (4, 37, 0)
"""From here on plain `wrangler dev` wants a login for `env.AI` (binding.md 2.F)."""
FIRST_WITHOUT_PROXY: Version = (4, 45, 0)
"""From here on wrangler has no `ai/run/proxy`, so its Miniflare is re-pointed (binding.md 2.A)."""
INSTALL = "npm install --save-dev wrangler"
SECONDS = 30


@dataclass(frozen=True, slots=True)
class Node:
    """A Node.js that can be run."""

    path: str
    release: str


@dataclass(frozen=True, slots=True)
class Wrangler:
    """A wrangler that can be run; `node` is the oldest Node that it says it works with."""

    release: str
    command: tuple[str, ...]
    node: Version = (0, 0, 0)

    @property
    def version(self) -> Version:
        """The release as numbers."""
        return numbers(self.release)

    @property
    def by_proxy(self) -> bool:
        """Whether it sends `env.AI` to Cloudflare's API, which an environment variable moves."""
        return (0, 0, 0) < self.version < FIRST_WITHOUT_PROXY

    @property
    def needs_local(self) -> bool:
        """Whether it asks for a login unless told `--local`."""
        return not self.by_proxy or self.version >= FIRST_TO_NEED_LOCAL

    @property
    def tested(self) -> bool:
        """Whether it lies between the oldest and the newest release that the tests run."""
        return numbers(TESTED[0]) <= self.version <= numbers(TESTED[-1])


def numbers(release: str) -> Version:
    """The first three numbers of a release; what is missing counts as 0."""
    found = re.search(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?", release)
    major, minor, patch = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    return major, minor, patch


def find_node() -> Node:
    """The Node on PATH; ends the command where there is none."""
    path = shutil.which("node")
    if path is None:
        fail("wrangler needs Node.js, and there is no 'node' on PATH. Get it from nodejs.org.")
    release = _printed(path, "--version").removeprefix("v")
    if numbers(release) == (0, 0, 0):
        fail(f"{path} does not tell its version. Is it Node.js?")
    return Node(path, release)


def find_wrangler(folders: Iterable[Path], node: str = "node") -> Wrangler | None:
    """The nearest of `node_modules/wrangler` in these folders, else the one on PATH, else None.

    A release before 3, which has no way to be pointed elsewhere, ends the command.
    """
    for folder in folders:
        package = folder / "node_modules" / "wrangler" / "package.json"
        if package.is_file():
            return _supported(_in_package(package, node))
    path = shutil.which("wrangler")
    return _supported(_on_path(Path(path))) if path else None


def check_node(wrangler: Wrangler, node: Node) -> None:
    """Ends the command where this Node is too old for this wrangler."""
    if numbers(node.release) >= wrangler.node:
        return
    needed = ".".join(str(number) for number in wrangler.node).removesuffix(".0")
    older = ""
    if numbers(node.release) >= (20, 3, 0) and wrangler.version > numbers(NEWEST_FOR_NODE_20):
        older = f",\nor install a wrangler that suits this one:  {INSTALL}@{NEWEST_FOR_NODE_20}"
    fail(
        f"wrangler {wrangler.release} needs Node {needed} or later; {node.path} is"
        f" {node.release}.\nInstall a newer Node and put it first on PATH{older}"
    )


def _in_package(package: Path, node: str) -> Wrangler:
    content = _json(package)
    entry = content.get("bin", {})
    script = package.parent / (entry if isinstance(entry, str) else entry.get("wrangler", ""))
    if not script.is_file():
        fail(f"{package.parent} is not a whole wrangler. Install it again:  {INSTALL}")
    needed = numbers(str(content.get("engines", {}).get("node", "")))
    return Wrangler(str(content.get("version", "")), (node, str(script)), needed)


def _on_path(path: Path) -> Wrangler:
    """A link into a package tells its version at once; what else may be called so is asked."""
    for folder in path.resolve().parents[:2]:
        package = folder / "package.json"
        if package.is_file() and (content := _json(package)).get("name") == "wrangler":
            needed = numbers(str(content.get("engines", {}).get("node", "")))
            return Wrangler(str(content.get("version", "")), (str(path),), needed)
    printed = re.search(r"\d+\.\d+\.\d+\S*", _printed(str(path), "--version"))
    if printed is None:
        fail(f"{path} does not tell its version. Install wrangler in the project:  {INSTALL}")
    return Wrangler(printed[0], (str(path),))


def _supported(wrangler: Wrangler) -> Wrangler:
    # Builds of wrangler's own pull requests are 0.0.0 and something; they are the newest.
    if wrangler.release.startswith("0.0.0-") or wrangler.version >= (3, 0, 0):
        return wrangler
    fail(
        f"wrangler {wrangler.release or 'of an unknown version'} cannot be pointed to this machine;"
        f" version 3 or later can:  {INSTALL}@4"
    )


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        fail(f"{path} cannot be read: {error}")
    return content if isinstance(content, dict) else {}


def _printed(*command: str) -> str:
    """What a program prints about itself; nothing where it fails."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        fail(f"{command[0]} does not run: {error}")
    return done.stdout.strip()


def arguments_of_dev(wrangler: Wrangler, given: Sequence[str]) -> list[str]:
    """What follows `wrangler`: `dev`, `--local` where it is needed, and the user's own."""
    local = {"--local", "-l"} & {argument.partition("=")[0] for argument in given}
    return ["dev", *(["--local"] if wrangler.needs_local and not local else []), *given]
