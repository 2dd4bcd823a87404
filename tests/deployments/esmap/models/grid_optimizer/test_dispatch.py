"""Economic dispatch by hand: every expected number is worked out in the comment above it."""

import pytest

from tests.deployments.esmap.models.grid_optimizer.grids import plan, solve, unit


def test_cheapest_first_and_the_price_is_that_of_the_marginal_unit() -> None:
    # 250 MW: 100 at 20, 80 at 35 and 70 at 90, so 2,000 + 2,800 + 6,300.
    fleet = [unit("coal", 100, 20), unit("gas", 80, 35), unit("oil", 100, 90)]
    found = plan(demand=[60, 130, 250], generators=fleet)
    assert found["schedule"] == {"coal": [60, 100, 100], "gas": [0, 30, 80], "oil": [0, 0, 70]}
    assert found["cost"] == pytest.approx(60 * 20 + (2000 + 30 * 35) + (2000 + 2800 + 6300))
    assert found["prices"] == [20, 35, 90]


def test_steps_of_half_an_hour_cost_half() -> None:
    fleet = [unit("coal", 100, 20, emissions=0.9)]
    found = plan(demand=[50, 50], generators=fleet, stepHours=0.5)
    assert found["cost"] == pytest.approx(50 * 20)
    assert found["emissions"] == pytest.approx(45)
    assert found["prices"] == [20, 20]


def test_storage_buys_cheap_and_sells_dear() -> None:
    # Hour 1 has 50 MW of coal (20) to spare, hour 2 needs 50 MW of gas (100). 40 MWh bought at 20
    # give 40 x 0.9 = 36 MWh that replace gas: 1,000 + 800 + 2,000 + 14 x 100 = 5,200.
    battery = {"name": "b", "power": 40, "energy": 100, "charge_efficiency": 0.9}
    fleet = [unit("coal", 100, 20), unit("gas", 100, 100)]
    answer = solve(demand=[50, 150], generators=fleet, storage=[battery])
    found = answer["optimal_configuration"]
    assert found["storage"]["b"]["charge"] == [40, 0]
    assert found["storage"]["b"]["discharge"] == [0, 36]
    assert found["storage"]["b"]["state_of_charge"] == [36, 0]
    assert found["cost"] == pytest.approx(50 * 20 + 40 * 20 + 100 * 20 + 14 * 100)
    # The merit order has no storage: 50 x 20 + 100 x 20 + 50 x 100.
    better = answer["improvements"]
    assert better["comparable"]
    assert better["baseline"]["cost"] == pytest.approx(8000)
    assert better["cost_reduction"] == pytest.approx(8000 - 5200)
    assert better["cost_reduction_percent"] == pytest.approx(35)


def test_round_trip_efficiency_is_split_and_the_end_is_kept() -> None:
    # 0.81 round trip is 0.9 each way. Starting and ending at 10 MWh, nothing pays: one price.
    battery = {"power": 10, "energy": 20, "efficiency": 0.81, "initialSoc": 0.5}
    found = plan(demand=[50, 50], generators=[unit("coal", 100, 20)], storage=battery)
    assert found["storage"]["storage 1"]["state_of_charge"][-1] == pytest.approx(10)
    assert found["cost"] == pytest.approx(2000)
    # Ending at 19 MWh takes 9 MWh / 0.9 = 10 MWh more.
    found = plan(
        demand=[50, 50],
        generators=[unit("coal", 100, 20)],
        storage={**battery, "finalEnergy": 19},
    )
    assert found["cost"] == pytest.approx(2200)


def test_a_battery_does_not_burn_energy_by_doing_both_at_once() -> None:
    # The unit is paid 50 for each MWh, but only 10 MW are wanted. Burning the rest in the losses of
    # charging and discharging at once would pay; it is not allowed.
    nuclear = unit("nuclear", 30, -50, min_power=10)
    battery = {"name": "b", "power": 100, "energy": 1000, "efficiency": 0.25, "finalEnergy": 0}
    found = plan(demand=[10, 10], generators=[nuclear], storage=[battery])
    both = zip(found["storage"]["b"]["charge"], found["storage"]["b"]["discharge"], strict=True)
    assert all(min(pair) == 0 for pair in both)


def test_renewables_are_curtailed_and_counted() -> None:
    # 80 MW of wind for 50 MW of demand: 30 MWh are curtailed in hour 1. Hour 2 takes 50 MW of coal.
    wind = {"name": "wind", "type": "wind", "capacity": 100, "availability": [0.8, 0.0]}
    answer = solve(demand=[50, 50], generators=[wind, unit("coal", 60, 30, emissions=1.0)])
    found = answer["optimal_configuration"]
    assert found["curtailment"] == pytest.approx(30)
    assert found["renewable_share"] == pytest.approx(0.5)
    assert found["emissions"] == pytest.approx(50)
    assert found["prices"][1] == 30
    battery = {"power": 30, "energy": 30}
    better = solve(demand=[50, 50], generators=[wind, unit("coal", 60, 30)], storage=battery)
    assert better["optimal_configuration"]["curtailment"] == pytest.approx(0)
    assert better["improvements"]["curtailment_reduction"] == pytest.approx(30)
    assert better["improvements"]["cost_reduction_percent"] == pytest.approx(60)


def test_an_emission_price_turns_the_order() -> None:
    # Coal 20 + 1.0 x 50 = 70 against gas 40 + 0.4 x 50 = 60.
    fleet = [unit("coal", 100, 20, emissions=1.0), unit("gas", 100, 40, emissionFactor=0.4)]
    assert plan(demand=[80], generators=fleet)["schedule"]["coal"] == [80]
    found = plan(demand=[80], generators=fleet, carbonPrice=50)
    assert found["schedule"]["gas"] == [80]
    assert found["prices"] == [60]
    assert found["costs"]["emissions"] == pytest.approx(80 * 0.4 * 50)


def test_an_emission_cap_and_a_renewable_share() -> None:
    # x MW of coal (1 t) and 100 - x of gas (0.4 t) emit 40 + 0.6 x <= 70: x = 50.
    fleet = [unit("coal", 100, 20, emissions=1.0), unit("gas", 100, 40, emissions=0.4)]
    found = plan(demand=[100], generators=fleet, emission_cap=70)
    assert found["schedule"] == {"coal": [pytest.approx(50)], "gas": [pytest.approx(50)]}
    # 30 % of 100 MWh from biomass at 100.
    fleet = [unit("coal", 100, 20), unit("biomass", 100, 100, type="biomass")]
    found = plan(demand=[100], generators=fleet, minRenewableShare=0.3)
    assert found["schedule"]["biomass"] == [pytest.approx(30)]
    assert found["renewable_share"] == pytest.approx(0.3)


def test_lost_load_has_a_price() -> None:
    found = plan(demand=[130], generators=[unit("coal", 100, 20)], value_of_lost_load=1000)
    assert found["unserved"] == [30]
    assert found["costs"]["lost_load"] == pytest.approx(30_000)
    assert found["prices"] == [1000]


def test_reserve_holds_power_back() -> None:
    # 20 MW of reserve on 100 MW: coal (cheap, 100 MW) cannot be full unless gas runs for reserve.
    # Gas with 50 MW and a minimum of 10 runs at 10: coal 90. Reserve: 10 + 40 >= 20.
    fleet = [unit("coal", 100, 20), unit("gas", 50, 60, min_power=10)]
    found = plan(demand=[100], generators=fleet, reserve=20)
    assert found["schedule"] == {"coal": [90], "gas": [10]}
    # A battery with energy holds it instead.
    battery = {"power": 25, "energy": 50, "initialSoc": 1, "finalEnergy": 50}
    found = plan(demand=[100], generators=fleet, reserve=20, storage=battery)
    assert found["schedule"] == {"coal": [100], "gas": [0]}
