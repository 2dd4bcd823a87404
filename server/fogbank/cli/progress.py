"""Weights are fetched and assembled under the eyes of the user."""

import sys

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from fogbank.catalog.profile import Profile
from fogbank.settings import package_data
from fogbank.weights.lock import engine_folder
from fogbank.weights.pull import PullReport, pull
from fogbank.weights.store import WeightsStore


def pull_missing(profile: Profile, store: WeightsStore) -> PullReport | None:
    """Pulls what a profile lacks; says what stands in for what. None when nothing was missing."""
    present = all(
        spec.weights is None or engine_folder(profile, name, store)
        for name, spec in profile.engines.items()
    )
    return None if present else pull_shown(profile, store)


def pull_shown(profile: Profile, store: WeightsStore) -> PullReport:
    """Pulls with a bar on a terminal, with a line a step elsewhere."""
    for line in stand_ins(profile):
        typer.echo(line, err=True)
    with _Bars() as bars:
        return pull(profile, store, package_data=package_data(), progress=bars.update)


def stand_ins(profile: Profile) -> list[str]:
    """One line for each stand-in: what it stands in for."""
    told: dict[str, list[str]] = {}
    for name, served in [*profile.models.items(), *profile.families.items()]:
        if served.stands_in:
            told.setdefault(served.stands_in, []).append(name)
    return [f"{what} stands in for {', '.join(names)}" for what, names in told.items()]


class _Bars:
    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            disable=not self._live,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "_Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self, step: str, done: int, total: int | None) -> None:
        """A `weights.progress.Progress`."""
        if step not in self._tasks:
            self._tasks[step] = self._progress.add_task(step, total=total)
            if not self._live:
                typer.echo(f"{step} ...", err=True)
        self._progress.update(self._tasks[step], completed=done, total=total)
