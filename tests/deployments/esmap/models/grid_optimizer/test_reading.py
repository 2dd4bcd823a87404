"""Names and styles of fields, limits, and inputs that nobody meant."""

import math
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.deployments.esmap.model import InvalidInput
from tests.deployments.esmap.models.grid_optimizer.grids import optimizer, plan, solve, unit

COAL = unit("coal", 100, 20)


def test_minimal_input() -> None:
    assert plan(demand=[50], generators=[{"capacity": 80, "cost": 10}])["schedule"] == {
        "generator 1": [50]
    }
    assert plan(demand=50, generators=[{"capacity": 80, "cost": 10}])["cost"] == 500


@pytest.mark.parametrize(
    "names",
    [
        {"capacity": 100, "cost": 20, "minPower": 10, "startupCost": 5},
        {"maxPower": 100, "marginalCost": 20, "min_power": 10, "start_up_cost": 5},
        {"max_power": 100, "marginal_cost": 20, "pMin": 10, "startCost": 5},
        {"capacity_mw": 100, "costPerMWh": 20, "minOutput": 10, "start_cost": 5},
    ],
)
def test_names_of_fields(names: dict[str, Any]) -> None:
    found = plan(demand=[{"hour": 0, "load": 50}], generators=[{**names, "initialOn": False}])
    assert found["cost"] == 1005


def test_two_batteries_of_one_type() -> None:
    battery = {"type": "battery", "power": 5, "energy": 10}
    found = plan(demand=[50], generators=[COAL], storage=[battery, battery])
    assert list(found["storage"]) == ["storage 1", "storage 2"]


def test_fields_that_say_nothing_are_named() -> None:
    answer = solve(demand=[50], generators=[{**COAL, "colour": "black"}], region="north")
    assert answer["ignored"] == ["gridData.region", "generators[0].colour"]


def test_what_is_renewable() -> None:
    kinds = ["renewable", "Solar PV", "wind_onshore", "non-renewable", "gas"]
    units = [unit(kind, 10, 1, type=kind) for kind in kinds]
    assert plan(demand=[50], generators=units)["renewable_share"] == 0.6


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({"generators": [COAL]}, "gridData.demand: this field is required"),
        ({"demand": [50]}, "gridData.generators: expected a list of 1 to 100 objects"),
        ({"demand": [], "generators": [COAL]}, "gridData.demand: expected 1 to 168 values"),
        ({"demand": [1] * 169, "generators": [COAL]}, "expected 1 to 168 values"),
        ({"demand": [-1], "generators": [COAL]}, r"gridData.demand\[0\]: expected a number from 0"),
        ({"demand": ["5"], "generators": [COAL]}, r"gridData.demand\[0\]: expected a number, not"),
        ({"demand": [math.nan], "generators": [COAL]}, "expected a finite number"),
        ({"demand": [1], "generators": [{"cost": 1}]}, r"generators\[0\].capacity: this field is"),
        (
            {"demand": [1], "generators": [{"capcity": 1}]},
            r"generators\[0\]: unknown field 'capcity'; did you mean 'capacity'\?",
        ),
        (
            {"demand": [1], "generators": [{**COAL, "min_power": 101}]},
            r"generators\[0\].min_power: 101 MW exceeds capacity 100 MW",
        ),
        (
            {"demand": [1, 2], "generators": [{**COAL, "availability": [1]}]},
            r"generators\[0\].availability: expected 2 values, one a step, not 1",
        ),
        (
            {"demand": [1], "generators": [{**COAL, "availability": [1.5]}]},
            r"availability\[0\]: expected a number from 0 to 1",
        ),
        ({"demand": [10**400], "generators": [COAL]}, "a number from 0 to 1e.07, not a larger one"),
        (
            {"demand": [1], "generators": [COAL], **{f"field {n}": n for n in range(99)}},
            "gridData: expected at most 100 fields, not 101",
        ),
        ({"demand": [1], "generators": [COAL, COAL]}, "the name 'coal' is given twice"),
        ({"demand": [1], "generators": ["coal"]}, r"generators\[0\]: expected an object"),
        (
            {"demand": [1], "generators": [COAL], "storage": [{"power": 5}]},
            r"storage\[0\].energy: this field is required",
        ),
        (
            {"demand": [1], "generators": [COAL], "storage": [{"energy": 5}]},
            r"storage\[0\].charge_power: this field is required",
        ),
        (
            {
                "demand": [1],
                "generators": [COAL],
                "storage": {"power": 1, "energy": 5, "minSoc": 0.5, "initialSoc": 0.2},
            },
            "its initial energy 1 MWh is under its minimum 2.5 MWh",
        ),
        (
            {"demand": [1], "generators": [{**COAL, "initialOn": False, "initialPower": 9}]},
            "initial_power: 9 MW, but initial_on is false",
        ),
        ({"demand": [1], "generators": [{**COAL, "mustRun": "yes"}]}, "expected true or false"),
    ],
)
def test_mistakes_name_their_field(grid: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        optimizer().compute(grid)


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 300),
    st.floats(-10, 300),
    st.sampled_from(
        [math.nan, math.inf, 1e300, 1e7, 1e-12, 10**400, "7", "", [], {}, [1], [0.5, 2]]
    ),
)
GENERATOR_FIELDS = [
    *("name", "type", "cost", "minPower", "startCost", "noLoadCost", "minUpTime", "minDownTime"),
    *("rampUp", "rampDown", "initialOn", "initialPower", "initialHours", "mustRun", "curtailable"),
    *("availability", "emissions", "renewable", "other"),
]
GENERATOR = st.dictionaries(
    st.sampled_from(GENERATOR_FIELDS),
    ODD,
    max_size=5,
)
STORAGE = st.dictionaries(
    st.sampled_from(["name", "efficiency", "initialSoc", "finalSoc", "minSoc", "cost", "power"]),
    ODD,
    max_size=3,
)
GRID = st.fixed_dictionaries(
    {
        "demand": st.lists(st.floats(0, 300), min_size=1, max_size=3),
        "generators": st.lists(
            st.builds(
                lambda capacity, more: {"capacity": capacity, **more},
                st.floats(0, 200),
                GENERATOR,
            ),
            min_size=1,
            max_size=3,
        ),
    },
    optional={
        "storage": st.lists(
            st.builds(lambda more: {"power": 20, "energy": 50, **more}, STORAGE), max_size=2
        ),
        "reserve": ODD,
        "minRenewableShare": ODD,
        "emissionCap": ODD,
        "emissionPrice": ODD,
        "valueOfLostLoad": ODD,
        "stepHours": ODD,
        "unknown": ODD,
    },
)


@settings(max_examples=200, deadline=None)
@given(GRID)
def test_any_grid_is_answered_or_refused(grid: dict[str, Any]) -> None:
    try:
        answer = optimizer().compute(grid)
    except InvalidInput:
        return
    assert_finite(answer)
    assert orjson.loads(orjson.dumps(answer)) == answer
    if answer["constraints_satisfied"]:
        assert not answer["infeasible"]
        assert all(each["satisfied"] for each in answer["constraints"])
    else:
        assert answer["infeasible"], answer["constraints"]
        assert all(each["message"] for each in answer["infeasible"])


def assert_finite(value: Any) -> None:
    if isinstance(value, float):
        assert math.isfinite(value)
    for each in value.values() if isinstance(value, dict) else value if type(value) is list else ():
        assert_finite(each)
