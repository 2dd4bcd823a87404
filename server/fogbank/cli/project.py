"""A Worker's project, found as wrangler finds it: by its own arguments, else from the folder up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fogbank.cli.common import fail

CONFIGS = ("wrangler.json", "wrangler.jsonc", "wrangler.toml", ".wrangler/deploy/config.json")
"""The last is what a bundler leaves where it writes the real one elsewhere."""
SCRIPTS = frozenset({".js", ".cjs", ".mjs", ".jsx", ".ts", ".cts", ".mts", ".tsx", ".py"})


@dataclass(frozen=True, slots=True)
class Project:
    """`folder` holds the config, `start` is the folder that wrangler works in."""

    folder: Path
    start: Path

    @property
    def ancestors(self) -> Iterator[Path]:
        """Where Node looks for packages, nearest first; a folder may come twice."""
        for start in (self.folder, self.start):
            yield start
            yield from start.parents


def find_project(arguments: Sequence[str]) -> Project:
    """The project that `wrangler dev ARGUMENTS` would serve; ends the command where there is none.

    Wrangler takes the config that `--config` names, else the nearest one from the script's folder
    up, else from the working folder up.
    """
    start = Path(value_of(arguments, "--cwd") or ".").absolute()
    if not start.is_dir():
        fail(f"there is no folder {start}, which --cwd names")
    named = value_of(arguments, "--config", "-c")
    if named is not None:
        config = start / named
        if not config.is_file():
            fail(f"there is no file {config}, which --config names")
        return Project(config.parent, start)
    for origin in (*_folders_of_scripts(arguments, start), start):
        for folder in (origin, *origin.parents):
            if any((folder / name).is_file() for name in CONFIGS):
                return Project(folder, start)
    fail(
        f"no wrangler.toml, wrangler.json or wrangler.jsonc in {start} or a folder above it.\n"
        "Go to the Worker's project, or name its config with --config."
    )


def value_of(arguments: Sequence[str], *names: str) -> str | None:
    """What an option was given, as `--name value` or `--name=value`; the first time counts."""
    for place, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name in names:
            if equals:
                return value
            return arguments[place + 1] if place + 1 < len(arguments) else None
    return None


def _folders_of_scripts(arguments: Sequence[str], start: Path) -> Iterator[Path]:
    for argument in arguments:
        path = start / argument
        if not argument.startswith("-") and path.suffix in SCRIPTS and path.is_file():
            yield path.parent
