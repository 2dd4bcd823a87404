"""Dynamic regression: season, weather and physics as regressors, autoregressive errors."""

from dataclasses import replace

import numpy as np

from fogbank.deployments.esmap.models.renewable_forecast.series import Origins, Series
from fogbank.deployments.esmap.models.renewable_forecast.values import Floats

HARMONICS = 6
PER_REGRESSOR = 8
"""Values that a regressor needs."""
LONGEST_LAG = 49
FLAT = 1e-9
RIDGE = 1e-5
ROUNDS = 3


def regression(series: Series, learned: int, origins: Origins) -> Floats | None:
    """Without the weather."""
    return _forecast(series, learned, origins, weather=False)


def weather_regression(series: Series, learned: int, origins: Origins) -> Floats | None:
    """With the weather; None where none covers history and horizon."""
    if not series.weather.shape[1]:
        return None
    return _forecast(series, learned, origins, weather=True)


def told_regression(series: Series, learned: int, origins: Origins) -> Floats | None:
    """Learned from the weather as it was told: it trusts in forecasts as far as they are right."""
    return weather_regression(replace(series, weather=series.told), learned, origins)


def _forecast(series: Series, learned: int, origins: Origins, *, weather: bool) -> Floats | None:
    """Feasible generalised least squares with AR(p) errors (Cochrane and Orcutt 1949).

    The errors run on from each origin by their recursion; the regressors are known, the weather
    as it was told. statsmodels' GLSAR does the same by a pseudo-inverse a round: a forecast took
    six times the CPU, and collinear weather a warning each. A small ridge has neither.
    """
    if learned < 3 * PER_REGRESSOR:
        return None
    came, told = _columns(series, learned, weather=weather)
    order = _lags(series.season, learned)
    rho = np.zeros(order)
    for _ in range(ROUNDS):
        weights = _least_squares(
            _whitened(came[:learned], rho), _whitened(series.values[:learned], rho)
        )
        errors = series.values - (came @ weights)[: len(series)]
        rho = _autoregression(errors[:learned], order)
    recent = errors[origins[:, None] - np.arange(1, order + 1)[None, :]]
    ahead = np.empty((len(origins), series.horizon))
    for step in range(series.horizon):
        following = recent @ rho
        ahead[:, step] = following
        recent = np.column_stack((following, recent[:, :-1]))
    inside = np.minimum(series.targets(origins), len(told) - 1)
    return np.asarray((told @ weights)[inside] + ahead)


def _whitened(values: Floats, rho: Floats) -> Floats:
    order = len(rho)
    white = values[order:].copy()
    for lag, share in enumerate(rho, start=1):
        white -= share * values[order - lag : len(values) - lag]
    return white


def _least_squares(columns: Floats, values: Floats) -> Floats:
    square = columns.T @ columns
    square[np.diag_indices_from(square)] += RIDGE * len(columns)
    return np.asarray(np.linalg.solve(square, columns.T @ values))


def _autoregression(errors: Floats, order: int) -> Floats:
    """Yule-Walker with the biased autocovariance, whose recursion never grows."""
    from scipy.linalg import solve_toeplitz

    around = errors - errors.mean()
    covariance = np.array([around[lag:] @ around[: len(around) - lag] for lag in range(order + 1)])
    if covariance[0] <= FLAT * len(errors):
        return np.zeros(order)
    covariance[0] *= 1 + RIDGE
    return np.asarray(solve_toeplitz(covariance[:-1], covariance[1:]))


def _lags(season: int, learned: int) -> int:
    """A season and one more where it is short and seen often, else up to three."""
    if 1 < season < LONGEST_LAG and learned > 12 * season:
        return season + 1
    return min(3, max(1, learned // 20))


def _columns(series: Series, learned: int, *, weather: bool) -> tuple[Floats, Floats]:
    """A constant and standardised regressors, with the weather as it came and as it was told.

    The more telling ones come first; there are no more than the values carry.
    """
    came, told = (
        np.column_stack(_wanted(series, learned, each if weather else each[:, :0]))
        for each in (series.weather, series.told)
    )
    most = 1 + learned // PER_REGRESSOR
    middle, spread = came[:learned, :most].mean(axis=0), came[:learned, :most].std(axis=0)
    middle[0], spread[0] = 0.0, 1.0
    varies = spread > FLAT
    came, told = (
        (each[:, :most][:, varies] - middle[varies]) / spread[varies] for each in (came, told)
    )
    return came, told


def _wanted(series: Series, learned: int, weather: Floats) -> list[Floats]:
    season, at = series.season, np.arange(len(series.dark))
    waves = [
        wave(2 * np.pi * harmonic * at / season)
        for harmonic in range(1, min(HARMONICS, (season - 1) // 2) + 1)
        for wave in (np.sin, np.cos)
    ]
    met = list(weather.T)
    shape = _shape(series, learned)
    varied = [shape * each for each in met] if season > 1 else []
    return [np.ones(len(at)), *series.regressors.T, *met, *waves[:4], *varied, *waves[4:]]


def _shape(series: Series, learned: int) -> Floats:
    """The mean course of a season in what was learned from, repeated."""
    season = series.season
    whole = series.values[learned % season : learned]
    mean = np.roll(whole.reshape(-1, season).mean(axis=0), learned % season)
    return np.resize(mean, len(series.dark))
