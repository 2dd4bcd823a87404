"""Better than the naive forecasts on what came after, and intervals that cover what they say."""

import pytest

from tests.deployments.esmap.models.renewable_forecast.forecaster import forecaster
from tests.deployments.esmap.models.renewable_forecast.heldout import held_out
from tests.deployments.esmap.models.renewable_forecast.series import (
    Sample,
    greensboro_wind,
    nile,
    synthetic_hydro,
    synthetic_solar,
    synthetic_wind,
)

ERRORS = {"temperature": 1.5, "windSpeed": 1.5, "cloudCover": 15.0}


@pytest.mark.parametrize(
    ("sample", "history", "horizon", "to_persistence", "to_seasonal"),
    [
        (synthetic_solar(), 720, 4, 0.3, 0.8),
        (synthetic_wind(), 720, 12, 0.9, 0.7),
        (synthetic_hydro(), 120, 4, 0.5, 0.85),
        (greensboro_wind(), 720, 24, 0.8, 0.8),
    ],
    ids=lambda value: value.name if isinstance(value, Sample) else str(value),
)
def test_it_beats_the_naive_forecasts(
    sample: Sample, history: int, horizon: int, to_persistence: float, to_seasonal: float
) -> None:
    found = held_out(
        forecaster().told, sample, history=history, horizon=horizon, cuts=24, error=ERRORS
    )
    assert found.to_persistence < to_persistence
    assert found.to_seasonal is not None
    assert found.to_seasonal < to_seasonal
    assert 0.8 < found.covered <= 0.99


def test_it_beats_persistence_on_the_nile() -> None:
    found = held_out(forecaster().told, nile(), history=50, cuts=40)
    assert found.to_persistence < 0.9
    assert 0.8 < found.covered <= 0.98
