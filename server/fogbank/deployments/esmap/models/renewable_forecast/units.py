"""Units of generation: power, or energy a step."""

from fogbank.deployments.esmap.model import InvalidInput

WATTS = {"W": 1.0, "kW": 1e3, "MW": 1e6, "GW": 1e9}
ENERGY = {f"{name}h": watts for name, watts in WATTS.items()}
UNITS = {**WATTS, **ENERGY}


def capacity_in(
    capacity: float, given: str | None, unit: str | None, step: float | None
) -> tuple[float, str | None]:
    """The most that one step can give, and its unit.

    `given` is the capacity's unit (a power), `unit` the history's. The history counts as given in
    the capacity's unit where it names none, and the other way round; energy is that of one step,
    `step` in hours. Raises InvalidInput for energy without a step.
    """
    if unit is None:
        return capacity, given
    power = given or unit.removesuffix("h")
    in_unit = capacity * WATTS[power] / UNITS[unit]
    if unit in WATTS:
        return in_unit, unit
    if step is None:
        raise InvalidInput(f"step is needed: how much {unit} a step holds depends on it")
    return in_unit * step, unit
