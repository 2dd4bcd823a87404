"""What the commands share: settings from flags, the catalogue, and how a mistake is told."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from fogbank.catalog.catalog import Catalog
from fogbank.catalog.hardware import NoProfile, choose_profile, detect
from fogbank.catalog.loader import load_catalog
from fogbank.catalog.mistakes import CatalogError
from fogbank.catalog.profile import Profile
from fogbank.settings import Settings, package_data
from fogbank.weights.errors import WeightsError


def flag(name: str) -> Any:
    """The option of a setting: its flag, environment variable and help in one place."""
    text = Settings.model_fields[name].description
    variable = f"FOGBANK_{name.upper()}"
    return typer.Option(
        f"--{name.replace('_', '-')}", envvar=variable, help=text, show_default=False
    )


DataDir = Annotated[Path | None, flag("data_dir")]
ProfileName = Annotated[str | None, flag("profile")]


def settings(**given: Any) -> Settings:
    """The settings, with the flags that were given. Ends the command when one is wrong."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        for problem in error.errors():
            name = ".".join(str(part) for part in problem["loc"])
            typer.echo(
                f"fogbank: setting {name} (FOGBANK_{name.upper()}): {problem['msg']}", err=True
            )
        raise typer.Exit(2) from None


@contextmanager
def told() -> Iterator[None]:
    """Turns what the user can mend into a message on stderr and exit status 2."""
    try:
        yield
    except (CatalogError, NoProfile, WeightsError, OSError, sqlite3.Error) as error:
        typer.echo(f"fogbank: {error}", err=True)
        raise typer.Exit(2) from None


def catalog_of(config: Settings) -> Catalog:
    """Every card and profile, packaged and the operator's own. Raises CatalogError."""
    return load_catalog(package_data(), config.data_dir)


def profile_of(config: Settings, catalog: Catalog) -> Profile:
    """The profile that was asked for, else the one that suits the hardware."""
    if config.profile is None:
        return choose_profile(list(catalog.profiles.values()), detect())
    profile = catalog.profiles.get(config.profile)
    if profile is None:
        known = ", ".join(catalog.profiles)
        typer.echo(f"fogbank: no profile {config.profile!r}; there are: {known}", err=True)
        raise typer.Exit(2)
    return profile


def model_name(catalog: Catalog, name: str) -> str:
    """The full name of a model, also where its last part alone was given, or the command's end."""
    card = catalog.resolve(name)
    if card is not None:
        return card.name
    matches = [full for full in catalog.cards if full.rsplit("/", 1)[-1] == name]
    if len(matches) == 1:
        return matches[0]
    hint = f"did you mean one of: {', '.join(matches)}" if matches else "see 'fogbank models'"
    typer.echo(f"fogbank: no model {name!r}; {hint}", err=True)
    raise typer.Exit(2)
