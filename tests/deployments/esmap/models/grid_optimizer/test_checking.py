"""The check of a schedule finds each way to break it; it knows nothing of the solver."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fogbank.deployments.esmap.models.grid_optimizer.case import Case, Schedule
from fogbank.deployments.esmap.models.grid_optimizer.checking import check_schedule
from fogbank.deployments.esmap.models.grid_optimizer.optimising import optimise
from fogbank.deployments.esmap.models.grid_optimizer.reading import read_case

GRID = {
    "demand": [60, 80, 70],
    "generators": [
        {"name": "coal", "capacity": 70, "cost": 20, "minPower": 30, "minUpTime": 2, "ramp": 20},
        {"name": "heat", "capacity": 20, "cost": 70, "minPower": 5, "mustRun": True},
        {"name": "gas", "capacity": 50, "cost": 60, "emissions": 0.4},
        {"name": "wind", "type": "wind", "capacity": 20, "curtailable": False},
    ],
    "storage": [{"power": 10, "energy": 20, "efficiency": 0.81, "initialSoc": 0.5}],
    "reserve": 5,
    "minRenewableShare": 0.1,
    "emissionCap": 20,
}
COAL, HEAT, GAS, WIND = range(4)


@pytest.fixture(scope="module")
def solved() -> tuple[Case, Schedule]:
    case, ignored = read_case(GRID)
    assert not ignored
    return case, optimise(case, 5, 0.0, 10_000).schedule


def broken(case: Case, schedule: Schedule, **change: Any) -> list[str]:
    checks = check_schedule(case, replace(schedule, **change))
    return [each.constraint for each in checks if not each.satisfied]


def test_the_solver_s_schedule_keeps_everything(solved: tuple[Case, Schedule]) -> None:
    assert broken(*solved) == []


@pytest.mark.parametrize(
    ("constraint", "row", "step", "change"),
    [
        ("power balance", GAS, 1, 1.0),
        ("available power", GAS, 1, 60.0),
        ("minimum power", COAL, 1, -50.0),
        ("no curtailment", WIND, 2, -5.0),
        ("ramps", COAL, 0, -25.0),
    ],
)
def test_power_that_breaks_a_constraint(
    solved: tuple[Case, Schedule], constraint: str, row: int, step: int, change: float
) -> None:
    case, schedule = solved
    power = schedule.power.copy()
    power[row, step] += change
    assert constraint in broken(case, schedule, power=power)


def test_states_that_break_a_constraint(solved: tuple[Case, Schedule]) -> None:
    case, schedule = solved
    on = schedule.on.copy()
    on[HEAT, 1] = False
    assert {"must run", "available power"} <= set(broken(case, schedule, on=on))
    on = schedule.on.copy()
    on[COAL] = [False, True, False]
    assert "minimum up and down times" in broken(case, schedule, on=on)
    assert "demand served" in broken(case, schedule, unserved=np.array([0, 1.0, 0]))


def test_storage_that_breaks_a_constraint(solved: tuple[Case, Schedule]) -> None:
    case, schedule = solved
    many = np.full((1, 3), 11.0)
    assert "storage power" in broken(case, schedule, charge=many)
    assert "charge or discharge" in broken(case, schedule, charge=many, discharge=many)
    assert "state of charge" in broken(case, schedule, energy=many * 2)
    assert "storage balance" in broken(case, schedule, energy=schedule.energy + 1)
    assert "final state of charge" in broken(case, schedule, energy=schedule.energy * 0)


def test_a_share_that_is_missed(solved: tuple[Case, Schedule]) -> None:
    case, schedule = solved
    assert broken(replace(case, min_renewable_share=0.9), schedule) == ["renewable share"]


def test_reserve_and_emissions_that_are_missed(solved: tuple[Case, Schedule]) -> None:
    case, schedule = solved
    # Held at the least, in hour 2: coal 15, heat 15, gas 50, and the 9 MW that the battery can give
    # for an hour from its 10 MWh at 0.9.
    held = 15 + 15 + 50 + 9
    assert broken(replace(case, reserve=np.array([0, held, 0.0])), schedule) == []
    assert broken(replace(case, reserve=np.array([0, held + 1, 0.0])), schedule) == ["reserve"]
    power = schedule.power.copy()
    power[GAS] += 40  # 48 t in three hours
    assert "emission cap" in broken(case, schedule, power=power)
