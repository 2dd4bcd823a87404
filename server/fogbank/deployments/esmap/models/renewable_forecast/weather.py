"""Weather beside the history and in the hours that are forecast."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fogbank.deployments.esmap.model import InvalidInput
from fogbank.deployments.esmap.models.renewable_forecast.values import (
    MAX_POINTS,
    Floats,
    choice,
    filled,
    number,
    numbers,
)

VARIABLES = {
    "temperature": (-90.0, 60.0),
    "windSpeed": (0.0, 120.0),
    "cloudCover": (0.0, 100.0),
    "irradiance": (0.0, 1500.0),
    "precipitation": (0.0, 2000.0),
}
"""Ranges: degrees Celsius, m/s, % or a fraction, W/m2 on the horizontal, mm a step."""
FORECAST = "weatherForecast"
ERROR = "weatherError"
SEED = 20261128
CLOUD_UNITS = {"%": 100.0, "fraction": 1.0}


@dataclass(frozen=True, slots=True)
class Variable:
    """One weather variable. `past` is as long as the history, `future` as the horizon."""

    past: Floats | None
    future: Floats | None

    def whole(self) -> Floats | None:
        """History and horizon in one; None where one is missing."""
        if self.past is None or self.future is None:
            return None
        return np.concatenate((self.past, self.future))


def parse(features: Mapping[str, Any], history: int, horizon: int) -> dict[str, Variable]:
    """The weather of an input, by variable; cloud cover becomes a fraction.

    A number is the weather of every step of the horizon. A list is as long as the history and then
    belongs to it, as history and horizon, or as the horizon alone. `weatherForecast` holds numbers
    and lists of the horizon. Raises InvalidInput.
    """
    later = features.get(FORECAST) or {}
    if not isinstance(later, dict):
        raise InvalidInput(f"{FORECAST} must be an object of numbers and lists")
    found = {}
    for name, (low, high) in VARIABLES.items():
        past, future = None, None
        if features.get(name) is not None:
            past, future = _split(features[name], name, (low, high), history, horizon)
        if later.get(name) is not None:
            future = _future(later[name], f"{FORECAST}.{name}", (low, high), horizon)
        if past is not None or future is not None:
            found[name] = Variable(past, future)
    if "cloudCover" in found:
        found["cloudCover"] = _fraction(found["cloudCover"], features.get("cloudCoverUnit"))
    return found


def _split(
    value: Any, name: str, within: tuple[float, float], history: int, horizon: int
) -> tuple[Floats | None, Floats | None]:
    if not isinstance(value, list):
        return None, np.full(horizon, number(value, name, *within))
    most = MAX_POINTS + horizon
    values = filled(numbers(value, name, *within, most), name) if value else np.empty(0)
    if len(values) == history + horizon and history:
        return values[:history], values[history:]
    if len(values) == history and history:
        return values, None
    if len(values) == horizon:
        return None, values
    raise InvalidInput(
        f"{name} has {len(values)} values; a list needs {history} (the history's), {horizon}"
        f" (the horizon's) or {history + horizon} (both)"
    )


def _future(value: Any, name: str, within: tuple[float, float], horizon: int) -> Floats:
    if not isinstance(value, list):
        return np.full(horizon, number(value, name, *within))
    if len(value) != horizon:
        raise InvalidInput(f"{name} has {len(value)} values, the horizon {horizon}")
    return filled(numbers(value, name, *within), name)


def _fraction(cover: Variable, unit: Any) -> Variable:
    """Percent where a value is above 1, a fraction where none is; a given unit decides."""
    parts = [part for part in (cover.past, cover.future) if part is not None]
    highest = max(float(part.max()) for part in parts)
    whole = 100.0 if highest > 1 else 1.0
    if unit is not None:
        whole = CLOUD_UNITS[choice(unit, "cloudCoverUnit", CLOUD_UNITS)]
    if highest > whole:
        raise InvalidInput(f"cloudCover is {highest:g}, above 1, though cloudCoverUnit is fraction")
    past, future = (None if part is None else part / whole for part in (cover.past, cover.future))
    return Variable(past, future)


def errors(features: Mapping[str, Any]) -> dict[str, float]:
    """Standard deviations of the horizon's weather, where `weatherError` gives them.

    Cloud cover as a fraction, or in percent where above 1. Raises InvalidInput.
    """
    given = features.get(ERROR) or {}
    if not isinstance(given, dict) or not set(given) <= set(VARIABLES):
        raise InvalidInput(f"{ERROR} must be an object of numbers, for some of {list(VARIABLES)}")
    found = {
        name: number(value, f"{ERROR}.{name}", 0.0, VARIABLES[name][1])
        for name, value in given.items()
    }
    if found.get("cloudCover", 0.0) > 1:
        found["cloudCover"] /= 100
    return found


def disturbed(weather: Mapping[str, Variable], off: Mapping[str, float]) -> dict[str, Variable]:
    """The same weather, its past as a forecast would have told it.

    A backtest that saw the weather as it came would trust in weather forecasts that are never
    wrong: its intervals would be too narrow. The errors are normal, independent, and the same at
    every call.
    """
    noise = np.random.default_rng(SEED)
    told = {}
    for name, variable in weather.items():
        told[name] = variable
        if variable.past is not None:
            low, high = VARIABLES[name] if name != "cloudCover" else (0.0, 1.0)
            wrong = variable.past + off[name] * noise.standard_normal(len(variable.past))
            told[name] = replace(variable, past=np.clip(wrong, low, high))
    return told
