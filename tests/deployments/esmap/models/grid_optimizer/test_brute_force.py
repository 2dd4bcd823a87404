"""Against every commitment there is, tried one by one: tiny grids, to the cent."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.deployments.esmap.models.grid_optimizer.grids import solve

Pattern = tuple[int, ...]

UNIT = st.fixed_dictionaries(
    {
        "capacity": st.integers(10, 100),
        "share": st.sampled_from([0.0, 0.3, 0.6, 1.0]),
        "cost": st.integers(-5, 90),
        "noLoadCost": st.sampled_from([0, 0, 150, 700]),
        "startCost": st.sampled_from([0, 0, 90, 2000]),
        "minUpTime": st.integers(0, 3),
        "minDownTime": st.integers(0, 3),
        "initialOn": st.sampled_from([None, True, False]),
        "initialHours": st.sampled_from([None, 1, 2]),
    }
)


def allowed(unit: dict[str, Any], pattern: Pattern) -> bool:
    """Whether a unit may be on and off like this."""
    state, lasted = unit["initialOn"], math.inf
    if state is None:
        state = bool(pattern[0])
    elif unit["initialHours"] is not None:
        lasted = unit["initialHours"]
    for on in map(bool, pattern):
        if on != state:
            if lasted < unit["minUpTime" if state else "minDownTime"]:
                return False
            state, lasted = on, 0
        lasted += 1
    return True


def fixed_cost(unit: dict[str, Any], pattern: Pattern) -> float:
    before = pattern[0] if unit["initialOn"] is None else int(unit["initialOn"])
    starts = sum(1 for a, b in itertools.pairwise((before, *pattern)) if b > a)
    return float(starts * unit["startCost"] + sum(pattern) * unit["noLoadCost"])


def dispatch_cost(units: Sequence[dict[str, Any]], on: Sequence[int], demand: float) -> float:
    """The least cost of one hour with these units on; infinite where they do not fit."""
    running = [unit for unit, runs in zip(units, on, strict=True) if runs]
    rest = demand - sum(unit["minPower"] for unit in running)
    cost = float(sum(unit["minPower"] * unit["cost"] for unit in running))
    if rest < 0:
        return math.inf
    for unit in sorted(running, key=lambda unit: unit["cost"]):
        more = min(rest, unit["capacity"] - unit["minPower"])
        cost, rest = cost + more * unit["cost"], rest - more
    return cost if rest <= 1e-9 else math.inf


def brute_force(units: Sequence[dict[str, Any]], demand: Sequence[float]) -> float:
    hours = len(demand)
    hourly = {
        (hour, on): dispatch_cost(units, on, demand[hour])
        for hour in range(hours)
        for on in itertools.product((0, 1), repeat=len(units))
    }
    patterns = [
        [each for each in itertools.product((0, 1), repeat=hours) if allowed(unit, each)]
        for unit in units
    ]
    best = math.inf
    for chosen in itertools.product(*patterns):
        fixed = sum(fixed_cost(unit, each) for unit, each in zip(units, chosen, strict=True))
        running = sum(hourly[hour, tuple(each[hour] for each in chosen)] for hour in range(hours))
        best = min(best, fixed + running)
    return best


@settings(max_examples=120, deadline=None)
@given(
    st.lists(UNIT, min_size=1, max_size=3),
    st.lists(st.integers(0, 200), min_size=1, max_size=3),
)
def test_the_optimum_is_the_best_of_all_commitments(
    units: list[dict[str, Any]], demand: list[int]
) -> None:
    for unit in units:
        unit["minPower"] = round(unit["capacity"] * unit["share"])
        # No unit is a mere amount of power here: the brute force counts on and off.
        unit["minUpTime"] = max(unit["minUpTime"], 1)
    given_units = [{k: v for k, v in unit.items() if k != "share"} for unit in units]
    best = brute_force(units, demand)
    answer = solve(demand=demand, generators=given_units)
    if math.isinf(best):
        assert not answer["constraints_satisfied"]
        assert answer["infeasible"]
    else:
        assert answer["constraints_satisfied"], answer["infeasible"]
        assert answer["solver"]["gap"] == pytest.approx(0, abs=1e-9)
        assert answer["optimal_configuration"]["cost"] == pytest.approx(best, abs=0.01)
