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

from fogbank.catalog.catalog import Catalog
from fogbank.catalog.profile import Profile
from fogbank.cli.common import stand_ins
from fogbank.settings import package_data
from fogbank.weights.lock import engine_folder, unlocked
from fogbank.weights.pull import PullReport, pull
from fogbank.weights.store import WeightsStore


def pull_missing(profile: Profile, catalog: Catalog, store: WeightsStore) -> PullReport | None:
    """Pulls what a profile lacks; says what stands in for what. None when nothing was missing."""
    present = all(
        spec.weights is None or engine_folder(profile, name, store)
        for name, spec in profile.engines.items()
    )
    return None if present else pull_shown(profile, catalog, store)


def pull_shown(profile: Profile, catalog: Catalog, store: WeightsStore) -> PullReport:
    """Pulls with a bar on a terminal, with a line a step elsewhere."""
    typer.echo(f"Pulling profile {profile.name}: {profile.description}", err=True)
    for line in stand_ins(profile, catalog):
        typer.echo(f"  {line}", err=True)
    if moving := unlocked(profile, store):
        engines = ", ".join(moving)
        typer.echo(f"  Not yet locked to a commit of the hub, so locked now: {engines}", err=True)
    with Bars() as bars:
        return pull(profile, store, package_data=package_data(), progress=bars.update)


class Bars:
    """Shows a `weights.progress.Progress` on stderr."""

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

    def __enter__(self) -> "Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._hide_waits()
        self._progress.stop()

    def update(self, step: str, done: int, total: int | None) -> None:
        """A `weights.progress.Progress`."""
        if step not in self._tasks:
            self._hide_waits()
            self._tasks[step] = self._progress.add_task(step, total=total)
            if not self._live:
                typer.echo(f"{step} ...", err=True)
        self._progress.update(self._tasks[step], completed=done, total=total)

    def _hide_waits(self) -> None:
        """What has no known end would seem to go on for ever beside what came after it."""
        for task in self._progress.tasks:
            if task.total is None:
                self._progress.update(task.id, visible=False)
