"""`fogbank bundle`: weights for a machine without a network."""

from pathlib import Path
from typing import Annotated

import typer

from fogbank.cli.common import DataDir, ProfileName, catalog_of, fail, profile_of, settings, told
from fogbank.cli.progress import Bars
from fogbank.weights import bundle as bundles
from fogbank.weights.store import WeightsStore


def bundle(
    file: Annotated[Path, typer.Argument(help="The bundle, a .tar file.")],
    take: Annotated[
        bool, typer.Option("--in", help="Take the bundle in instead of packing it.")
    ] = False,
    sha256: Annotated[
        str | None,
        typer.Option(help="With --in: what the bundle must be, as packing it has printed."),
    ] = None,
    profile: ProfileName = None,
    data_dir: DataDir = None,
) -> None:
    """Carry weights in one file to a machine without a network.

    \b
    Here:   fogbank bundle weights.tar --profile gpu-1x80gb
    There:  fogbank bundle weights.tar --in
    """  # noqa: D301
    if sha256 and not take:
        fail("--sha256 says what a bundle must be that is taken in; add --in")
    config = settings(profile=profile, data_dir=data_dir)
    store = WeightsStore(config.data_dir)
    with told(), Bars() as bars:
        if take:
            report = bundles.unbundle(file, store, bars.update, sha256)
        else:
            chosen = profile_of(config, catalog_of(config))
            report = bundles.bundle(chosen, store, file, bars.update)
    did = "Took in" if take else "Packed"
    typer.echo(f"{did} profile {report.profile}, {report.size / 1e6:,.1f} MB: {file}")
    for line in (*report.models, *report.notes):
        typer.echo(f"  {line}")
    if report.sha256:
        typer.echo(f"There: fogbank bundle {file.name} --in --sha256 {report.sha256}")
