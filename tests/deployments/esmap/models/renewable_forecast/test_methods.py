"""The methods: what the simple ones say, and that none looks ahead."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.deployments.esmap.models.renewable_forecast import naive
from fogbank.deployments.esmap.models.renewable_forecast.backtest import METHODS
from fogbank.deployments.esmap.models.renewable_forecast.regression import weather_regression
from fogbank.deployments.esmap.models.renewable_forecast.season import detect, nights
from fogbank.deployments.esmap.models.renewable_forecast.series import Series
from fogbank.deployments.esmap.models.renewable_forecast.smoothing import smoothing
from tests.deployments.esmap.models.renewable_forecast.series import (
    Floats,
    synthetic_solar,
    wandering,
)


def series(values: Floats, horizon: int, season: int, weather: Floats | None = None) -> Series:
    length = len(values) + horizon
    met = np.empty((length, 0)) if weather is None else weather[:, None]
    return Series(
        values=values,
        horizon=horizon,
        season=season,
        top=10.0,
        regressors=np.empty((length, 0)),
        weather=met,
        told=met,
        dark=np.zeros(length, dtype=bool),
        physical=None if weather is None else weather,
    )


def test_what_the_naive_methods_say() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0] * 3)
    it, now = series(values, 6, 4), np.array([10])
    assert naive.persistence(it, 10, now).tolist() == [[2.0] * 6]
    assert naive.mean(it, 10, now).tolist() == [[2.3] * 6]
    assert naive.drift(it, 10, now)[0] == pytest.approx(2 + np.arange(1, 7) / 9)
    for method in (naive.seasonal_naive, naive.seasonal_mean):
        found = method(it, 10, now)
        assert found is not None
        assert found.tolist() == [[3.0, 4.0, 1.0, 2.0, 3.0, 4.0]]


def test_a_cloudy_hour_scales_the_profile() -> None:
    values = np.tile([0.0, 1.0, 2.0, 3.0, 3.0, 2.0, 1.0, 0.0], 6)
    dull = values.copy()
    dull[40:44] *= 0.5
    usual, less = (
        naive.scaled_profile(series(each, 4, 8), 44, np.array([44])) for each in (values, dull)
    )
    assert usual is not None
    assert less is not None
    assert usual[0] == pytest.approx(values[44:])
    assert (less[0][:3] < 0.9 * usual[0][:3]).all()


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("horizon", [3, 30])
def test_no_method_looks_ahead(name: str, horizon: int) -> None:
    """What comes after the origin, and after what was learned from, changes no forecast."""
    rng = np.random.default_rng(3)
    weather = wandering(rng, 240 + horizon, 0.9)
    past = np.clip(1 + np.sin(np.arange(240) * np.pi / 6) + 0.3 * weather[:240], 0, None)
    other = past.copy()
    other[150:] = rng.uniform(0, 3, 90)
    origins = np.arange(130, 151)
    one, two = (
        METHODS[name](series(each, horizon, 12, weather), 130, origins) for each in (past, other)
    )
    assert one is not None
    assert two is not None
    assert one == pytest.approx(two, abs=1e-12)


def test_the_regression_finds_what_the_weather_does() -> None:
    rng = np.random.default_rng(4)
    weather = wandering(rng, 304, 0.5)
    values = 2 + 0.5 * weather[:300] + 0.01 * rng.normal(size=300)
    found = weather_regression(series(values, 4, 1, weather), 300, np.array([300]))
    assert found is not None
    assert found[0] == pytest.approx(2 + 0.5 * weather[300:], abs=0.05)


def test_the_regression_learns_from_the_weather_that_came() -> None:
    """Only forecasts see the weather as it was told."""
    rng = np.random.default_rng(4)
    weather = wandering(rng, 304, 0.5)
    it = series(2 + 0.5 * weather[:300], 4, 1, weather)
    told = replace(it, told=it.told + 1.0)
    found = weather_regression(told, 300, np.array([300]))
    assert found is not None
    assert found[0] == pytest.approx(2 + 0.5 * (weather[300:] + 1), abs=0.01)


def test_smoothing_repeats_a_season_exactly() -> None:
    values = np.tile([1.0, 4.0, 2.0, 5.0, 3.0, 1.0], 12)
    found = smoothing(series(values, 8, 6), 72, np.array([72]))
    assert found is not None
    assert found[0] == pytest.approx(np.tile(values[:6], 2)[:8], abs=0.02)


def test_a_season_is_seen_where_there_is_one() -> None:
    solar = synthetic_solar(400).values / 50
    assert detect(solar, (24, 12, 7)) == 24
    wind = wandering(np.random.default_rng(2), 400, 0.97) + 5
    assert detect(wind, (24, 12, 7)) == 1
    assert detect(np.ones(100), (24,)) == 1
    assert detect(solar[:40], (24,)) == 1


def test_night_is_what_gave_nothing_lately_and_not_dawn() -> None:
    values = synthetic_solar(480).values / 50
    dark = nights(values, 24, 24)[480:]
    generating = values[-24:] > 0
    assert dark.sum() == 24 - generating.sum() - 2
    assert not (dark & generating).any()


def test_there_is_no_night_where_it_keeps_generating() -> None:
    values = synthetic_solar(480).values / 50
    values[240:] += 0.1
    assert not nights(values, 24, 24).any()


@given(st.lists(st.floats(0, 1), min_size=12, max_size=60), st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_methods_bound_to_the_range(values: list[float], horizon: int) -> None:
    it = series(np.array(values), horizon, 4)
    origins = np.arange(8, len(values) + 1)
    for method in METHODS.values():
        with np.errstate(all="ignore"):
            found = method(it, 8, origins)
        if found is not None:
            assert found.shape == (len(origins), horizon)
            bounded = it.bounded(found, origins)
            assert ((bounded >= 0) & (bounded <= it.top)).all()
