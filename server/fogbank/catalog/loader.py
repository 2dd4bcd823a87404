"""Reads the catalogue: the package's cards and profiles, then the operator's.

`<package data>/models/*.yaml`, `<package data>/profiles/*.yaml`, then `<data dir>/cards/*.yaml`
and `<data dir>/profiles/*.yaml`. An operator's card of a known name changes only the keys that it
gives; an operator's profile of a known name takes the place of the packaged one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from fogbank.catalog.card import Card
from fogbank.catalog.catalog import Catalog
from fogbank.catalog.check import check_cards, check_options, check_profiles
from fogbank.catalog.document import Document, read_document
from fogbank.catalog.expected import explain
from fogbank.catalog.mistakes import CatalogError, Mistake
from fogbank.catalog.profile import Profile

_Model = TypeVar("_Model", Card, Profile)


@dataclass(slots=True)
class Layered(Generic[_Model]):
    """What was read of one kind, by name, with the file that each comes from."""

    items: dict[str, _Model] = field(default_factory=dict)
    sources: dict[str, Document] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)


def load_catalog(package_data: Path, data_dir: Path | None = None) -> Catalog:
    """Every card and profile. Raises CatalogError with all mistakes of all files."""
    operator = [data_dir / "cards", data_dir / "profiles"] if data_dir else [None, None]
    cards = _read_layers(Card, [package_data / "models", operator[0]], merge=True)
    profiles = _read_layers(Profile, [package_data / "profiles", operator[1]], merge=False)
    mistakes = cards.mistakes + profiles.mistakes
    schemas = [root / "schemas" for root in (package_data, data_dir) if root]
    mistakes += check_cards(cards.items, cards.sources, schemas)
    mistakes += check_options(profiles.items, profiles.sources)
    if not cards.mistakes:  # a card that could not be read would be reported as missing
        mistakes += check_profiles(profiles.items, profiles.sources, cards.items)
    if mistakes:
        raise CatalogError(mistakes)
    return Catalog(cards.items, profiles.items)


def _read_layers(
    model: type[_Model], folders: Iterable[Path | None], merge: bool
) -> Layered[_Model]:
    result: Layered[_Model] = Layered()
    raw: dict[str, dict[str, Any]] = {}
    for folder in folders:
        seen: dict[str, Document] = {}
        for document in _documents(folder):
            result.mistakes += document.mistakes
            if document.mistakes:
                continue
            data = document.data
            name = data.get("name") if isinstance(data, dict) else None
            if isinstance(name, str) and name in seen:
                result.mistakes.append(
                    document.mistake(("name",), f"{name} is already in {seen[name].file}")
                )
                continue
            if isinstance(name, str):
                seen[name] = document
                if merge and name in raw:
                    data = raw[name] | data
            item = _validated(model, document, data, result.mistakes)
            if item is not None:
                raw[item.name], result.items[item.name] = data, item
                result.sources[item.name] = document
    return result


def _documents(folder: Path | None) -> list[Document]:
    if folder is None or not folder.is_dir():
        return []
    files = (*folder.glob("*.yaml"), *folder.glob("*.yml"))
    return [read_document(file) for file in sorted(files)]


def _validated(
    model: type[_Model], document: Document, data: Any, mistakes: list[Mistake]
) -> _Model | None:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            mistakes.append(document.mistake(*explain(model, detail)))
    return None
