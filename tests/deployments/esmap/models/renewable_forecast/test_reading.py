"""What an input may say, and what is said of one that is wrong."""

import math
from typing import Any

import numpy as np
import pytest

from fogbank.deployments.esmap.model import InvalidInput
from fogbank.deployments.esmap.models.renewable_forecast.request import Request, read, times
from fogbank.deployments.esmap.models.renewable_forecast.step import hours, seasons
from fogbank.deployments.esmap.models.renewable_forecast.units import capacity_in

HISTORY = [1.0, 2.0, 3.0, 2.0, 1.0, 2.0]


def asked(**features: Any) -> Request:
    return read({"features": {"historicalGeneration": HISTORY, **features}}, {})


def listed(values: Any) -> list[float]:
    found: list[float] = values.tolist()
    return found


@pytest.mark.parametrize("input", [None, [], "x", {}, {"features": None}, {"features": [1]}])
def test_an_input_without_features(input: Any) -> None:
    with pytest.raises(InvalidInput, match=r"^Input must contain features$"):
        read(input, {})


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({"historicalGeneration": [1, "2"]}, r"historicalGeneration\[1\] .* not a string"),
        ({"historicalGeneration": [1, True]}, r"historicalGeneration\[1\] .* not a boolean"),
        ({"historicalGeneration": [1, 1e308]}, r"historicalGeneration\[1\] is 1e\+308"),
        (
            {"historicalGeneration": [1, 10**400]},
            "historicalGeneration has a value that is too large",
        ),
        ({"historicalGeneration": 5}, "historicalGeneration must be a list"),
        ({"historicalGeneration": [None, None]}, "no value that is a number"),
        ({"historicalGeneration": [1, *[None] * 7, 1] * 9}, "7 in a row"),
        ({"historicalGeneration": [1.0] * 20_001}, "20001 values, more than 20000"),
        ({"temperature": "warm"}, "temperature must be a number, not a string"),
        ({"temperature": 300}, "temperature is 300, outside -90 to 60"),
        ({"windSpeed": -1}, "windSpeed is -1"),
        ({"cloudCover": [1, 2, 3]}, r"needs 6 .*, 4 .* or 10"),
        ({"cloudCover": 50, "cloudCoverUnit": "fraction"}, "cloudCoverUnit is fraction"),
        ({"weatherForecast": {"temperature": [1, 2]}}, r"weatherForecast.temperature has 2"),
        ({"weatherError": {"fog": 1}}, "weatherError must be"),
        ({"horizon": 0}, "horizon is 0"),
        ({"horizon": 169}, "horizon is 169"),
        ({"horizon": 2.5}, "whole number"),
        ({"horizon": math.nan}, "horizon is nan"),
        ({"horizon": 10**400}, "horizon is too large"),
        ({"coverage": 1}, "coverage is 1"),
        ({"source": "tidal"}, "source must be one of solar, wind, hydro"),
        ({"step": "fortnight"}, "step must be"),
        ({"season": 4}, "season is 4"),
        ({"unit": "MJ"}, "unit must be one of"),
        ({"capacity": 1, "unit": "MW"}, "check unit and capacityUnit"),
        ({"capacity": 1, "unit": "MWh"}, "step is needed"),
        ({"latitude": 40}, "belong together"),
        ({"location": {"latitude": 400, "longitude": 0}}, "latitude is 400"),
        ({"startTime": "tomorrow"}, "startTime must be"),
        ({"startTime": 5}, "startTime must be"),
        ({"startTime": "0001-01-01T00:00:00+23:59"}, "startTime"),
    ],
)
def test_a_mistake_is_named(features: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        asked(**features)


def test_gaps_are_filled_and_negative_values_count_as_none() -> None:
    request = asked(historicalGeneration=[1, None, 3, -0.5, float("nan"), 1, *[2] * 4])
    assert request.history.tolist() == [1, 2, 3, 0, 0.25, 1, 2, 2, 2, 2]
    assert len(request.notes) == 2


def test_weather_is_of_the_history_the_horizon_or_both() -> None:
    request = asked(
        temperature=list(range(10)), windSpeed=7, cloudCover=list(range(6)), precipitation=[1] * 4
    )
    both, number, past, future = (
        request.weather[name]
        for name in ("temperature", "windSpeed", "cloudCover", "precipitation")
    )
    assert (listed(both.past), listed(both.future)) == ([0, 1, 2, 3, 4, 5], [6, 7, 8, 9])
    assert number.past is None
    assert listed(number.future) == [7] * 4
    assert past.future is None
    assert listed(past.past) == (np.arange(6) / 100).tolist()
    assert future.past is None
    assert listed(future.future) == [1] * 4


@pytest.mark.parametrize(
    ("given", "fraction"),
    [
        ({"cloudCover": 0.4}, 0.4),
        ({"cloudCover": 40}, 0.4),
        ({"cloudCover": 1}, 1.0),
        ({"cloudCover": 1, "cloudCoverUnit": "%"}, 0.01),
    ],
)
def test_cloud_cover_is_a_fraction_or_percent(given: dict[str, Any], fraction: float) -> None:
    assert listed(asked(**given).weather["cloudCover"].future) == pytest.approx([fraction] * 4)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("hour", 1),
        ("Daily", 24),
        ("30 min", 0.5),
        ("2h", 2),
        ("PT15M", 0.25),
        ("PT1440M", 24),
        ("P1D", 24),
        ("P1M", 730.5),
    ],
)
def test_steps(step: str, expected: float) -> None:
    assert hours(step) == pytest.approx(expected)


def test_seasons_of_steps() -> None:
    assert seasons(0.25) == (96,)
    assert seasons(24) == (7, 365)
    assert seasons(730.5) == (12,)
    assert seasons(8766) == ()
    assert 24 in seasons(None)


@pytest.mark.parametrize(
    ("given", "unit", "step", "expected"),
    [
        (None, "MW", None, (50, "MW")),
        ("MW", "kW", None, (50_000, "kW")),
        ("kW", "MWh", 0.25, (0.0125, "MWh")),
        (None, "kWh", 24, (1200, "kWh")),
        ("MW", None, None, (50, "MW")),
        (None, None, None, (50, None)),
    ],
)
def test_the_capacity_in_the_unit_of_the_history(
    given: str | None, unit: str | None, step: float | None, expected: tuple[float, str | None]
) -> None:
    found, named = capacity_in(50, given, unit, step)
    assert found == pytest.approx(expected[0])
    assert named == expected[1]


def test_times_of_the_forecast() -> None:
    request = asked(startTime="2026-06-01T12:00:00+02:00", step="PT30M", horizon=2)
    assert times(request) == ["2026-06-01T10:00:00+00:00", "2026-06-01T10:30:00+00:00"]
    assert times(asked()) is None
