"""Quantities with a unit in a text: amounts of money, energy, power, emissions, shares.

    [$] 1,234.5 [million] [MWh] [of CO2] [/kWh] [per year | a year]
    10-15 GW, 5 % to 10 %, between $30 and $40/MWh     ranges

Numbers are as English writes them: "." before decimals, "," or a narrow blank between thousands.
Spelled numbers, decimal commas, dates, durations and counts without a unit are not quantities.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from fogbank.deployments.esmap.models.energy_ner.units import BLANK, Units

MAGNITUDES = {
    "thousand": 1e3,
    "million": 1e6,
    "billion": 1e9,
    "trillion": 1e12,
    "mn": 1e6,
    "bn": 1e9,
    "tn": 1e12,
    "k": 1e3,
    "m": 1e6,
    "b": 1e9,
}
DIGITS = 12

_NUMBER = (
    r"(?:[0-9]{1,3}(?:[,\u00a0\u202f\u2009][0-9]{3})++|[0-9]{1,15})(?:\.[0-9]{1,15})?(?![0-9])"
)
_LONG = r"(?i:thousand|million|billion|trillion|mn|bn|tn)"
_EDGE = r"(?![^\W_])"
_GAS = r"(?i:CO[2₂](?:-?eq?)?|carbon dioxide)(?:[\s-]equivalents?)?"


@dataclass(frozen=True, slots=True)
class Quantity:
    """`text[start:end]`. `value` is in `unit`, `normal_value` in `normal_unit`.

    For a range `value` is its middle, and `low` and `high` its ends in `unit`.
    """

    start: int
    end: int
    value: float
    unit: str
    normal_value: float
    normal_unit: str
    low: float | None = None
    high: float | None = None


class Quantities:
    """Finds them with the units of a file."""

    def __init__(self, units: Units) -> None:
        self._units = units
        magnitude = rf"(?:(?:{BLANK}|-)?(?P<{{0}}>{_LONG}|(?(money)[kmb]|(?!))){_EDGE})?"
        self._found = re.compile(
            # "between 3 and 4" is a range, "3 and 4" and "from 3 to 4" are two quantities.
            rf"(?<![\w.,])(?P<between>(?<=[Bb]etween\s))?(?P<from>(?<=[Ff]rom\s))?"
            rf"(?:(?P<money>{units.money}){BLANK}?)?(?P<sign>[-−](?=[0-9]))?"
            rf"(?:(?(from)(?!))(?P<low>{_NUMBER}){magnitude.format('low_magnitude')}"
            rf"(?:(?:{BLANK}|[-‐‑])?(?P<low_unit>{units.units}){_EDGE})?"
            rf"(?:{BLANK}?[-–—‑]{BLANK}?|{BLANK}(?(between)and|to){BLANK})"
            rf"(?P<high>(?:{units.money}{BLANK}?)?(?P<high_sign>[-−](?=[0-9]))?))?"
            rf"(?P<number>{_NUMBER}){magnitude.format('magnitude')}"
            rf"(?:(?:{BLANK}|[-‐‑])?(?P<unit>(?(low_unit)(?P=low_unit)|{units.units})){_EDGE}"
            rf"|(?(low_unit)(?!)))"
            rf"(?:{BLANK}(?:of{BLANK})?(?P<gas>{_GAS}){_EDGE})?"
            rf"(?P<per>(?:(?:{BLANK}?/{BLANK}?|{BLANK}per{BLANK})(?:{units.denominators}){_EDGE}"
            rf"|{BLANK}an?{BLANK}(?:{units.periods}){_EDGE}){{0,2}})"
        )
        self._per = re.compile(
            rf"(?:/{BLANK}?|{BLANK}(?:per|an?){BLANK})(?P<unit>{units.denominators}){_EDGE}"
        )

    def find(self, text: str) -> list[Quantity]:
        """In the order of the text; none overlap."""
        return list(self._find(text))

    def _find(self, text: str) -> Iterator[Quantity]:
        for match in self._found.finditer(text):
            written = match["unit"] or match["money"]
            if not written:
                continue
            unit, end, per = self._units.named(written), match.end(), match["per"]
            if match["gas"] and unit.gas is None:
                end, per = max(map(match.end, ("number", "magnitude", "unit"))), ""
            elif match["gas"]:
                unit = unit.gas or unit
            below = [self._units.named(each["unit"]) for each in self._per.finditer(per)]
            factor = unit.factor / math.prod(each.factor for each in below)
            start, low, high = self._ends(match)
            value = high if low is None else (low + high) / 2
            yield Quantity(
                start,
                end,
                _tidy(value),
                "/".join([unit.name, *(each.name for each in below)]),
                _tidy(value * factor),
                "/".join([unit.normal, *(each.normal for each in below)]),
                low,
                None if low is None else high,
            )

    def _ends(self, match: re.Match[str]) -> tuple[int, float | None, float]:
        """Where it starts, the lower end if it is a range, and the upper end or the value."""
        high = _number(match["number"], match["magnitude"])
        if match["low"] is None:
            return match.start(), None, -high if match["sign"] else high
        high = -high if match["high_sign"] else high
        # "10 to 15 million" are millions both.
        low = _number(match["low"], match["low_magnitude"] or match["magnitude"])
        low = -low if match["sign"] else low
        if low < high:
            return match.start(), low, high
        return match.start("high"), None, high  # "2020-473 GW"


def _number(digits: str, magnitude: str | None) -> float:
    plain = re.sub(r"[^0-9.]", "", digits)
    return _tidy(float(plain) * (MAGNITUDES[magnitude.lower()] if magnitude else 1.0))


def _tidy(value: float) -> float:
    """Without the last digits, which are of the arithmetic and not of the text."""
    return float(f"{value:.{DIGITS}g}")
