"""The units that activities may come in, with what pint says of each of them.

Energy is counted in GJ, mass in tonnes, volume in cubic metres, distance in km. Only listed
spellings are read, so that no expression of a client reaches the parser of a units library.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from fogbank.deployments.esmap.model import InvalidInput

if TYPE_CHECKING:
    from pint import UnitRegistry

Dimension = Literal["energy", "mass", "volume", "distance"]
BASE: dict[Dimension, str] = {
    "energy": "GJ",
    "mass": "tonne",
    "volume": "m^3",
    "distance": "km",
}
_SPELLINGS = {
    "J": "j joule joules",
    "MJ": "mj megajoule megajoules",
    "GJ": "gj gigajoule gigajoules",
    "TJ": "tj terajoule terajoules",
    "Wh": "wh watthour watthours",
    "kWh": "kwh kilowatthour kilowatthours",
    "MWh": "mwh megawatthour megawatthours",
    "GWh": "gwh gigawatthour gigawatthours",
    "Btu": "btu btus",
    "mmBtu": "mmbtu mmbtus millionbtu millionbtus",
    "therm": "therm therms thm",
    "toe": "toe toes",
    "g": "g gram grams gramme grammes",
    "kg": "kg kgs kilogram kilograms kilogramme kilogrammes",
    "tonne": "t tonne tonnes metricton metrictons mt",
    "kilotonne": "kt kilotonne kilotonnes gg",
    "lb": "lb lbs pound pounds",
    "short_ton": "ton tons shortton shorttons uston ustons",
    "long_ton": "longton longtons imperialton imperialtons",
    "mL": "ml millilitre millilitres milliliter milliliters",
    "L": "l litre litres liter liters ltr",
    "m^3": "m3 cubicmetre cubicmetres cubicmeter cubicmeters cbm nm3 sm3",
    "gallon": "gal gals gallon gallons usgal usgallon usgallons",
    "imperial_gallon": "imperialgallon imperialgallons ukgallon ukgallons",
    "barrel": "bbl barrel barrels",
    "scf": "scf cf ft3 cubicfoot cubicfeet",
    "Mcf": "mcf thousandcubicfeet",
    "km": "km kilometre kilometres kilometer kilometers",
    "mile": "mi mile miles",
}
_NAMES = {
    spelling: name for name, spellings in _SPELLINGS.items() for spelling in spellings.split()
}


@dataclass(frozen=True, slots=True)
class Unit:
    """One of it is `factor` of the dimension's base unit."""

    name: str
    dimension: Dimension
    factor: float


@lru_cache(1)
def registry() -> "UnitRegistry[float]":
    """Units of pint and of the fuel trade. A ton is a short ton, a gallon that of the US."""
    import pint

    units: pint.UnitRegistry[float] = pint.UnitRegistry()
    units.define("million_btu = 1e6 * Btu = mmBtu")
    units.define("standard_cubic_foot = foot ** 3 = scf")
    units.define("thousand_cubic_feet = 1000 * foot ** 3 = Mcf")
    units.define("oil_barrel_of_fuel = 42 * gallon = fuel_barrel")
    return units


@lru_cache(1)
def known_units() -> dict[str, Unit]:
    """Every unit by its name."""
    found: dict[str, Unit] = {}
    for name in _SPELLINGS:
        quantity = registry().Quantity(1.0, "fuel_barrel" if name == "barrel" else name)
        for dimension, base in BASE.items():
            if quantity.is_compatible_with(base):
                found[name] = Unit(name, dimension, float(quantity.to(base).magnitude))
    return found


def converted(value: float, unit: str, to: str) -> float:
    """A value of a packaged table in another unit. Raises ValueError for a unit that is none."""
    import pint

    try:
        return float(registry().Quantity(value, unit).to(to).magnitude)
    except (pint.PintError, AttributeError, AssertionError) as error:
        raise ValueError(f"{unit!r} is no unit that becomes {to}: {error}") from error


def find_unit(text: str) -> Unit | None:
    """The unit of a client's spelling (`kWh`, `short tons`, `m³`), None for an unknown one."""
    plain = re.sub(r"[\s_.\-^*]+", "", text.replace("³", "3").lower())
    name = _NAMES.get(plain)
    return None if name is None else known_units()[name]


def unit_of(text: object, where: str) -> Unit:
    """The same. Raises InvalidInput with the units that there are."""
    unit = find_unit(text) if isinstance(text, str) and len(text) <= 40 else None
    if unit is None:
        known = ", ".join(_SPELLINGS)
        what = "this field is required" if text is None else f"unknown unit {str(text)[:40]!r}"
        raise InvalidInput(f"{where}: {what}; known are {known}")
    return unit
