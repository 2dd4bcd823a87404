"""Unit commitment: published small cases, and cases by hand."""

import pytest

from tests.deployments.esmap.models.grid_optimizer.grids import plan, unit


def test_minimum_part_load() -> None:
    """PyPSA's documentation, example "Unit commitment", minimum part load.

    Coal cannot run under 3,000 MW of 10,000, so that gas serves the last hour:
    (4,000 + 6,000 + 5,000) x 20 + 800 x 70 = 356,000.
    """
    fleet = [unit("coal", 10_000, 20, min_power=3000), unit("gas", 1000, 70, min_power=100)]
    found = plan(demand=[4000, 6000, 5000, 800], generators=fleet)
    assert found["schedule"]["gas"] == [0, 0, 0, 800]
    assert found["cost"] == pytest.approx(356_000, abs=0.005)


def test_minimum_up_time() -> None:
    """PyPSA's documentation, the same example with a minimum up time of three hours for gas.

    Gas must run in the second hour, so in two more, at 100 MW instead of coal:
    (4,000 + 5,000 + 3,000 - 200) x 20 + (800 + 200) x 70 = 306,000.
    """
    gas = unit("gas", 1000, 70, min_power=100, minUpTime=3, initialStatus=False)
    fleet = [unit("coal", 10_000, 20, min_power=3000), gas]
    found = plan(demand=[4000, 800, 5000, 3000], generators=fleet)
    assert sum(found["commitment"]["gas"]["on"]) == 3
    assert found["cost"] == pytest.approx(306_000, abs=0.005)


def test_a_start_is_paid_where_it_is_cheaper_than_waiting() -> None:
    # Hour 2 does not need coal. Off and on again costs 500; running on at 20 MW instead of wind
    # costs 20 x 30 = 600: it stops. With a start cost of 700 it runs on.
    wind = {"name": "wind", "type": "wind", "capacity": 100, "availability": [0, 1, 0]}
    for start, on, cost in ((500, [1, 0, 1], 2 * 50 * 30 + 500), (700, [1, 1, 1], 3600)):
        coal = unit("coal", 100, 30, min_power=20, startCost=start, initialOn=True)
        found = plan(demand=[50, 50, 50], generators=[wind, coal])
        assert found["commitment"]["coal"]["on"] == on
        assert found["cost"] == pytest.approx(cost, abs=0.005)


def test_no_load_cost_decides_who_runs() -> None:
    # 50 MW: a at 500 + 50 x 10 = 1,000, b at 50 x 15 = 750. 150 MW: a 500 + 1,500 = 2,000, b 2,250.
    fleet = [unit("a", 200, 10, noLoadCost=500), unit("b", 200, 15)]
    found = plan(demand=[50, 150], generators=fleet)
    assert found["schedule"] == {"a": [0, 150], "b": [50, 0]}
    assert found["cost"] == pytest.approx(2750, abs=0.005)


def test_ramps_hold_between_steps_and_from_the_past() -> None:
    # Coal may rise 30 MW an hour from 50: 80, 110. Gas fills: 20 and 40.
    coal = unit("coal", 200, 20, ramp_up=30, initialPower=50)
    found = plan(demand=[100, 150], generators=[coal, unit("gas", 100, 80)])
    assert found["schedule"] == {"coal": [80, 110], "gas": [20, 40]}
    # And falls 30 an hour: to be at 20 in hour 2 it may be at 50 at most in hour 1.
    coal = unit("coal", 200, 20, rampDown=30)
    found = plan(demand=[100, 20], generators=[coal, unit("gas", 100, 80)])
    assert found["schedule"]["coal"] == [50, 20]


def test_a_start_may_jump_to_the_minimum() -> None:
    # 40 MW of minimum, 10 MW an hour: it starts at 40, then 50.
    coal = unit("coal", 100, 20, min_power=40, ramp=10, initialOn=False)
    found = plan(demand=[60, 60], generators=[coal, unit("gas", 100, 80)])
    assert found["schedule"]["coal"] == [40, 50]


def test_what_the_past_still_asks_for() -> None:
    # Two of four hours are done: it runs for two more, though gas is cheaper.
    coal = unit(
        "coal", 100, 90, min_power=40, minUpTime=4, initialOn=True, initialHours=2, startCost=1
    )
    found = plan(demand=[60, 60, 60], generators=[coal, unit("gas", 100, 20)])
    assert found["commitment"]["coal"] == {"on": [1, 1, 0], "starts": 0}
    cheap = unit("coal", 100, 5, min_power=40, minDownTime=3, initialOn=False, initialHours=1)
    found = plan(demand=[60, 60, 60], generators=[cheap, unit("gas", 100, 20)])
    assert found["commitment"]["coal"] == {"on": [0, 0, 1], "starts": 1}


def test_must_run_and_no_curtailment() -> None:
    heat = unit("heat", 50, 90, min_power=20, mustRun=True)
    found = plan(demand=[60, 60], generators=[heat, unit("gas", 100, 20)])
    assert found["schedule"]["heat"] == [20, 20]
    wind = {"type": "wind", "name": "wind", "capacity": 50, "cost": 70, "curtailable": False}
    found = plan(demand=[60], generators=[wind, unit("gas", 100, 20)])
    assert found["schedule"]["wind"] == [50]


def test_a_day_of_twenty_units_with_storage_is_proved() -> None:
    from bench.esmap_dispatch import grid
    from tests.deployments.esmap.models.grid_optimizer.grids import solve

    answer = solve(**grid(24, 20, 1))
    assert answer["constraints_satisfied"]
    assert answer["solver"]["status"] == "Optimal"
    assert answer["solver"]["gap"] <= 0.001
    cost = answer["optimal_configuration"]["cost"]
    assert cost == pytest.approx(answer["solver"]["objective"], rel=1e-6)
    assert answer["solver"]["bound"] <= cost * (1 + 1e-9)
