"""Numbers out of JSON: types and ranges are checked, gaps are filled within a limit."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fogbank.deployments.esmap.model import InvalidInput

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MAX_POINTS = 20_000
MAX_GAP = 6
"""Missing values in a row that are interpolated."""
MAX_MISSING = 0.2


def number(value: Any, field: str, low: float, high: float) -> float:
    """A finite number within a range. Raises InvalidInput with the field's name."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(f"{field} must be a number, not {_kind(value)}")
    if not low <= value <= high:
        raise InvalidInput(f"{field} is {_figure(value)}, outside {low:g} to {high:g}")
    return float(value)


def integer(value: Any, field: str, low: int, high: int) -> int:
    """A whole number within a range. Raises InvalidInput with the field's name."""
    found = number(value, field, low, high)
    if not found.is_integer():
        raise InvalidInput(f"{field} must be a whole number, not {value:.6g}")
    return int(found)


def choice(value: Any, field: str, choices: Mapping[str, Any]) -> str:
    """One of some words, whatever their case. Raises InvalidInput with the field's name."""
    if isinstance(value, str):
        for known in choices:
            if value.strip().lower() == known.lower():
                return known
    raise InvalidInput(f"{field} must be one of {', '.join(choices)}, not {_shown(value)}")


def numbers(value: Any, field: str, low: float, high: float, most: int = MAX_POINTS) -> Floats:
    """A list of numbers; what is null or not a number stays NaN. Raises InvalidInput."""
    if not isinstance(value, list):
        raise InvalidInput(f"{field} must be a list of numbers, not {_kind(value)}")
    if len(value) > most:
        raise InvalidInput(f"{field} has {len(value)} values, more than {most}")
    if not set(map(type, value)) <= {int, float, type(None)}:
        at = next(i for i, each in enumerate(value) if type(each) not in (int, float, type(None)))
        raise InvalidInput(f"{field}[{at}] must be a number or null, not {_kind(value[at])}")
    try:
        found = np.array(value, dtype=float)
    except OverflowError:
        raise InvalidInput(f"{field} has a value that is too large") from None
    outside = ~np.isnan(found) & ~((found >= low) & (found <= high))
    if outside.any():
        at = int(np.argmax(outside))
        raise InvalidInput(f"{field}[{at}] is {found[at]:.6g}, outside {low:g} to {high:g}")
    return found


def filled(values: Floats, field: str) -> Floats:
    """Gaps interpolated linearly, those at an end filled with the nearest value.

    Raises InvalidInput for more than MAX_GAP missing values in a row, or MAX_MISSING of all.
    """
    missing = np.isnan(values)
    if not missing.any():
        return values
    if missing.all():
        raise InvalidInput(f"{field} has no value that is a number")
    longest = _longest_run(missing)
    if longest > MAX_GAP or missing.mean() > MAX_MISSING:
        raise InvalidInput(
            f"{field} lacks {int(missing.sum())} of {len(values)} values, up to {longest} in a row;"
            f" at most {MAX_GAP} in a row and {MAX_MISSING:.0%} of all are filled in"
        )
    at = np.arange(len(values))
    return np.asarray(np.interp(at, at[~missing], values[~missing]), dtype=float)


def _longest_run(flags: Bools) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(int), [0]))))
    return int((edges[1::2] - edges[::2]).max())


def _figure(value: float) -> str:
    """A whole number of JSON may be larger than any float."""
    return "too large" if abs(value) > 1e308 and isinstance(value, int) else f"{value:.6g}"


def _kind(value: Any) -> str:
    kinds = {str: "a string", bool: "a boolean", dict: "an object", list: "a list"}
    return kinds.get(type(value), "null" if value is None else type(value).__name__)


def _shown(value: Any) -> str:
    return repr(value[:40]) if isinstance(value, str) else _kind(value)
