"""A deployment as data: one YAML file says which package it is, where it is found, how it is set.

`<package data>/deployments/*.yaml`, then `<data dir>/deployments/*.yaml`: a file of a known name
changes only the keys that it gives. A profile may replace options, since some are a matter of the
hardware.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fogbank.catalog.document import Document, Loc, read_document
from fogbank.catalog.expected import explain
from fogbank.catalog.mistakes import CatalogError, Mistake

Prefix = Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~-]+)+$")]


class Description(BaseModel):
    """One file of model_configs/deployments."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str = Field(description="What people call it.")
    entry: str = Field(
        pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$",
        description="The function that builds it, as package.module:function.",
    )
    enabled: bool = True
    mount: Prefix | None = Field(None, description="Path under which it is found on the server.")
    hosts: tuple[str, ...] = Field(
        (), description="Host names under which it is found at the root, without a port."
    )
    port: int | None = Field(
        None, ge=1, le=65535, description="Port of its own, at whose root it is found."
    )
    public: bool = Field(
        False,
        description="Answers everybody, without a key and for pages of every origin, as the Worker"
        " did; paths of `protected` are excepted.",
    )
    protected: tuple[Prefix, ...] = Field(
        (), description="Paths of it that ask for a key even where it is public."
    )
    needs: tuple[str, ...] = Field((), description="Deployments that are built before it.")
    options: dict[str, Any] = Field(default_factory=dict, description="What its package defines.")


def load_descriptions(
    package_data: Path,
    data_dir: Path | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Description]:
    """The enabled deployments by name, each after those it needs.

    `overrides` are options by name, as a profile has them. Raises CatalogError with all mistakes.
    """
    raw: dict[str, dict[str, Any]] = {}
    found: dict[str, Description] = {}
    documents: dict[str, Document] = {}
    mistakes: list[Mistake] = []
    for root in filter(None, (package_data, data_dir)):
        for file in sorted((root / "deployments").glob("*.yaml")):
            document = read_document(file)
            mistakes += document.mistakes
            data = document.data
            if document.mistakes:
                continue
            if not isinstance(data, dict):
                mistakes.append(document.mistake((), "expected a mapping of keys to values"))
                continue
            data = _over(raw.get(str(data.get("name")), {}), data)
            try:
                description = Description.model_validate(data)
            except ValidationError as error:
                details = error.errors(include_url=False)
                mistakes += [document.mistake(*explain(Description, each)) for each in details]
                continue
            raw[description.name] = data
            options = {**description.options, **(overrides or {}).get(description.name, {})}
            found[description.name] = description.model_copy(update={"options": options})
            documents[description.name] = document
    for name, description in found.items():
        for need in description.needs:
            if need not in found:
                mistakes.append(documents[name].mistake(("needs",), f"there is no {need!r}"))
    if not mistakes:
        mistakes = [documents[name].mistake(("needs",), text) for name, text in _circles(found)]
        mistakes += [documents[name].mistake(loc, text) for name, loc, text in _taken_twice(found)]
    if mistakes:
        raise CatalogError(mistakes)
    return _in_order(each for each in found.values() if each.enabled)


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """The keys of `above` over those of `below`; of `options` each key for itself."""
    whole = {**below, **above}
    if isinstance(options := above.get("options"), dict) or options is None:
        whole["options"] = {**below.get("options", {}), **(options or {})}
    return whole


def _circles(found: Mapping[str, Description]) -> Iterator[tuple[str, str]]:
    """Those that need themselves, whichever way round."""
    for name in found:
        reached, ahead = set[str](), list(found[name].needs)
        while ahead:
            if (need := ahead.pop()) not in reached:
                reached.add(need)
                ahead += found[need].needs
        if name in reached:
            yield name, "it needs itself, through others"


def _taken_twice(found: Mapping[str, Description]) -> Iterator[tuple[str, Loc, str]]:
    """Places where two enabled ones would be found."""
    owners: dict[tuple[str, Any], str] = {}
    for name, each in found.items():
        if not each.enabled:
            continue
        hosts = {("hosts", host.lower()) for host in each.hosts}
        for place in [*sorted(hosts), ("mount", each.mount), ("port", each.port)]:
            if place[1] is not None and owners.setdefault(place, name) != name:
                yield name, (place[0],), f"{owners[place]} is at {place[1]} already"


def _in_order(descriptions: Iterable[Description]) -> dict[str, Description]:
    """What another one needs comes first; what needs a disabled one is left out."""
    waiting = {each.name: each for each in descriptions}
    ordered: dict[str, Description] = {}
    while ready := [each for each in waiting.values() if set(each.needs) <= set(ordered)]:
        for each in ready:
            ordered[each.name] = waiting.pop(each.name)
    return ordered
