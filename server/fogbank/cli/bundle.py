"""`fogbank bundle`: weights for a machine without a network."""

from pathlib import Path
from typing import Annotated

import typer

from fogbank.cli.common import DataDir, ProfileName, catalog_of, profile_of, settings, told
from fogbank.weights import bundle as bundles
from fogbank.weights.store import WeightsStore


def bundle(
    file: Annotated[Path, typer.Argument(help="The bundle, a .tar file.")],
    take: Annotated[
        bool, typer.Option("--in", help="Take the bundle in instead of packing it.")
    ] = False,
    profile: ProfileName = None,
    data_dir: DataDir = None,
) -> None:
    """Pack a profile's weights into one file, or take such a file in on another machine.

    Here:   fogbank bundle weights.tar --profile gpu-1x80gb
    There:  fogbank bundle weights.tar --in
    """
    config = settings(profile=profile, data_dir=data_dir)
    store = WeightsStore(config.data_dir)
    with told():
        if take:
            report = bundles.unbundle(file, store)
        else:
            report = bundles.bundle(profile_of(config, catalog_of(config)), store, file)
    did = "Took in" if take else "Packed"
    typer.echo(f"{did} profile {report.profile}, {report.size / 1e6:,.0f} MB: {file}")
    for model in report.models:
        typer.echo(f"  {model}")
