"""How ranges add up: error propagation, Approach 1 of the IPCC (2006, Vol. 1, Ch. 3, eq. 3.1, 3.2).

A product's relative half-widths combine in quadrature, and so do the absolute ones of a sum. Ranges
here are lopsided, so each side is combined apart. What shares a figure (two activities of one fuel)
is wholly correlated: its parts are added before they are squared.
"""

import math
from collections import defaultdict
from dataclasses import dataclass, field


@dataclass(slots=True)
class Spread:
    """Half-widths in kg CO2e by the figure that they come from."""

    down: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    up: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, figure: str, down: float, up: float) -> None:
        """A part of the range of one figure."""
        self.down[figure] += down
        self.up[figure] += up

    def merge(self, other: "Spread") -> None:
        """Adds the spread of another activity."""
        for figure, down in other.down.items():
            self.add(figure, down, other.up[figure])

    def interval(self, value: float) -> dict[str, float]:
        """`lower` and `upper` around a value, both in kg CO2e; never under zero."""
        lower = value - math.hypot(*self.down.values())
        return {"lower": max(lower, 0.0), "upper": value + math.hypot(*self.up.values())}
