"""Series to forecast: made with a seed, and real ones that installed libraries bring along.

`greensboro_wind`: hourly wind at 10 m and air temperature measured at Greensboro, NC, from the TMY3
file in pvlib's wheel (National Solar Radiation Data Base of NREL, a work of the US government, in
the public domain), turned into power by a cubic curve that the model does not know. `nile`: yearly
flow of the Nile at Aswan, 1871-1970, from statsmodels' data sets (public domain).
"""

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """`weather` is as long as `values`; `features` go with every request."""

    name: str
    values: Floats
    season: int
    weather: dict[str, Floats] = field(default_factory=dict)
    features: dict[str, Any] = field(default_factory=dict)


def wandering(rng: np.random.Generator, count: int, memory: float) -> Floats:
    """A stationary AR(1) series of variance 1."""
    shocks = rng.normal(size=count) * np.sqrt(1 - memory**2)
    values = np.empty(count)
    level = float(rng.normal())
    for at, shock in enumerate(shocks):
        level = memory * level + shock
        values[at] = level
    return values


def synthetic_solar(count: int = 2000, seed: int = 7) -> Sample:
    """50 MW under clouds that last for hours; days grow longer."""
    rng = np.random.default_rng(seed)
    hour = np.arange(count)
    lift = np.sin(2 * np.pi * (hour % 24 - 6) / 24) + 0.15 * np.sin(2 * np.pi * hour / 8766)
    cover = 1 / (1 + np.exp(-1.5 * wandering(rng, count, 0.93)))
    warm = 15 + 8 * np.sin(2 * np.pi * (hour % 24 - 9) / 24) + 3 * wandering(rng, count, 0.98)
    clear = 45 * np.clip(lift, 0, None) ** 1.2
    power = clear * (1 - 0.7 * cover**3) * (1 - 0.003 * (warm - 20))
    power *= 1 + 0.08 * wandering(rng, count, 0.5)
    return Sample(
        "synthetic solar",
        np.clip(power, 0, 50),
        24,
        {"cloudCover": 100 * cover, "temperature": warm},
        {"source": "solar", "step": "hour", "unit": "MW"},
    )


def synthetic_wind(count: int = 2000, seed: int = 8) -> Sample:
    """30 MW in a wind that turns over two days."""
    rng = np.random.default_rng(seed)
    speed = np.clip(7.5 + 3 * wandering(rng, count, 0.95), 0, None)
    power = 30 * turbine(speed) + 1.2 * wandering(rng, count, 0.6)
    return Sample(
        "synthetic wind",
        np.clip(power, 0, 30),
        24,
        {"windSpeed": speed},
        {"source": "wind", "step": "hour", "unit": "MW"},
    )


def synthetic_hydro(count: int = 240, seed: int = 9) -> Sample:
    """GWh a month, highest with the melt."""
    rng = np.random.default_rng(seed)
    month = np.arange(count)
    power = 60 + 30 * np.sin(2 * np.pi * (month - 3) / 12) + 12 * wandering(rng, count, 0.7)
    return Sample(
        "synthetic hydro",
        np.clip(power, 0, None),
        12,
        features={"source": "hydro", "step": "month", "unit": "GWh"},
    )


def turbine(speed: Floats) -> Floats:
    """A cubic curve from 3 to 12 m/s, out at 25 m/s, as a fraction of the rated power."""
    share = np.clip((speed**3 - 3**3) / (12**3 - 3**3), 0, 1)
    return np.where(speed >= 25, 0.0, share)


def greensboro() -> dict[str, Floats]:
    """Columns of the TMY3 file, by their name without the unit."""
    import pvlib

    file = Path(pvlib.__file__).parent / "data" / "723170TYA.CSV"
    with file.open(encoding="ascii", newline="") as lines:
        next(lines)
        rows = list(csv.DictReader(lines))
    names = {"GHI": "GHI (W/m^2)", "DNI": "DNI (W/m^2)", "DHI": "DHI (W/m^2)"}
    names |= {"TotCld": "TotCld (tenths)", "OpqCld": "OpqCld (tenths)"}
    names |= {"Dry-bulb": "Dry-bulb (C)", "Wspd": "Wspd (m/s)"}
    return {key: np.array([float(row[name]) for row in rows]) for key, name in names.items()}


def greensboro_wind() -> Sample:
    """A 20 MW plant in the measured wind, taken to 90 m by a power law of 1/7."""
    found = greensboro()
    power = 20 * turbine(found["Wspd"] * 9 ** (1 / 7))
    return Sample(
        "Greensboro wind",
        power,
        24,
        {"windSpeed": found["Wspd"], "temperature": found["Dry-bulb"]},
        {"source": "wind", "step": "hour", "unit": "MW"},
    )


def nile() -> Sample:
    """10^8 m3 a year: what a hydro plant lives on."""
    from statsmodels.datasets import nile as data

    flow = data.load_pandas().data["volume"].to_numpy(dtype=float)
    return Sample("Nile at Aswan", flow, 1, features={"source": "hydro", "step": "year"})
