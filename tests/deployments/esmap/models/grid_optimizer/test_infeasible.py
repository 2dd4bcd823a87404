"""What cannot be is explained: which constraint, when, by how much."""

from typing import Any

import pytest

from tests.deployments.esmap.models.grid_optimizer.grids import solve, unit


def explained(**grid: Any) -> list[str]:
    answer = solve(**grid)
    assert answer["constraints_satisfied"] is False
    assert answer["optimal_configuration"]["prices"] is None
    return [each["message"] for each in answer["infeasible"]]


def test_too_little_capacity_names_hour_and_amount() -> None:
    answer = solve(demand=[90] * 17 + [120] + [80] * 6, generators=[unit("coal", 100, 20)])
    assert answer["infeasible"] == [
        {
            "constraint": "demand",
            "step": 17,
            "amount": 20,
            "unit_of_amount": "MW",
            "message": "hour 18: demand 120 MW exceeds available 100 MW by 20 MW",
        }
    ]
    assert answer["optimal_configuration"]["unserved"][17] == 20
    assert answer["optimal_configuration"]["schedule"]["coal"][16:19] == [90, 100, 80]


def test_steps_that_are_no_hours_are_called_steps() -> None:
    found = explained(demand=[120], generators=[unit("coal", 100, 20)], stepHours=0.25)
    assert found == ["step 1: demand 120 MW exceeds available 100 MW by 20 MW"]


def test_storage_helps_before_demand_is_given_up() -> None:
    # 10 MW to spare in hour 1 for 30 MW that lack in hour 2: 20 MW lack.
    found = explained(
        demand=[90, 130], generators=[unit("coal", 100, 20)], storage={"power": 50, "energy": 100}
    )
    assert found == ["hour 2: demand 130 MW exceeds available 110 MW by 20 MW"]


def test_generation_that_cannot_be_reduced() -> None:
    wind = {"type": "wind", "capacity": 80, "curtailable": False}
    found = explained(demand=[50], generators=[wind])
    assert found == ["hour 1: generation that cannot be reduced exceeds demand 50 MW by 30 MW"]


def test_reserve_is_given_up_before_demand() -> None:
    found = explained(demand=[90], generators=[unit("coal", 100, 20)], reserve=25)
    assert found == ["hour 1: reserve 25 MW exceeds what can be held 10 MW by 15 MW"]


def test_reserve_without_anything_that_could_hold_it() -> None:
    found = explained(demand=[10], generators=[{"type": "solar", "capacity": 20}], reserve=5)
    assert found == ["hour 1: reserve 5 MW exceeds what can be held 0 MW by 5 MW"]


def test_policy_is_given_up_first() -> None:
    fleet = [unit("coal", 100, 20, emissions=1.0), unit("gas", 60, 50, emissions=0.5)]
    answer = solve(demand=[100], generators=fleet, emissionCap=60)
    # The least is 60 MW of gas (30 t) and 40 MW of coal (40 t).
    assert [each["message"] for each in answer["infeasible"]] == [
        "the least emissions exceed the cap 60 t by 10 t"
    ]
    assert answer["optimal_configuration"]["schedule"] == {"coal": [40], "gas": [60]}
    found = explained(
        demand=[100],
        generators=[unit("coal", 100, 20), unit("wind", 30, 0, type="wind")],
        min_renewable_share=0.5,
    )
    assert found == ["renewable generation lacks for a share of 50 % by 20 MWh"]


def test_ramps_and_the_last_state_of_charge() -> None:
    coal = unit("coal", 100, 20, ramp=10, initialPower=20)
    answer = solve(demand=[50], generators=[coal])
    assert answer["infeasible"][0]["message"] == (
        "hour 1: coal must exceed its ramp up limit by 20 MW"
    )
    battery = {"name": "b", "power": 5, "energy": 100, "finalEnergy": 50}
    found = explained(demand=[50], generators=[unit("coal", 100, 20)], storage=battery)
    assert found == ["b: its last state of charge is under the wanted 50 MWh by 45 MWh"]


def test_the_least_is_given_up_and_then_the_cheapest_way_is_taken() -> None:
    # 10 MW lack in hour 2 whatever is done; the rest still comes from the cheap unit first.
    fleet = [unit("coal", 60, 20), unit("oil", 50, 200)]
    answer = solve(demand=[50, 120], generators=fleet)
    assert answer["optimal_configuration"]["schedule"] == {"coal": [50, 60], "oil": [0, 50]}
    assert answer["infeasible"][0]["amount"] == pytest.approx(10)


def test_a_minimum_that_does_not_fit() -> None:
    answer = solve(demand=[20], generators=[unit("coal", 100, 20, min_power=50)])
    assert answer["constraints_satisfied"] is False
    assert [each["constraint"] for each in answer["infeasible"]] == ["demand"]
    broken = [each for each in answer["constraints"] if not each["satisfied"]]
    assert [each["constraint"] for each in broken] == ["demand served"]
