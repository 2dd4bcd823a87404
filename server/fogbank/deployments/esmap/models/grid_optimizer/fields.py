"""Fields of the input under any of the names and styles that clients use for them."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np

from fogbank.deployments.esmap.given import number, plain
from fogbank.deployments.esmap.model import InvalidInput
from fogbank.deployments.esmap.models.grid_optimizer.case import Series

LARGEST = 1e7
"""Of every number: beyond it a solver's tolerances say nothing."""

MOST_FIELDS = 100
"""Of an object; there are no more than 20 known ones."""


class Fields:
    """An object of the input; `names` are the known fields, each with its other names."""

    def __init__(self, data: Any, where: str, names: Mapping[str, Sequence[str]]) -> None:
        """Raises InvalidInput for what is no object or has too many fields, and for a field that
        is nearly a known one.
        """
        if not isinstance(data, dict):
            raise InvalidInput(f"{where}: expected an object")
        if len(data) > MOST_FIELDS:
            raise InvalidInput(f"{where}: expected at most {MOST_FIELDS} fields, not {len(data)}")
        self.where = where
        self.ignored: list[str] = []
        known = {plain(alias): name for name in names for alias in (name, *names[name])}
        self._values: dict[str, Any] = {}
        for key, value in data.items():
            name = known.get(plain(str(key)))
            if name is None:
                close = get_close_matches(plain(str(key)[:60]), known, n=1, cutoff=0.85)
                if close:
                    raise InvalidInput(
                        f"{where}: unknown field {str(key)[:60]!r}; did you mean"
                        f" {known[close[0]]!r}?"
                    )
                self.ignored.append(f"{where}.{str(key)[:60]}")
            elif value is not None and name not in self._values:
                self._values[name] = value

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def raw(self, name: str) -> Any:
        """The value as it came, None where there is none."""
        return self._values.get(name)

    def number(
        self, name: str, default: float | None = None, low: float = 0.0, high: float = LARGEST
    ) -> float:
        """A finite number within limits. Raises InvalidInput, also where there is no default."""
        if name not in self._values:
            if default is None:
                raise InvalidInput(f"{self.where}.{name}: this field is required")
            return default
        return number(self._values[name], f"{self.where}.{name}", low, high)

    def optional(self, name: str, low: float = 0.0, high: float = LARGEST) -> float | None:
        """The same, None where there is none."""
        return self.number(name, 0.0, low, high) if name in self._values else None

    def flag(self, name: str, default: bool) -> bool:
        """True or false. Raises InvalidInput."""
        value = self._values.get(name, default)
        if value in (0, 1):
            return bool(value)
        raise InvalidInput(f"{self.where}.{name}: expected true or false")

    def text(self, name: str, default: str) -> str:
        """A short text. Raises InvalidInput."""
        value = self._values.get(name, default)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not 1 <= len(value) <= 100:
            raise InvalidInput(f"{self.where}.{name}: expected a text of 1 to 100 characters")
        return value

    def series(self, name: str, steps: int, low: float = 0.0, high: float = LARGEST) -> Series:
        """A number for each step; one number is for all. Raises InvalidInput."""
        value, where = self._values[name], f"{self.where}.{name}"
        if not isinstance(value, list):
            return np.full(steps, number(value, where, low, high))
        if len(value) != steps:
            raise InvalidInput(f"{where}: expected {steps} values, one a step, not {len(value)}")
        return np.array([number(v, f"{where}[{i}]", low, high) for i, v in enumerate(value)])
