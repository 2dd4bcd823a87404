"""What the commands share: settings from flags, the catalogue, and how a mistake is told."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError

from fogbank.catalog.catalog import Catalog, resolve_profile
from fogbank.catalog.check import hint
from fogbank.catalog.hardware import NoProfile, choose_profile, detect
from fogbank.catalog.loader import load_catalog
from fogbank.catalog.mistakes import CatalogError
from fogbank.catalog.profile import Profile
from fogbank.cost.prices import PriceBook, PriceTable
from fogbank.deployments.description import Description, load_descriptions
from fogbank.settings import Settings, package_data, variable, words
from fogbank.weights.errors import WeightsError

MISTAKE = 2
"""Exit status where the user must change something first; 1 is for what may pass by itself."""


def flag(name: str) -> Any:
    """The option of a setting: its flag, environment variable and help in one place."""
    field = Settings.model_fields[name]
    option = f"--{name.replace('_', '-')}"
    if field.default is True:
        option += f"/--no-{name.replace('_', '-')}"
    default = field.default
    if default is True:
        default = "on"
    return typer.Option(
        option,
        envvar=variable(name),
        help=field.description,
        show_default=str(default) if default and isinstance(default, str | int | float) else False,
        case_sensitive=False,
    )


DataDir = Annotated[Path | None, flag("data_dir")]
ProfileName = Annotated[str | None, flag("profile")]


def fail(message: str, status: int = MISTAKE) -> NoReturn:
    """Ends the command with a message on stderr."""
    typer.echo(f"fogbank: {message}", err=True)
    raise typer.Exit(status)


def settings(**given: Any) -> Settings:
    """The settings, with the flags that were given. Ends the command when one is wrong."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        problems = [
            f"setting {name} ({variable(name)}): {problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors()
            for name in [str(problem["loc"][0])]
        ]
    fail("\nfogbank: ".join(problems))


@contextmanager
def told() -> Iterator[None]:
    """Turns what the user can mend into a message on stderr.

    Exit status 2 for a mistake in cards, profiles or what was asked for, 1 where the disk, the
    network or another process is in the way.
    """
    try:
        yield
    except (CatalogError, NoProfile) as error:
        fail(str(error))
    except (WeightsError, OSError) as error:
        fail(str(error), 1)


@contextmanager
def database(config: Settings) -> Iterator[Path]:
    """The file of the keys; a file that is none, or cannot be written, ends the command."""
    path = config.data_dir / "fogbank.db"
    try:
        with told():
            yield path
    except sqlite3.Error as error:
        fail(f"the database of the API keys cannot be used: {error}\n  at: {path}", 1)


def catalog_of(config: Settings) -> Catalog:
    """Every card and profile, packaged and the operator's own. Raises CatalogError."""
    return load_catalog(package_data(), config.data_dir)


def profile_of(config: Settings, catalog: Catalog) -> Profile:
    """The profile that was asked for, else the one that suits the hardware."""
    if config.profile is None:
        return choose_profile(list(catalog.profiles.values()), detect())
    profile = catalog.profiles.get(config.profile)
    if profile is None:
        fail(f"no profile {config.profile!r}; there are: {', '.join(catalog.profiles)}")
    return profile


def descriptions_of(config: Settings, profile: Profile) -> dict[str, Description]:
    """The deployments that were asked for, set as this profile wants them."""
    described = load_descriptions(package_data(), config.data_dir, profile.deployments)
    asked = words(config.deployments)
    if asked in ({"all"}, {"none"}):
        return described if asked == {"all"} else {}
    for name in sorted(asked - set(described)):
        fail(f"no deployment {name!r}; there are: {', '.join(described)}")
    needed = {need for name in asked for need in described[name].needs}
    return {name: each for name, each in described.items() if name in asked | needed}


def price_table(book: PriceBook, asked: str | None) -> PriceTable:
    """The newest table, or that of a date as it was typed; the command ends where there is none."""
    if asked is None:
        return book.newest
    try:
        return book.of(date.fromisoformat(asked))
    except ValueError:
        fail(f"{asked!r} is no date such as 2026-08-28")
    except LookupError as error:
        fail(str(error))


def find_models(catalog: Catalog, name: str) -> list[str]:
    """Full names of the models that a name, an alias, or the last part of one may mean."""
    card = catalog.resolve(name)
    if card is not None:
        return [card.name]
    return [
        card.name
        for card in catalog.cards.values()
        if name in {_last_part(each) for each in (card.name, *card.aliases)}
    ]


def model_name(catalog: Catalog, name: str) -> str:
    """The full name of a model, also where its last part alone was given, or the command's end."""
    matches = find_models(catalog, name)
    if len(matches) == 1:
        return matches[0]
    if matches:
        fail(f"{name!r} may be one of: {', '.join(matches)}")
    fail(f"no model {name!r}{hint_of_model(catalog, name)}\n'fogbank models' lists them.")


def hint_of_model(catalog: Catalog, name: str) -> str:
    """`; did you mean ...?` where a name or a last part is near, else nothing."""
    known = [each for card in catalog.cards.values() for each in (card.name, *card.aliases)]
    return hint(name, known if "/" in name else [_last_part(each) for each in known])


def stand_ins(profile: Profile, catalog: Catalog) -> list[str]:
    """One line for each stand-in: what it stands in for."""
    groups: dict[str, list[str]] = {}
    for name, served in resolve_profile(profile, catalog).items():
        if served.stands_in:
            groups.setdefault(served.stands_in, []).append(name)
    return [f"{what} stands in for {shortened(names)}" for what, names in groups.items()]


def shortened(names: Sequence[str]) -> str:
    """The first three names, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _last_part(name: str) -> str:
    return name.rsplit("/", 1)[-1]
