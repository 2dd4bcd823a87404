"""`fogbank models`."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fogbank.catalog.catalog import resolve_profile
from fogbank.cli.common import DataDir, ProfileName, catalog_of, profile_of, settings, told
from fogbank.weights.lock import unlocked
from fogbank.weights.store import WeightsStore


def models(
    profile: ProfileName = None,
    data_dir: DataDir = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also models that this profile has no weights for.")
    ] = False,
) -> None:
    """List a profile's models and what really answers for each."""
    config = settings(profile=profile, data_dir=data_dir)
    with told():
        catalog = catalog_of(config)
        chosen = profile_of(config, catalog)
        moving = unlocked(chosen, WeightsStore(config.data_dir))
    served = resolve_profile(chosen, catalog)
    table = Table(title=f"Profile {chosen.name}: {chosen.description}", title_justify="left")
    for heading in ("Model", "Task", "Answered by"):
        table.add_column(heading, overflow="fold")
    for name, card in catalog.cards.items():
        if name in served:
            stand_in = served[name].stands_in
            answered = f"{stand_in} (stand-in)" if stand_in else served[name].engine
        elif everything:
            where = ", ".join(catalog.profiles_with(name))
            answered = f"not here; profiles: {where}" if where else "no profile has its weights"
        else:
            continue
        table.add_row(name, card.task, answered)
    Console().print(table)
    if moving:
        engines = ", ".join(moving)
        typer.echo(f"Not locked to a commit of the hub: {engines}. 'fogbank pull' locks them.")
