"""Exponential smoothing, with a season and a damped trend where they help (statsmodels)."""

from itertools import product
from typing import Any

import numpy as np

from fogbank.deployments.esmap.models.renewable_forecast.series import Origins, Series
from fogbank.deployments.esmap.models.renewable_forecast.values import Floats

RECENT = 300
"""Values that the parameters are chosen on, or four seasons."""
DAMPING, TREND = 0.9, 0.05
LEVELS = (0.05, 0.2, 0.5, 0.9)
SEASONALS = (0.02, 0.1, 0.3)


def smoothing(series: Series, learned: int, origins: Origins) -> Floats | None:
    """Parameters from a grid, by the squared error of one step: deterministic, of bounded cost."""
    season = series.season
    if learned < max(12 + season, 2 * season + 2):
        return None
    recent = series.values[max(0, learned - max(RECENT, 4 * season)) : learned]
    seasonals = SEASONALS if season > 1 else (None,)

    def missed(parameters: tuple[float, float | None, bool]) -> float:
        return float(_smoothed(recent, season, *parameters).sse)

    still = min(product(LEVELS, seasonals, (False,)), key=missed)
    best = min(still, (*still[:2], True), key=missed)
    states = _smoothed(series.values, season, *best)
    ahead = np.arange(1, series.horizon + 1)
    forecasts = np.repeat(np.asarray(states.level)[origins - 1][:, None], series.horizon, axis=1)
    if best[2]:
        damped = np.cumsum(DAMPING**ahead)
        forecasts = forecasts + np.asarray(states.trend)[origins - 1][:, None] * damped[None, :]
    if season > 1:
        back = season * ((ahead - 1) // season + 1)
        forecasts = forecasts + np.asarray(states.season)[series.targets(origins) - back[None, :]]
    return forecasts


def _smoothed(
    values: Floats, season: int, level: float, seasonal: float | None, trended: bool
) -> Any:
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    model = ExponentialSmoothing(
        values,
        trend="add" if trended else None,
        damped_trend=trended,
        seasonal="add" if seasonal is not None else None,
        seasonal_periods=season if seasonal is not None else None,
        initialization_method="heuristic",
    )
    return model.fit(
        smoothing_level=level,
        smoothing_trend=TREND if trended else None,
        smoothing_seasonal=seasonal,
        damping_trend=DAMPING if trended else None,
        optimized=False,
    )
