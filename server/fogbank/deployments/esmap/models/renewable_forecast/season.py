"""Which season a series has, and when nothing can be generated in it."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from fogbank.deployments.esmap.models.renewable_forecast.values import Bools, Floats

STRENGTH = 0.3
"""The autocorrelation at the season's lag that makes it one."""
ABOVE_HALF = 0.15
"""How far it must stand above the one at half the lag: a slow series has both."""
NIGHTS = 14
DARK = 1e-3
SURPRISE, OFTEN = 0.03, 0.02
"""Generation in the night, and how often, that says that there is no night."""


def detect(history: Floats, candidates: tuple[int, ...]) -> int:
    """The strongest season of those, in steps; 1 where none is seen twice and stands out."""
    best, found = STRENGTH, 1
    at = np.arange(len(history))
    if len(history) < 8 or np.ptp(history) == 0:
        return found
    residual = history - np.polyval(np.polyfit(at, history, 1), at)
    variance = float(residual @ residual) / len(residual)
    if variance <= 1e-18:
        return found
    for season in candidates:
        if not 2 <= season <= len(history) // 2:
            continue
        here, half = (_correlation(residual, lag) / variance for lag in (season, season // 2))
        if here > best and here > half + ABOVE_HALF:
            best, found = here, season
    return found


def _correlation(residual: Floats, lag: int) -> float:
    return float(residual[lag:] @ residual[: len(residual) - lag]) / (len(residual) - lag)


def nights(history: Floats, season: int, horizon: int) -> Bools:
    """Per step, history and horizon: the same time of day and its neighbours gave nothing lately.

    The neighbours keep dawn and dusk out of the night while the days grow longer. A step needs two
    seasons before it; `history` is scaled to a maximum of 1.
    """
    length = len(history) + horizon
    dark = np.zeros(length, dtype=bool)
    if season < 6:
        return dark
    padded = np.concatenate(([np.nan], history, np.full(horizon + 1, np.nan)))
    around = np.fmax.reduce(sliding_window_view(padded, 3), axis=1)
    highest = np.full(length, np.nan)
    seen = np.zeros(length, dtype=int)
    for back in range(season, NIGHTS * season + 1, season):
        if back >= length:
            break
        earlier = around[: length - back]
        highest[back:] = np.fmax(highest[back:], earlier)
        seen[back:] += np.isfinite(earlier)
    known = (seen >= 2) & np.isfinite(highest)
    dark[known] = highest[known] <= DARK
    surprising = history[dark[: len(history)]] > SURPRISE
    return np.zeros_like(dark) if surprising.sum() > max(1, OFTEN * len(surprising)) else dark
