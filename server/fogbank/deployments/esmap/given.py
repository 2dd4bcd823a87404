"""What clients give in the fields of their features: numbers, and names in any style."""

import math
import re
from typing import Any

from fogbank.deployments.esmap.model import InvalidInput


def number(value: Any, where: str, low: float, high: float) -> float:
    """A finite number within limits. Raises InvalidInput with the field and the reason."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(f"{where}: expected a number, not {str(value)[:40]!r}")
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidInput(f"{where}: expected a finite number")
    if not low <= value <= high:
        text = f"{value:.6g}" if abs(value) < 1e300 else "a larger one"
        raise InvalidInput(f"{where}: expected a number from {low:g} to {high:g}, not {text}")
    return float(value)


def plain(key: str) -> str:
    """A field's name without its style: `gridFactor` and `grid_factor` are one."""
    return re.sub(r"[^a-z0-9]", "", key.lower())
