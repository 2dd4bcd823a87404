"""The model as the service uses it: its card, its golden inputs, and inputs that nobody meant."""

import asyncio
import json
import math
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.model import InvalidInput, build_model
from fogbank.deployments.esmap.service import packaged_file
from tests.deployments.esmap.models.renewable_forecast.forecaster import card, forecaster
from tests.deployments.esmap.models.renewable_forecast.series import synthetic_solar


def at(value: Any, path: str) -> Any:
    for key in path.split("."):
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


def test_golden_inputs_hold() -> None:
    assert len(card().golden) >= 2
    for golden in card().golden:
        answer = forecaster().forecast(golden.input["features"])
        for path, expected in golden.expect.items():
            if isinstance(expected, str | bool):
                assert at(answer, path) == expected
            else:
                assert at(answer, path) == pytest.approx(expected, rel=golden.tolerance), path


def test_the_example_output_is_true() -> None:
    answer = forecaster().forecast(card().example_input["features"])
    shown = card().example_output
    assert answer.keys() == shown.keys()
    assert answer["predictions"] == pytest.approx(shown["predictions"], rel=1e-3)
    assert answer["metrics"]["mae"] == pytest.approx(shown["metrics"]["mae"], rel=1e-3)
    assert (answer["method"], answer["times"]) == (shown["method"], shown["times"])


def test_an_inference_computes_in_a_thread() -> None:
    call = Call(runtime=cast(Any, None), deadline=card().deadline)
    found = asyncio.run(forecaster().model.infer(card().example_input, {"coverage": 0.8}, call))
    assert len(found["predictions"]) == len(found["confidence_intervals"]) == 4
    assert found["coverage"] == 0.8


def test_the_same_input_has_the_same_answer() -> None:
    features = card().example_input["features"]
    assert forecaster().forecast(features) == forecaster().forecast(features)


@pytest.mark.parametrize(
    "change",
    [
        {"wind_turbine": "none"},
        {"colour": 1},
        {"window": 5},
        {"weather_error": {}},
        {"weather_error": {"fog": 1}},
    ],
)
def test_a_config_that_is_none(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"none|colour|window|weather_error"):
        build_model(card(), {**card().config, **change}, packaged_file)


@pytest.mark.parametrize("count", [1, 2, 3, 11])
def test_a_short_history_has_an_honest_answer(count: int) -> None:
    history = [80.0, 95.0, 90.0, 100.0, 85.0, 97.0, 91.0, 88.0, 93.0, 99.0, 90.0][:count]
    answer = forecaster().forecast(
        {"temperature": 25, "windSpeed": 5, "cloudCover": 20, "historicalGeneration": history}
    )
    assert answer["predictions"] == [history[-1]] * 4
    assert answer["method"] == "persistence"
    assert not answer["calibrated"]
    assert all(use.startswith("unused: fewer") for use in answer["weather"].values())
    assert answer["metrics"]["confidence"] < 0.3
    widths = [each["upper"] - each["lower"] for each in answer["confidence_intervals"]]
    assert widths == sorted(widths)
    assert widths[0] > 10


def test_a_longer_history_and_what_is_said_of_it() -> None:
    solar = synthetic_solar(1004)
    weather = {name: values.tolist() for name, values in solar.weather.items()}
    answer = forecaster().forecast(
        {**solar.features, **weather, "historicalGeneration": solar.values[:1000].tolist()}
    )
    metrics = answer["metrics"]
    assert metrics["mae"] < metrics["baselines"]["seasonal-naive"]["mae"]
    assert 0.5 < metrics["confidence"] < 1
    assert metrics["mae"] <= metrics["rmse"]
    assert 0.8 < metrics["coverage"] <= 1
    assert (answer["season"], answer["calibrated"], answer["unit"]) == (24, True, "MW")
    assert answer["weather"] == {"temperature": "regressor", "cloudCover": "regressor"}
    assert sum(answer["weights"].values()) == pytest.approx(1, abs=0.001)


def test_the_interval_grows_with_the_coverage() -> None:
    solar = synthetic_solar(500)
    features = {"historicalGeneration": solar.values.tolist(), "source": "solar", "step": "hour"}

    def width(coverage: float) -> float:
        answer = forecaster().forecast({**features, "horizon": 24}, coverage=coverage)
        widths = [each["upper"] - each["lower"] for each in answer["confidence_intervals"]]
        return float(sum(widths))

    assert width(0.5) < width(0.8) < width(0.95)


@pytest.mark.parametrize("value", [0.0, 5.0, 1e-300, 1e12])
def test_a_constant_history(value: float) -> None:
    answer = forecaster().forecast({"historicalGeneration": [value] * 100})
    assert answer["predictions"] == pytest.approx([value] * 4, abs=1e-9)
    assert_sound(answer, math.inf)


def test_twenty_thousand_values() -> None:
    solar = synthetic_solar(20_000)
    answer = forecaster().forecast({"historicalGeneration": solar.values.tolist(), "horizon": 168})
    assert len(answer["predictions"]) == 168
    assert_sound(answer, math.inf)


def assert_sound(answer: dict[str, Any], top: float) -> None:
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    pairs = zip(answer["predictions"], answer["confidence_intervals"], strict=True)
    for prediction, interval in pairs:
        assert 0 <= interval["lower"] <= prediction <= interval["upper"] <= top
    assert 0 <= answer["metrics"]["confidence"] <= 1


values = st.floats(allow_nan=True, allow_infinity=True) | st.none() | st.floats(-1, 100)
histories = st.lists(values, max_size=80) | st.lists(st.floats(0, 50), min_size=12, max_size=90)
weather = st.none() | st.floats(-10, 110) | st.lists(st.floats(0, 40), max_size=94)
inputs = st.fixed_dictionaries(
    {},
    optional={
        "historicalGeneration": histories,
        "temperature": weather,
        "windSpeed": weather,
        "cloudCover": weather,
        "irradiance": weather,
        "source": st.sampled_from(["solar", "wind", "hydro", "sun", None]),
        "capacity": st.floats(0.1, 1e6) | st.none(),
        "unit": st.sampled_from(["MW", "kWh", None]),
        "step": st.sampled_from(["hour", "15min", "day", "month", None]),
        "startTime": st.sampled_from(["2026-06-01T12:00:00Z", "2026-12-01", "now", None]),
        "latitude": st.floats(-90, 90),
        "longitude": st.floats(-180, 180),
        "horizon": st.integers(0, 30),
        "season": st.integers(0, 30) | st.none(),
        "coverage": st.floats(0.4, 1),
    },
)


@given(inputs)
@settings(max_examples=150, deadline=None)
def test_every_input_has_a_sound_answer_or_a_reason(features: dict[str, Any]) -> None:
    try:
        answer = forecaster().forecast(features)
    except InvalidInput:
        return
    capacity = features.get("capacity")
    in_kw = capacity is not None and features.get("unit") == "kWh"
    hours = {"hour": 1, "15min": 0.25, "day": 24, "month": 730.5}
    top = math.inf if capacity is None else capacity
    assert_sound(answer, top * hours[features["step"]] * 1.0001 if in_kw else top)


@given(
    st.lists(st.floats(0, 9), min_size=30, max_size=120),
    st.sampled_from(["solar", "wind", None]),
    st.floats(-80, 80),
    st.data(),
)
@settings(max_examples=60, deadline=None)
def test_every_plant_has_a_sound_answer(
    history: list[float], source: str | None, latitude: float, data: st.DataObject
) -> None:
    length = len(history) + 4
    drawn = st.lists(st.floats(0, 1), min_size=length, max_size=length)
    features = {
        "historicalGeneration": history,
        "source": source,
        "capacity": 9,
        "latitude": latitude,
        "longitude": 20,
        "startTime": "2026-03-01T10:00:00Z",
        "step": "hour",
        "cloudCover": data.draw(drawn),
        "windSpeed": [25 * each for each in data.draw(drawn)],
    }
    assert_sound(forecaster().forecast(features), 9)
