"""The units of a data file: how they are written, and what they are in the normal unit.

pint knows the units and converts; that is done once, so that reading a text needs no pint.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fogbank.deployments.esmap.data_file import read_data

BLANK = r"[\s\u00a0\u202f]"


@dataclass(frozen=True, slots=True)
class Unit:
    """`factor` times a value in this unit is the value in the unit named `normal`.

    `gas` is what it becomes before "of CO2", for a mass.
    """

    name: str
    normal: str
    factor: float
    currency: bool = False
    gas: "Unit | None" = None


class Units:
    """Finds units by how they are written. Raises ValueError or OSError for a file that is none.

    Regular expressions: `units` of every unit, `money` of what stands in front of an amount,
    `denominators` of what may follow a "/" or "per", `periods` of what may follow "a".
    """

    def __init__(self, path: Path) -> None:
        import pint

        data = read_data(path)
        try:
            self._registry: Any = pint.UnitRegistry()
            for definition in data["definitions"]:
                self._registry.define(definition)
            self._normal = {
                name: self._registry.Quantity(1, unit) for name, unit in data["normal"].items()
            }
            self._prefixes: dict[str, str] = data["prefixes"]
            self._symbols: dict[str, Unit] = {}
            self._words: dict[str, Unit] = {}
            for entry in data["units"]:
                self._add(entry)
            self.units = _alternatives(self._symbols, self._words)
            self.money = _alternatives([k for k, unit in self._symbols.items() if unit.currency])
            for entry in data["denominators"]:
                self._add(entry)
            self.denominators = _alternatives(self._symbols, self._words)
            periods = [word for entry in data["denominators"] for word in entry["words"]]
            self.periods = _alternatives((), periods)
        except (TypeError, KeyError, AttributeError, pint.PintError) as error:
            raise ValueError(f"{path.name} is no file of units: {error!r}") from error

    def named(self, written: str) -> Unit:
        """The unit that one of the expressions found. Raises KeyError for anything else."""
        if found := self._symbols.get(written):
            return found
        word = re.sub(rf"(?:{BLANK}|[-‐‑])+", " ", written.lower())
        return self._words.get(word) or self._words[word.removesuffix("s")]

    def _add(self, entry: Mapping[str, Any]) -> None:
        prefixes = {"": "", **{short: self._prefixes[short] for short in entry.get("prefixes", ())}}
        for short, long in prefixes.items():
            gas = None
            if "gas" in entry:
                gas = self._unit(short + entry["gas"], long + entry["gas"])
            name, size = short + entry["name"], long + entry["unit"]
            unit = self._unit(name, size, bool(entry.get("currency")), gas)
            self._symbols.update({short + symbol: unit for symbol in entry.get("symbols", ())})
            self._words.update({long + word.lower(): unit for word in entry.get("words", ())})

    def _unit(
        self, name: str, expression: str, currency: bool = False, gas: Unit | None = None
    ) -> Unit:
        size = self._registry.Quantity(1, expression)
        for normal, base in self._normal.items():
            if size.check(base.dimensionality):
                return Unit(name, normal, float((size / base).to("").magnitude), currency, gas)
        return Unit(name, name, 1.0, currency, gas)


def _alternatives(symbols: Iterable[str], words: Iterable[str] = ()) -> str:
    """Longer ones first. Symbols as they are written, words in any case and with an "s"."""
    exact = [re.escape(each) for each in sorted(symbols, key=len, reverse=True)]
    longest = sorted(words, key=len, reverse=True)
    spoken = [rf"(?:{BLANK}|[-‐‑])".join(map(re.escape, each.split())) for each in longest]
    parts = [*exact, *([f"(?i:(?:{'|'.join(spoken)})s?)"] if spoken else [])]
    return f"(?:{'|'.join(parts)})"
