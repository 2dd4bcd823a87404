"""The physical models: the sun, clouds, a wind turbine, and a plant without a history."""

from typing import Any

import numpy as np
import pytest

from tests.deployments.esmap.models.renewable_forecast.forecaster import forecaster
from tests.deployments.esmap.models.renewable_forecast.physics import cloud_error

SOLAR: dict[str, Any] = {
    "source": "solar",
    "capacity": 10,
    "capacityUnit": "MW",
    "step": "hour",
    "startTime": "2026-06-21T00:00:00Z",
    "latitude": 48.0,
    "longitude": 0.0,
    "horizon": 24,
}
WIND: dict[str, Any] = {"source": "wind", "capacity": 6, "unit": "MW", "windSpeedHeight": 100}


def forecast(**features: Any) -> dict[str, Any]:
    return forecaster().forecast(features)


def test_a_summer_day_under_a_clear_sky() -> None:
    answer = forecast(**SOLAR, cloudCover=0, temperature=22)
    power = np.array(answer["predictions"])
    assert power[11:13].mean() == pytest.approx(power.max(), rel=0.02)
    assert 0.6 * 10 < power.max() < 0.86 * 10
    assert (power[[0, 1, 2, 22, 23]] == 0).all()
    assert 14 <= (power > 0).sum() <= 17
    assert (answer["method"], answer["unit"], answer["calibrated"]) == ("physical", "MW", False)
    assert answer["times"][0] == "2026-06-21T00:00:00+00:00"
    assert all(each["upper"] == 0 for each in answer["confidence_intervals"][:3])


def test_clouds_after_kasten_and_czeplak() -> None:
    clear, half, full = (
        sum(forecast(**SOLAR, cloudCover=cover)["predictions"]) for cover in (0, 0.5, 1)
    )
    assert half / clear == pytest.approx(1 - 0.75 * 0.5**3.4, abs=0.04)
    assert full / clear == pytest.approx(0.25, abs=0.06)


def test_the_sun_is_north_in_the_south_and_late_in_the_west() -> None:
    south = {**SOLAR, "latitude": -48.0, "startTime": "2026-12-21T00:00:00Z"}
    north_facing = sum(forecast(**south, cloudCover=0)["predictions"])
    south_facing = sum(forecast(**south, azimuth=180, cloudCover=0)["predictions"])
    assert north_facing > 1.2 * south_facing
    west = forecast(**{**SOLAR, "longitude": -90.0}, cloudCover=0)["predictions"]
    assert 17 <= int(np.argmax(west)) <= 18


def test_energy_of_a_day_is_that_of_its_hours() -> None:
    hours = sum(forecast(**SOLAR, cloudCover=0)["predictions"])
    day = forecast(**{**SOLAR, "step": "day", "horizon": 1, "unit": "MWh"}, cloudCover=0)
    assert day["predictions"][0] == pytest.approx(hours, rel=0.01)


def test_irradiance_goes_before_clouds() -> None:
    dull = forecast(**SOLAR, cloudCover=0, irradiance=50)["predictions"]
    assert max(dull) < 1.0


@pytest.mark.parametrize("name", ["703165TY.csv", "723170TYA.CSV"])
def test_the_assumed_error_is_not_below_the_one_at_weather_stations(name: str) -> None:
    error, bias = cloud_error(name)
    assert 0.1 < error <= forecaster().config.solar_error
    assert abs(bias) < 0.15


def test_a_turbine() -> None:
    answer = forecast(**WIND, windSpeed=[1, 5, 8, 14, 30], horizon=5)
    idle, weak, half, full, stopped = answer["predictions"]
    assert (idle, full, stopped) == (0, 6, 0)
    assert 0 < weak < half < full
    widths = [each["upper"] - each["lower"] for each in answer["confidence_intervals"]]
    assert widths[2] > widths[0]


def test_wind_blows_harder_at_the_hub() -> None:
    low = forecast(**{**WIND, "windSpeedHeight": 10}, windSpeed=6)["predictions"][0]
    assert low > forecast(**WIND, windSpeed=6)["predictions"][0]


@pytest.mark.parametrize(
    ("features", "lacking"),
    [
        ({}, "latitude and longitude and startTime and step"),
        ({"historicalGeneration": [], "source": "hydro", "capacity": 5}, ""),
        ({"source": "wind", "capacity": 5}, "windSpeed of the horizon"),
        ({"source": "solar", "capacity": 5}, "latitude and longitude and startTime and step"),
        ({**SOLAR}, "cloudCover or irradiance"),
        ({**SOLAR, "step": "month", "cloudCover": 0}, "a step of a day or less"),
    ],
)
def test_neither_history_nor_plant(features: dict[str, Any], lacking: str) -> None:
    """The mean of such plants; the interval is all that one can give. The notes say why."""
    answer = forecaster().forecast(features)
    top = features.get("capacity", 1)
    assert answer["method"] == "typical"
    assert answer["metrics"]["confidence"] == 0
    assert all(0 < value < top for value in answer["predictions"])
    spans = [each["upper"] - each["lower"] for each in answer["confidence_intervals"]]
    assert all(span >= 0.6 * top for span in spans)
    notes = " ".join(answer["notes"])
    assert "neither a history nor a plant was told" in notes
    assert lacking in notes
    assert (answer["unit"] == "share of capacity") == ("capacity" not in features)


def test_wind_tells_more_than_the_mean_of_all_plants() -> None:
    calm, strong = (
        forecaster().forecast({"source": "wind", "windSpeed": speed}) for speed in (3, 11)
    )
    assert calm["method"] == strong["method"] == "physical"
    assert calm["unit"] == "share of capacity"
    assert 0 <= calm["predictions"][0] < 0.1
    assert 0.6 < strong["predictions"][0] <= 1


def test_a_sun_that_does_not_fit_is_not_believed() -> None:
    """The history generates when it is night at the place: its times are local, say."""
    day = [0.0] * 6 + [1, 3, 5, 7, 8, 9, 9, 8, 7, 5, 3, 1] + [0.0] * 6
    wrong = {**SOLAR, "startTime": "2026-06-21T12:00:00Z", "horizon": 12}
    answer = forecaster().forecast({**wrong, "historicalGeneration": day * 5, "cloudCover": 0})
    assert max(answer["predictions"]) > 8
    assert any("it generated at night" in note for note in answer["notes"])


def test_history_and_plant_are_blended_where_past_weather_is_missing() -> None:
    day = forecast(**SOLAR, cloudCover=0)["predictions"]
    dimmed = [share * power for share in (1, 0.7, 0.9, 0.5, 0.8, 0.6) for power in day]
    both = {**SOLAR, "historicalGeneration": dimmed}
    clear, dull = (forecast(**both, cloudCover=cover) for cover in (0, 1))
    assert sum(dull["predictions"]) < sum(clear["predictions"]) * 0.98
    assert 0 < dull["weights"]["physical"] < 1
    assert not dull["calibrated"]
