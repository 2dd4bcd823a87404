"""The model as the service uses it: its card, its golden inputs, and inputs that nobody meant."""

import asyncio
import json
import math
from typing import Any, cast

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.model import InvalidInput, build_model
from fogbank.deployments.esmap.service import packaged_file
from tests.deployments.esmap.models.emission_calculator.calculator import calculator, card


def at(value: Any, path: str) -> Any:
    for key in path.split("."):
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


def test_golden_inputs_hold() -> None:
    assert len(card().golden) >= 2
    for golden in card().golden:
        answer = calculator().compute(golden.input["features"])
        for path, expected in golden.expect.items():
            assert at(answer, path) == pytest.approx(expected, rel=golden.tolerance), path


async def inferred(input: dict[str, Any]) -> dict[str, Any]:
    call = Call(runtime=cast(Any, None), deadline=card().deadline)
    return await calculator().infer(input, {}, call)


def test_an_inference_computes_in_a_thread() -> None:
    found = asyncio.run(inferred(card().example_input))
    assert found.keys() == calculator().compute(card().example_input["features"]).keys()


def test_the_example_output_is_true() -> None:
    answer = calculator().compute(card().example_input["features"])
    assert json.loads(json.dumps(answer)) == card().example_output


@pytest.mark.parametrize("input", [None, [], {}, {"features": 5}, {"text": "x"}])
def test_an_input_without_features(input: Any) -> None:
    with pytest.raises(InvalidInput, match="Input must contain features"):
        calculator().check(input, {})


def test_a_config_that_is_none() -> None:
    with pytest.raises(ValueError, match="default_gwp"):
        build_model(card(), {**card().config, "default_gwp": "AR1"}, packaged_file)
    with pytest.raises(FileNotFoundError, match="emission-factors-none"):
        build_model(card(), {**card().config, "grid": "emission-factors-none.yaml"}, packaged_file)


NAMES = [
    *("electricity_kwh", "natural_gas_m3", "dieselLiters", "coal_tonnes", "wood_gj", "deisel_l"),
    *("activities", "region", "gridFactor", "gwp", "factors", "basis", "unit", "fuelType"),
    *("energyConsumption", "uncertainty_percent", "year", "kwh", "_kwh", "gas_m3", ""),
]
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(
        ["US", "AR6", "epa", "diesel", "kWh", "hhv", "", "ncv", 1e308, 1e-308, 10**400]
    ),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
)
ACTIVITY = st.dictionaries(
    st.sampled_from(
        ["fuel", "amount", "unit", "region", "basis", "gridFactor", "uncertaintyPercent"]
    ),
    ODD,
)
GOOD = st.fixed_dictionaries(
    {
        "fuel": st.sampled_from(["diesel", "natural gas", "electricity", "wood", "coal", "lpg"]),
        "amount": st.floats(0, 1e12),
        "unit": st.sampled_from(["kWh", "GJ", "kg", "m3", "gallon", "short ton"]),
    },
    optional={"region": ODD, "gridFactor": ODD, "basis": ODD, "uncertaintyPercent": ODD},
)
FEATURES = st.one_of(
    st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), ODD, max_size=6),
    st.builds(
        lambda rows, more: {**more, "activities": rows},
        st.lists(st.one_of(GOOD, ACTIVITY), max_size=4),
        st.dictionaries(st.sampled_from(["region", "gwp", "factors", "basis"]), ODD, max_size=2),
    ),
)


@settings(max_examples=400, deadline=None)
@given(FEATURES)
@example({"activities": [{"fuel": "natural gas", "amount": 2.3e-308, "unit": "kWh"}]})
def test_any_features_are_answered_or_refused(features: dict[str, Any]) -> None:
    try:
        answer = calculator().compute(features)
    except InvalidInput:
        return
    assert_finite(answer)
    assert orjson.loads(orjson.dumps(answer)) == answer
    pairs = zip(answer["predictions"], answer["confidence_intervals"], strict=True)
    for value, interval in pairs:
        assert 0 <= interval["lower"] <= value <= interval["upper"]


def assert_finite(value: Any) -> None:
    if isinstance(value, float):
        assert math.isfinite(value)
    for each in value.values() if isinstance(value, dict) else value if type(value) is list else ():
        assert_finite(each)
