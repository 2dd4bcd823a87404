"""Rolling-origin backtest on the given history: which method, and how far it is off."""

from dataclasses import dataclass

import numpy as np

from fogbank.deployments.esmap.models.renewable_forecast import naive
from fogbank.deployments.esmap.models.renewable_forecast.interval import scales
from fogbank.deployments.esmap.models.renewable_forecast.regression import (
    regression,
    told_regression,
    weather_regression,
)
from fogbank.deployments.esmap.models.renewable_forecast.series import Method, Origins, Series
from fogbank.deployments.esmap.models.renewable_forecast.smoothing import smoothing
from fogbank.deployments.esmap.models.renewable_forecast.values import Floats

METHODS: dict[str, Method] = {
    "persistence": naive.persistence,
    "seasonal-naive": naive.seasonal_naive,
    "mean": naive.mean,
    "drift": naive.drift,
    "seasonal-mean": naive.seasonal_mean,
    "scaled-profile": naive.scaled_profile,
    "exponential-smoothing": smoothing,
    "dynamic-regression": regression,
    "dynamic-regression-weather": weather_regression,
    "dynamic-regression-told-weather": told_regression,
    "physical": naive.physical,
}
COMBINED, POWER = 4, 4
"""The best methods that may be combined, weighted by 1 / (mean absolute error)^POWER."""
SLACK = 1.05
"""How much worse a combination may look than the best method: the best is so by chance in part."""
FEW = 20
TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Backtest:
    """`weights` by method; `apart`: all errors are those of later origins than the choice's.

    `errors` and `scores` (absolute error / `scale` of its place in the season, NaN in the dark)
    have a row an origin and a column a step. `baselines` are mean absolute errors.
    """

    weights: dict[str, float]
    apart: bool
    errors: Floats
    scores: Floats
    scale: Floats
    baselines: dict[str, float]


def backtest(series: Series) -> Backtest:
    """Learns on the first half, chooses on the next quarter, is judged on the last one.

    Where that leaves the choice less than a season or FEW origins, both see all of them.
    """
    count = len(series)
    begin = max(6, count // 2, min(2 * series.season, 2 * count // 3))
    middle = begin + (count - begin) // 2
    choosing, judging = np.arange(begin, middle), np.arange(middle, count)
    apart = len(choosing) >= max(FEW, series.season)
    if not apart:
        middle = begin
        choosing = judging = np.arange(begin, count)
    tried = _all(series, begin, choosing)
    weights = _choose(series, tried, choosing)
    chosen = series.errors(_mix(tried, weights), choosing)
    scale = scales(_lit(series, chosen, choosing), series.targets(choosing), series.season)
    names = {*weights, "persistence", "seasonal-naive"}
    judged = _all(series, middle, judging, names)
    errors = series.errors(_mix(judged, weights), judging)
    place = series.targets(judging) % len(scale)
    return Backtest(
        weights,
        apart,
        errors,
        np.abs(_lit(series, errors, judging)) / scale[place],
        scale,
        {
            name: float(np.nanmean(np.abs(series.errors(judged[name], judging))))
            for name in ("persistence", "seasonal-naive")
            if name in judged
        },
    )


def forecast(series: Series, weights: dict[str, float]) -> Floats:
    """The chosen methods, having learned from the whole history."""
    now = np.array([len(series)])
    made = _all(series, len(series), now, {*weights, "persistence"})
    return np.asarray(_mix(made, weights)[0])


def _all(
    series: Series, learned: int, origins: Origins, names: set[str] | None = None
) -> dict[str, Floats]:
    made = {}
    for name, method in METHODS.items():
        if names is None or name in names:
            with np.errstate(all="ignore"):
                forecasts = method(series, learned, origins)
            if forecasts is not None and np.isfinite(forecasts).all():
                made[name] = series.bounded(forecasts, origins)
    return made


def _choose(series: Series, tried: dict[str, Floats], origins: Origins) -> dict[str, float]:
    """A combination of the best methods, or the best one where that is better by far."""
    off = {
        name: float(np.nanmean(np.abs(series.errors(forecasts, origins))))
        for name, forecasts in tried.items()
    }
    ranked = sorted(off, key=lambda name: off[name])
    best = {ranked[0]: 1.0}
    several = {name: 1.0 / (off[name] + TINY) ** POWER for name in ranked[:COMBINED]}
    together = float(np.nanmean(np.abs(series.errors(_mix(tried, several), origins))))
    if together <= SLACK * off[ranked[0]]:
        total = sum(several.values())
        return {name: weight / total for name, weight in several.items()}
    return best


def _mix(forecasts: dict[str, Floats], weights: dict[str, float]) -> Floats:
    """The weighted mean of the methods that could forecast; persistence always can."""
    able = {name: weight for name, weight in weights.items() if name in forecasts}
    if not able:
        return forecasts["persistence"]
    total = sum(able.values())
    parts = [forecasts[name] * (weight / total) for name, weight in able.items()]
    return np.asarray(np.sum(parts, axis=0))


def _lit(series: Series, errors: Floats, origins: Origins) -> Floats:
    """Errors of steps in which there is something to forecast."""
    inside = np.minimum(series.targets(origins), len(series.dark) - 1)
    return np.asarray(np.where(series.dark[inside], np.nan, errors))
