"""A wind plant from the wind, with windpowerlib's turbine library. Nothing is downloaded."""

import csv
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from fogbank.deployments.esmap.models.renewable_forecast.config import Config
from fogbank.deployments.esmap.models.renewable_forecast.request import Plant
from fogbank.deployments.esmap.models.renewable_forecast.values import Floats


@cache
def power_curve(turbine: str) -> tuple[Floats, Floats]:
    """Wind speeds in m/s and the power at each, as a fraction of the largest.

    Raises ValueError for a turbine that the library lacks. The file is read here: the library's
    own reader uses what pandas 3 has deprecated, and its import takes half a second.
    """
    library = find_spec("windpowerlib")
    if library is None or library.origin is None:
        raise ValueError("windpowerlib is not installed")
    file = Path(library.origin).parent / "oedb" / "power_curves.csv"
    with file.open(encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines)
        speeds = next(rows)[1:]
        row = next((row[1:] for row in rows if row[0] == turbine), None)
    if row is None:
        raise ValueError(f"windpowerlib's library has no power curve of {turbine!r}")
    points = [
        (float(speed), float(value)) for speed, value in zip(speeds, row, strict=True) if value
    ]
    curve = np.array(points)
    return curve[:, 0], curve[:, 1] / curve[:, 1].max()


def power(config: Config, plant: Plant, wind: Floats) -> Floats:
    """Power as a fraction of the capacity for wind speeds in m/s at the plant's `wind_height`."""
    from windpowerlib import power_output, wind_speed

    hub = config.hub_height if plant.hub_height is None else plant.hub_height
    at_hub = wind
    if hub != plant.wind_height:
        at_hub = wind_speed.logarithmic_profile(
            wind, plant.wind_height, hub, np.full(len(wind), config.roughness)
        )
    speeds, shares = power_curve(config.wind_turbine)
    return np.clip(np.asarray(power_output.power_curve(at_hub, speeds, shares)), 0.0, 1.0)
