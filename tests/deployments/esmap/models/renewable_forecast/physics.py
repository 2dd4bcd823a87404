"""The solar model against the irradiance that was measured or modelled at weather stations."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from fogbank.deployments.esmap.models.renewable_forecast.request import Plant
from fogbank.deployments.esmap.models.renewable_forecast.solar import Sky
from tests.deployments.esmap.models.renewable_forecast.forecaster import forecaster

STATIONS = {"Sand Point, Alaska": "703165TY.csv", "Greensboro, NC": "723170TYA.CSV"}


def cloud_error(name: str) -> tuple[float, float]:
    """Error relative to clear-sky power, and bias relative to the mean, of power from cloud cover.

    `name` is a TMY3 file of pvlib's wheel (NREL, public domain): hourly cloud cover in tenths and
    global irradiance in W/m2 of 12 typical months.
    """
    import pvlib

    with (Path(pvlib.__file__).parent / "data" / name).open(encoding="ascii", newline="") as lines:
        station = next(csv.reader([next(lines)]))
        rows = list(csv.DictReader(lines))
    zone, latitude, longitude, altitude = map(float, station[3:7])
    plant = Plant(
        capacity=1,
        latitude=latitude,
        longitude=longitude,
        altitude=altitude,
        tilt=None,
        azimuth=None,
        hub_height=None,
        wind_height=10,
    )
    # A row's time is the end of its hour, in local standard time.
    sky = Sky(plant, datetime(2001, 1, 1, tzinfo=UTC) - timedelta(hours=zone), 1.0, len(rows))

    def column(name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.array([float(row[name]) for row in rows])

    weather = {"temperature": column("Dry-bulb (C)"), "wind": column("Wspd (m/s)")}
    config = forecaster().config
    told = sky.power(config, cover=column("TotCld (tenths)") / 10, **weather)
    came = sky.power(config, irradiance=column("GHI (W/m^2)"), **weather)
    clear = sky.power(config)
    off = told - came
    return (
        float(np.sqrt((off**2).sum() / (clear**2).sum())),
        float(off.mean() / came.mean()),
    )
