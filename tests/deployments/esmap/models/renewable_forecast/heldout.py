"""Forecasts of what came after the history, against what the naive methods say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.deployments.esmap.models.renewable_forecast.series import Floats, Sample

Told = Callable[[dict[str, Any], int], dict[str, Any]]
"""What is forecast from features, and the place of the cut in the series."""


@dataclass(frozen=True)
class HeldOut:
    """Mean absolute errors, the share of values within the interval, and its mean width.

    `lit_covered` leaves out steps that are 0 and whose interval is [0, 0].
    """

    mae: float
    persistence: float
    seasonal: float | None
    covered: float
    lit_covered: float
    width: float
    count: int

    @property
    def to_persistence(self) -> float:
        return self.mae / self.persistence

    @property
    def to_seasonal(self) -> float | None:
        return None if self.seasonal is None else self.mae / self.seasonal


def held_out(
    told: Told,
    sample: Sample,
    *,
    history: int,
    horizon: int = 4,
    cuts: int = 40,
    weather: bool = True,
    error: Mapping[str, float] | None = None,
) -> HeldOut:
    """Cuts the series at so many places, spread evenly: `history` values before each are given.

    `error` is the standard deviation that the weather of the horizon is off by, per variable:
    without it the weather is known exactly, which no weather service does.
    """
    values, rng = sample.values, np.random.default_rng(5)
    places = np.linspace(history, len(values) - horizon, cuts).astype(int)
    kept: list[tuple[Any, ...]] = []
    for place in places:
        past, future = values[place - history : place], values[place : place + horizon]
        given: dict[str, Any] = {
            **sample.features,
            "historicalGeneration": past.tolist(),
            "horizon": horizon,
        }
        if weather:
            given |= _weather(sample, place - history, place, horizon, rng, error or {})
        answer = told(given, int(place))
        cycles = np.arange(horizon) // sample.season + 1
        kept.append(
            (
                answer["predictions"],
                np.repeat(past[-1], horizon),
                values[place + np.arange(horizon) - sample.season * cycles],
                [each["lower"] for each in answer["confidence_intervals"]],
                [each["upper"] for each in answer["confidence_intervals"]],
                future,
            )
        )
    made, naive, before, lower, upper, actual = (np.array(each) for each in zip(*kept, strict=True))
    return _compared(made, naive, before, lower, upper, actual, sample.season)


def _weather(
    sample: Sample,
    first: int,
    place: int,
    horizon: int,
    rng: np.random.Generator,
    error: Mapping[str, float],
) -> dict[str, list[float]]:
    given = {}
    for name, series in sample.weather.items():
        part = series[first : place + horizon].copy()
        part[-horizon:] += rng.normal(size=horizon) * error.get(name, 0.0)
        high = 100.0 if name == "cloudCover" else np.inf
        low = -np.inf if name == "temperature" else 0.0
        given[name] = np.clip(part, low, high).tolist()
    return given


def _compared(
    made: Floats,
    naive: Floats,
    before: Floats,
    lower: Floats,
    upper: Floats,
    actual: Floats,
    season: int,
) -> HeldOut:
    rounding = 1e-5 * np.abs(actual).max()
    inside = (actual >= lower - rounding) & (actual <= upper + rounding)
    lit = (upper > 0) | (actual > rounding)
    return HeldOut(
        mae=float(np.abs(made - actual).mean()),
        persistence=float(np.abs(naive - actual).mean()),
        seasonal=float(np.abs(before - actual).mean()) if season > 1 else None,
        covered=float(inside.mean()),
        lit_covered=float(inside[lit].mean()),
        width=float((upper - lower).mean()),
        count=inside.size,
    )
