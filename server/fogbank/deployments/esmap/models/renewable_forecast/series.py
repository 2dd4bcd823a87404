"""The series that methods forecast."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fogbank.deployments.esmap.models.renewable_forecast.values import Bools, Floats

Origins = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Series:
    """A history, scaled to a maximum of 1, and what is known of its steps.

    All but `values` cover history and horizon, a row a step. `weather` is as it came, `told` as a
    forecast tells it: what is learned is learned from the one, what is forecast from the other.
    `season` is in steps, 1 for none. No forecast is above `top`.
    """

    values: Floats
    horizon: int
    season: int
    top: float
    regressors: Floats
    weather: Floats
    told: Floats
    dark: Bools
    physical: Floats | None = None

    def __len__(self) -> int:
        return len(self.values)

    def targets(self, origins: Origins) -> NDArray[np.intp]:
        """The step that each forecast is of: a row an origin, a column a step of the horizon."""
        return np.asarray(origins[:, None] + np.arange(self.horizon)[None, :])

    def bounded(self, forecasts: Floats, origins: Origins) -> Floats:
        """Forecasts between 0 and `top`, 0 in the dark."""
        clipped = np.clip(np.nan_to_num(forecasts, nan=0.0), 0.0, self.top)
        return np.asarray(np.where(self.dark[self._inside(origins)], 0.0, clipped))

    def errors(self, forecasts: Floats, origins: Origins) -> Floats:
        """Forecast less value; NaN where the value is not known."""
        targets = self.targets(origins)
        known = targets < len(self)
        actual = self.values[np.where(known, targets, 0)]
        return np.asarray(np.where(known, forecasts - actual, np.nan))

    def _inside(self, origins: Origins) -> NDArray[np.intp]:
        return np.minimum(self.targets(origins), len(self.dark) - 1)


class Method(Protocol):
    """A way to forecast."""

    def __call__(self, series: Series, learned: int, origins: Origins) -> Floats | None:
        """Forecasts from each origin, knowing the values before it: a row each.

        What has to be learned is learned from the first `learned` values, which no origin is
        before. None where they are too few.
        """
