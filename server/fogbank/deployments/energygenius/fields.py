"""Reads fields of a JSON body, collecting what is wrong with them."""

import math
import reprlib
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from fogbank.deployments.energygenius.money import exact

SHOWN = 40
"""Characters of a client's own words that a message repeats."""


_short = reprlib.Repr()
_short.maxlevel, _short.maxstring = 3, SHOWN


def shown(value: Any) -> str:
    """A client's value in a message; of one that is large or deep, its beginning alone is read."""
    text = _short.repr(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


@dataclass(slots=True)
class Fields:
    """An object of the body under a dotted `path`. `mistakes` are whole sentences."""

    values: dict[str, Any]
    path: str
    mistakes: list[str] = field(default_factory=list)

    def number(
        self, name: str, unit: str, most: int, *, least: int = 0, required: bool = False
    ) -> Decimal | None:
        """A finite number from `least` to `most`; null counts as absent."""
        value = self.values.get(name)
        if value is None:
            if required:
                self.mistakes.append(f"{self.path}.{name} is missing; expected {unit}")
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._wrong(name, value, f"a number of {unit}")
        elif not math.isfinite(value) or not least <= value <= most:
            self._wrong(name, value, f"{unit} from {least:,} to {most:,}")
        else:
            return exact(value)
        return None

    def truth(self, name: str) -> bool:
        """True or false; absent and null are false."""
        value = self.values.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        self._wrong(name, value, "true or false")
        return False

    def text(self, name: str) -> str:
        """Text; absent and null are empty."""
        value = self.values.get(name)
        if value is None or isinstance(value, str):
            return value or ""
        self._wrong(name, value, "text")
        return ""

    def _wrong(self, name: str, value: Any, expected: str) -> None:
        self.mistakes.append(f"{self.path}.{name} is {shown(value)}; expected {expected}")
