"""How a request of the API becomes features of the forecasting model."""

import pytest

from fogbank.deployments.esmap.requests import BadRequest
from fogbank.deployments.esmap_api.forecast import features_of


def test_a_history_of_objects() -> None:
    history = [
        {"timestamp": "2026-06-01T10:00:00Z", "generation": 3.5},
        {"timestamp": "2026-06-01T10:30:00Z", "generation": 4},
        {"timestamp": "2026-06-01T11:00:00Z", "generation": None},
    ]
    assert features_of({"historical_data": history}) == {
        "type": "solar",
        "historicalGeneration": [3.5, 4, None],
        "step": "PT30M",
        "startTime": "2026-06-01T11:30:00+00:00",
    }


@pytest.mark.parametrize(
    "stamps",
    [
        ("2026-06-01T10:00:00Z", "2026-06-01T11:00:00Z", "2026-06-01T13:00:00Z"),
        ("2026-06-01T10:00:00Z", "2026-06-01T10:00:00Z", "2026-06-01T10:00:00Z"),
        ("2026-06-01T10:00:00Z", "2026-06-01T11:00:00", "2026-06-01T12:00:00Z"),
        ("yesterday", "today", "tomorrow"),
        (None, 5, {}),
        ("9999-12-31T21:00:00", "9999-12-31T22:00:00", "9999-12-31T23:00:00"),
        ("2026-06-01", "2026-07-01", "2026-08-01"),
    ],
)
def test_times_that_tell_no_step(stamps: tuple[object, ...]) -> None:
    history = [{"timestamp": stamp, "value": 1} for stamp in stamps]
    assert features_of({"historical_data": history}) == {
        "type": "solar",
        "historicalGeneration": [1, 1, 1],
    }


def test_weather_step_by_step() -> None:
    weather = [
        {"timestamp": "2026-06-01T10:00:00Z", "cloud_cover": 20, "irradiance": 500},
        {"timestamp": "2026-06-01T11:00:00Z", "cloud_cover": 30, "temperature": 25},
    ]
    assert features_of({"type": "wind", "weather_data": weather}) == {
        "type": "wind",
        "cloudCover": [20, 30],
        "irradiance": [500, None],
        "temperature": [None, 25],
    }


def test_a_place_goes_to_the_model_as_it_is() -> None:
    place = {"latitude": -1.3, "longitude": 36.8}
    assert features_of({"location": place})["location"] == place


@pytest.mark.parametrize(
    "history", [5, "x", {"generation": [1]}, [{"generation": 1}, 5], [{"timestamp": "x"}]]
)
def test_a_history_that_is_none(history: object) -> None:
    with pytest.raises(BadRequest, match="historical_data"):
        features_of({"historical_data": history})


def test_weather_that_is_called_like_something_else_is_not_that() -> None:
    weather = {"type": "wind", "historicalGeneration": [9], "temperature": 20}
    asked = {"type": "solar", "historical_data": [1, 2], "weather_data": weather}
    assert features_of(asked) == {
        "type": "solar",
        "historicalGeneration": [1, 2],
        "temperature": 20,
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("weather_data", [{f"name {number}": 1} for number in range(51)]),
        ("weather_data", [{"temperature": 1}] * 20_001),
        ("historical_data", [1] * 20_001),
        ("historical_data", [{"generation": 1}] * 20_001),
    ],
)
def test_more_than_anybody_forecasts_with(name: str, value: list[object]) -> None:
    with pytest.raises(BadRequest, match=name):
        features_of({name: value})
