"""`fogbank ps | stop | rm`: what a running server has loaded, and what lies on the disk."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from fogbank.catalog.catalog import Catalog, resolve_profile
from fogbank.catalog.profile import Profile
from fogbank.cli.client import Client, Key, Url
from fogbank.cli.common import (
    DataDir,
    ProfileName,
    catalog_of,
    fail,
    find_models,
    hint_of_model,
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


def ps(url: Url = None, key: Key = None) -> None:
    """Show what a running server has loaded, and how busy it is."""
    with Client(settings(url=url, key=key)) as client:
        answer = client.get("/fogbank/engines")
    table = Table(title=f"{client.url}: profile {answer['profile']}", title_justify="left")
    for heading in ("Engine", "Kind", "State", "Running", "Waiting", "Restarts", "Models"):
        table.add_column(heading)
    for row in answer["engines"]:
        counts = (str(row[name]) for name in ("running", "waiting", "restarts"))
        table.add_row(row["name"], row["engine"], row["state"], *counts, str(len(row["models"])))
    Console().print(table)
    for row in answer["engines"]:
        if row["error"]:
            typer.echo(f"{row['name']}: {row['error']}")


def stop(model: ModelOrEngine, url: Url = None, key: Key = None, data_dir: DataDir = None) -> None:
    """Unload a model from a running server's memory.

    Every model on the same engine goes with it; the next request loads it again.
    """
    config = settings(url=url, key=key, data_dir=data_dir)
    with told():
        catalog = catalog_of(config)
    with Client(config) as client:
        rows = client.get("/fogbank/engines")["engines"]
        _unload(client, _holding(model, rows, catalog))


def _holding(model: str, rows: list[dict[str, Any]], catalog: Catalog) -> dict[str, Any]:
    """The row of the engine that has this name, or that answers for this model."""
    names = {model, *find_models(catalog, model)}
    found = [row for row in rows if row["name"] == model] or [
        row for row in rows if names & set(row["models"])
    ]
    if not found:
        hint = hint_of_model(catalog, model) if len(names) == 1 else ""
        fail(f"the server has no model or engine {model!r}{hint}; see 'fogbank ps'")
    if len(found) > 1:
        fail(f"{model!r} is on several engines: {', '.join(row['name'] for row in found)}")
    return found[0]


def _unload(client: Client, row: dict[str, Any]) -> None:
    if row["state"] == "unloaded":
        typer.echo(f"{row['name']} is not loaded.")
        return
    client.post(f"/fogbank/engines/{row['name']}/unload")
    others = len(row["models"]) - 1
    shared = f" ({others} other models use it)" if others > 0 else ""
    typer.echo(f"Unloading {row['name']}{shared}.")


def rm(
    model: ModelOrEngine,
    profile: ProfileName = None,
    data_dir: DataDir = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a model's weights from this machine.

    'fogbank pull' brings them back.
    """
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
        fail(f"profile {profile.name} does not serve {name}")
    return served.engine
