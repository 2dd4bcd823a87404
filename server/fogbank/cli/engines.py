"""`fogbank ps | stop | rm`: what a running server has loaded, and what lies on the disk."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fogbank.catalog.catalog import Catalog, resolve_profile
from fogbank.catalog.profile import Profile
from fogbank.cli.client import DEFAULT_URL, Client, Key, Url
from fogbank.cli.common import (
    DataDir,
    ProfileName,
    catalog_of,
    model_name,
    profile_of,
    settings,
    told,
)
from fogbank.weights.lock import engine_folder, pinned, read_lock
from fogbank.weights.store import WeightsStore

ModelOrEngine = Annotated[
    str, typer.Argument(help="A model's name, or an engine's as ps shows it.")
]


def ps(url: Url = DEFAULT_URL, key: Key = None) -> None:
    """Show the engines of a running server: state, requests running and waiting."""
    answer = Client(url, key).get("/fogbank/engines")
    table = Table(title=f"{url}: profile {answer['profile']}", title_justify="left")
    for heading in ("Engine", "Kind", "State", "Running", "Waiting", "Restarts", "Models"):
        table.add_column(heading)
    for row in answer["engines"]:
        state = row["state"] + (f": {row['error']}" if row["error"] else "")
        counts = (str(row[name]) for name in ("running", "waiting", "restarts"))
        table.add_row(row["name"], row["engine"], state, *counts, str(len(row["models"])))
    Console().print(table)


def stop(model: ModelOrEngine, url: Url = DEFAULT_URL, key: Key = None) -> None:
    """Unload a model from a running server's memory; the next request loads it again."""
    client = Client(url, key)
    rows = client.get("/fogbank/engines")["engines"]
    for row in rows:
        short = {name.rsplit("/", 1)[-1] for name in row["models"]}
        if model == row["name"] or model in row["models"] or model in short:
            client.post(f"/fogbank/engines/{row['name']}/unload")
            others = len(row["models"]) - 1
            shared = f" ({others} other models use it)" if others else ""
            typer.echo(f"Unloading {row['name']}{shared}.")
            return
    typer.echo(f"fogbank: the server has no model or engine {model!r}; see 'fogbank ps'", err=True)
    raise typer.Exit(1)


def rm(
    model: ModelOrEngine,
    profile: ProfileName = None,
    data_dir: DataDir = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a model's weights from this machine; `fogbank pull` brings them back."""
    config = settings(profile=profile, data_dir=data_dir)
    with told():
        catalog = catalog_of(config)
        chosen = profile_of(config, catalog)
        engine = _engine_of(model, catalog, chosen)
        store = WeightsStore(config.data_dir)
        weights = chosen.engines[engine].weights
        if weights is None or not engine_folder(chosen, engine, store):
            typer.echo(f"The weights of {engine} are not on this machine.")
            return
        weights = pinned(read_lock(store, chosen.name), engine, weights)
        if not yes:
            typer.confirm(f"Delete {store.path_for(weights)}?", abort=True)
        store.remove(weights)
    typer.echo(f"Deleted the weights of {engine}.")


def _engine_of(model: str, catalog: Catalog, profile: Profile) -> str:
    if model in profile.engines:
        return model
    name = model_name(catalog, model)
    served = resolve_profile(profile, catalog).get(name)
    if served is None:
        typer.echo(f"fogbank: profile {profile.name} does not serve {name}", err=True)
        raise typer.Exit(2)
    return served.engine
