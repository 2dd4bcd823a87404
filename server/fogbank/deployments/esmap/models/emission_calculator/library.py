"""All factors of a version: finds the fuel that a client means, and the set that is used for it."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from fogbank.deployments.esmap.model import File, InvalidInput
from fogbank.deployments.esmap.models.emission_calculator.factors import (
    Fuel,
    FuelFactors,
    Grid,
    fuels_of,
    grid_of,
)
from fogbank.deployments.esmap.models.emission_calculator.tables import (
    FuelTable,
    GridTable,
    GwpRow,
    GwpTable,
    SetTable,
    read_table,
)

_ELECTRICITY = {"electricity", "power", "grid", "grid electricity", "purchased electricity"}


class Library:
    """`sets` are in the order in which they are tried for a fuel."""

    def __init__(self, config: Mapping[str, Any], file: File) -> None:
        """Raises ValueError, KeyError or OSError for a config or table that is none."""
        fuels = read_table(FuelTable, file(config["fuels"]))
        sets = [read_table(SetTable, file(name)) for name in config["sets"]]
        self.regions = {each.name: each.region for each in sets}
        self._fuels = fuels_of(fuels, sets)
        self._ambiguous = fuels.ambiguous
        self._names = {alias: row.name for row in fuels.fuels for alias in (row.name, *row.aliases)}
        self._gwp = read_table(GwpTable, file(config["gwp"])).sets
        self._default_gwp: str = config["default_gwp"]
        self._grids: dict[str, Grid] = {}
        self._aliases: dict[str, str] = {}
        for row in read_table(GridTable, file(config["grid"])).regions:
            self._grids[row.region] = grid_of(row)
            self._aliases |= {name.lower(): row.region for name in (row.region, *row.aliases)}
        if self._default_gwp not in self._gwp:
            raise ValueError(f"default_gwp: no set of potentials {self._default_gwp!r}")

    def is_electricity(self, name: str) -> bool:
        """Whether a client's name means electricity."""
        return _words(name) in _ELECTRICITY

    def knows(self, name: str) -> bool:
        """Whether a client's name is that of a fuel, or of several, or of electricity."""
        words = _words(name)
        return words in self._names or words in self._ambiguous or words in _ELECTRICITY

    def fuel(self, name: str, where: str) -> Fuel:
        """The fuel of a client's name. Raises InvalidInput with what there is."""
        words = _words(name)
        if words in self._names:
            return self._fuels[self._names[words]]
        if words in self._ambiguous:
            meant = ", ".join(self._ambiguous[words])
            raise InvalidInput(f"{where}: {name[:40]!r} may be {meant}: say which")
        close = get_close_matches(words[:60], [*self._names, *_ELECTRICITY], n=1, cutoff=0.75)
        hint = f"; did you mean {close[0]!r}?" if close else "."
        known = ", ".join([*self._fuels, "electricity"])
        raise InvalidInput(f"{where}: unknown fuel {name[:40]!r}{hint} Known are {known}")

    def factors(
        self, fuel: Fuel, wanted: str | None, region: str | None, where: str
    ) -> FuelFactors:
        """What is used for a fuel: the wanted set, else the region's own, else the first one.

        Raises InvalidInput where the wanted set does not know the fuel.
        """
        if wanted is not None:
            found = fuel.sets.get(wanted)
            if found is None:
                raise InvalidInput(
                    f"{where}: the factors {wanted} do not know {fuel.name};"
                    f" {', '.join(fuel.sets)} do"
                )
            return found
        code = self.region(region)
        own = [name for name in fuel.sets if self.regions[name] == code]
        return fuel.sets[(own or list(fuel.sets))[0]]

    def set_named(self, name: Any) -> str | None:
        """The set of a client's name (`ipcc`, `epa-2025`). Raises InvalidInput."""
        if name is None:
            return None
        found = [each for each in self.regions if each.startswith(str(name).lower())]
        if not str(name) or len(found) != 1:
            raise InvalidInput(f"factors: expected one of {', '.join(self.regions)}")
        return found[0]

    def region(self, name: str | None) -> str | None:
        """The code of a region, None where the grid table does not have it."""
        return None if name is None else self._aliases.get(name.strip().lower())

    def grid(self, region: str | None, where: str) -> Grid:
        """Electricity of a region. Raises InvalidInput that says what to give."""
        code = self.region(region)
        if code is None:
            what = "needs a region" if region is None else f"has no figure for {region[:40]!r}"
            raise InvalidInput(
                f"{where}: electricity {what}; known are {', '.join(self._grids)}. For another"
                " place give grid_factor in kg CO2e per kWh"
            )
        return self._grids[code]

    def potentials(self, name: Any) -> tuple[str, GwpRow]:
        """The set of warming potentials of a client's name. Raises InvalidInput."""
        found = self._default_gwp if name is None else str(name).upper()
        if found not in self._gwp:
            raise InvalidInput(f"gwp: expected one of {', '.join(self._gwp)}")
        return found, self._gwp[found]


def _words(name: str) -> str:
    return " ".join(name.lower().replace("_", " ").split())
