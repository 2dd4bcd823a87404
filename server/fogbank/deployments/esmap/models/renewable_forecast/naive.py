"""Methods that learn nothing: what every other one has to beat."""

import numpy as np

from fogbank.deployments.esmap.models.renewable_forecast.series import Origins, Series
from fogbank.deployments.esmap.models.renewable_forecast.values import Floats

CYCLES = 7
"""Seasons whose mean is a profile."""
MEMORY = 24
"""Values whose mean is a level, at most."""


def persistence(series: Series, learned: int, origins: Origins) -> Floats:
    """The last value."""
    return np.repeat(series.values[origins - 1][:, None], series.horizon, axis=1)


def seasonal_naive(series: Series, learned: int, origins: Origins) -> Floats | None:
    """The value one season earlier."""
    if series.season < 2 or origins.min() < series.season:
        return None
    return np.asarray(series.values[_season_before(series, origins)])


def mean(series: Series, learned: int, origins: Origins) -> Floats:
    """The mean of the last values."""
    sums = np.concatenate(([0.0], np.cumsum(series.values)))
    first = np.maximum(origins - MEMORY, 0)
    level = (sums[origins] - sums[first]) / (origins - first)
    return np.repeat(level[:, None], series.horizon, axis=1)


def drift(series: Series, learned: int, origins: Origins) -> Floats:
    """The last value, and the mean change since the first one for each step."""
    slope = (series.values[origins - 1] - series.values[0]) / np.maximum(origins - 1, 1)
    return np.asarray(
        series.values[origins - 1][:, None]
        + slope[:, None] * np.arange(1, series.horizon + 1)[None, :]
    )


def seasonal_mean(series: Series, learned: int, origins: Origins) -> Floats | None:
    """The mean of the last seasons at the same place in them."""
    if series.season < 2 or origins.min() < series.season:
        return None
    return np.asarray(_profile(series)[_season_before(series, origins) + series.season])


def scaled_profile(series: Series, learned: int, origins: Origins) -> Floats | None:
    """The seasonal mean, scaled by how much more or less than it came lately."""
    season = series.season
    if season < 4 or origins.min() < 2 * season:
        return None
    profile = _profile(series)
    lately = max(2, season // 6)
    usual = np.nan_to_num(profile[: len(series)])
    came, meant = (np.concatenate(([0.0], np.cumsum(each))) for each in (series.values, usual))
    firm = lately * came[origins] / origins
    ratio = (came[origins] - came[origins - lately] + firm) / (
        meant[origins] - meant[origins - lately] + firm + 1e-9
    )
    shape = profile[_season_before(series, origins) + season]
    return np.asarray(np.clip(ratio, 0.0, 3.0)[:, None] * shape)


def physical(series: Series, learned: int, origins: Origins) -> Floats | None:
    """The plant's physical model under the weather."""
    if series.physical is None:
        return None
    inside = np.minimum(series.targets(origins), len(series.physical) - 1)
    return np.asarray(series.physical[inside])


def _season_before(series: Series, origins: Origins) -> Origins:
    """For each forecast the latest known step at the same place in the season."""
    ahead = np.arange(series.horizon)
    back = series.season * (ahead // series.season + 1)
    return np.asarray(series.targets(origins) - back[None, :])


def _profile(series: Series) -> Floats:
    """Per step, and for one season more: the mean of up to CYCLES values of earlier seasons."""
    count, season = len(series), series.season
    total, seen = np.zeros(count + season), np.zeros(count + season)
    for back in range(season, CYCLES * season + 1, season):
        if back >= count + season:
            break
        earlier = series.values[: max(0, count + season - back)]
        total[back : back + len(earlier)] += earlier
        seen[back : back + len(earlier)] += 1
    unseen = np.full(count + season, np.nan)
    return np.asarray(np.divide(total, seen, out=unseen, where=seen > 0))
