"""The model as the service uses it: its card, its golden inputs, its config."""

import asyncio
from typing import Any, cast

import pytest

from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.model import InvalidInput, build_model
from fogbank.deployments.esmap.models.grid_optimizer import GridOptimizer
from fogbank.deployments.esmap.service import packaged_file
from tests.deployments.esmap.models.grid_optimizer.grids import card, optimizer, unit


def at(value: Any, path: str) -> Any:
    for key in path.split("."):
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


def test_golden_inputs_hold() -> None:
    assert len(card().golden) >= 2
    for golden in card().golden:
        answer = optimizer().compute(golden.input["gridData"])
        for path, expected in golden.expect.items():
            number = isinstance(expected, int | float) and not isinstance(expected, bool)
            held = pytest.approx(expected, rel=golden.tolerance) if number else expected
            assert at(answer, path) == held, path


async def inferred(input: dict[str, Any]) -> dict[str, Any]:
    call = Call(runtime=cast(Any, None), deadline=card().deadline)
    return await optimizer().infer(input, {}, call)


def test_an_inference_computes_in_a_thread() -> None:
    found = asyncio.run(inferred(card().example_input))
    assert found.keys() == optimizer().compute(card().example_input["gridData"]).keys()


def test_the_example_output_is_true() -> None:
    answer = optimizer().compute(card().example_input["gridData"])
    shown = card().example_output
    assert {key: answer[key] for key in shown} == shown


@pytest.mark.parametrize("input", [None, [], {}, {"gridData": 5}, {"features": {}}])
def test_an_input_without_a_grid(input: Any) -> None:
    with pytest.raises(InvalidInput, match="Input must contain gridData"):
        optimizer().check(input, {})


@pytest.mark.parametrize(
    "config", [{"seconds": 60}, {"seconds": 0}, {"gap": -1}, {"gap": 1}, {"gap": "small"}]
)
def test_a_config_that_is_none(config: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"seconds|float"):
        build_model(card(), {**card().config, **config}, packaged_file)


def test_without_time_the_merit_order_is_shown_and_said_to_be_it() -> None:
    from bench.esmap_dispatch import grid

    answer = GridOptimizer(0.01, 1e-4, 0, "1").compute(grid(24, 20, 1))
    assert answer["solver"]["status"] == "Time limit reached"
    assert answer["solver"]["proof"].startswith("none")
    assert answer["solver"]["objective"] is None
    schedule, baseline = answer["optimal_configuration"], answer["improvements"]["baseline"]
    assert schedule["cost"] == baseline["cost"]


def test_an_unsuited_baseline_says_what_it_breaks() -> None:
    gas = unit("gas", 100, 10, min_power=40, minUpTime=3, initialOn=False)
    wind = {"name": "wind", "type": "wind", "capacity": 100, "availability": [0, 1, 0]}
    answer = optimizer().compute({"demand": [60, 60, 60], "generators": [gas, wind]})
    assert answer["improvements"]["comparable"] is False
    assert answer["improvements"]["baseline"]["constraints_broken"] == ["minimum up and down times"]
