"""A photovoltaic plant from the sun and the sky, with pvlib."""

from datetime import datetime, timedelta

import numpy as np

from fogbank.deployments.esmap.models.renewable_forecast.config import Config
from fogbank.deployments.esmap.models.renewable_forecast.request import Plant
from fogbank.deployments.esmap.models.renewable_forecast.step import DAY
from fogbank.deployments.esmap.models.renewable_forecast.values import Bools, Floats

MILD, BREEZE = 20.0, 2.0
"""Degrees Celsius and m/s where the input gives none."""
LONGEST = DAY
"""Hours of the longest step whose sun is worked out."""
HORIZON_ANGLE = 90.83
"""Zenith of the sun's centre at sunrise, in degrees: refraction and the sun's radius."""


class Sky:
    """The sun over a plant for some steps. Powers are fractions of the capacity.

    A step is looked at in its middle; one longer than an hour in the middle of each of its hours.
    """

    def __init__(self, plant: Plant, first: datetime, step: float, count: int) -> None:
        import pandas
        import pvlib

        assert plant.latitude is not None
        assert plant.longitude is not None
        self._plant = plant
        self._parts = max(1, round(step))
        part = timedelta(hours=step / self._parts)
        index = pandas.date_range(first + part / 2, periods=count * self._parts, freq=part)
        self._days = index.day_of_year.to_numpy()
        with np.errstate(all="ignore"):
            sun = pvlib.solarposition.get_solarposition(
                index, plant.latitude, plant.longitude, plant.altitude
            )
            self._zenith = sun["apparent_zenith"].to_numpy()
            self._azimuth = sun["azimuth"].to_numpy()
            self._extra = pvlib.irradiance.get_extra_radiation(self._days)
            air = pvlib.atmosphere.get_absolute_airmass(
                pvlib.atmosphere.get_relative_airmass(self._zenith),
                pvlib.atmosphere.alt2pres(plant.altitude),
            )
            haze = pvlib.clearsky.lookup_linke_turbidity(
                index, plant.latitude, plant.longitude, interp_turbidity=False
            ).to_numpy()
            clear = pvlib.clearsky.ineichen(
                self._zenith, air, haze, plant.altitude, dni_extra=self._extra
            )
        self._clear: Floats = np.nan_to_num(np.asarray(clear["ghi"], dtype=float))
        # Half a part either way: a step is dark when the sun is down from its start to its end.
        reach = 7.5 * step / self._parts
        self.dark: Bools = self._mean(self._zenith - reach > HORIZON_ANGLE) >= 1.0

    def power(
        self,
        config: Config,
        cover: Floats | None = None,
        irradiance: Floats | None = None,
        temperature: Floats | None = None,
        wind: Floats | None = None,
    ) -> Floats:
        """AC power under that weather, between 0 and 1; without cover or irradiance a clear sky's.

        Clouds after Kasten and Czeplak (Solar Energy 24, 1980): global irradiance is
        1 - 0.75 n^3.4 of the clear sky's for a cover of n. Diffuse share after Erbs, the plane of
        the array after Hay and Davies, cells after Faiman, module and inverter after PVWatts.
        """
        import pvlib

        if irradiance is not None:
            flat = self._spread(irradiance)
        elif cover is not None:
            flat = self._clear * (1 - 0.75 * np.repeat(cover, self._parts) ** 3.4)
        else:
            flat = self._clear
        flat = np.where(self._zenith < 90, flat, 0.0)
        tilt, azimuth = self._orientation()
        air = MILD if temperature is None else np.repeat(temperature, self._parts)
        breeze = BREEZE if wind is None else np.repeat(wind, self._parts)
        with np.errstate(all="ignore"):
            split = pvlib.irradiance.erbs(flat, self._zenith, self._days)
            plane = pvlib.irradiance.get_total_irradiance(
                tilt,
                azimuth,
                self._zenith,
                self._azimuth,
                split["dni"],
                flat,
                split["dhi"],
                dni_extra=self._extra,
                model="haydavies",
            )["poa_global"]
            plane = np.nan_to_num(np.asarray(plane, dtype=float))
            cell = pvlib.temperature.faiman(plane, air, breeze)
            direct = pvlib.pvsystem.pvwatts_dc(plane, cell, 1.0, config.temperature_coefficient)
            kept = direct * (1 - config.solar_losses)
            efficiency = config.inverter_efficiency
            power = pvlib.inverter.pvwatts(kept, 1.0 / efficiency, efficiency)
        return np.clip(np.nan_to_num(self._mean(power)), 0.0, 1.0)

    def _orientation(self) -> tuple[float, float]:
        """Towards the equator, tilted by three quarters of the latitude, where nothing is given."""
        assert self._plant.latitude is not None
        tilt, azimuth = self._plant.tilt, self._plant.azimuth
        usual = 180.0 if self._plant.latitude >= 0 else 0.0
        return (
            0.75 * abs(self._plant.latitude) if tilt is None else tilt,
            usual if azimuth is None else azimuth,
        )

    def _spread(self, irradiance: Floats) -> Floats:
        """A step's mean irradiance over its hours, in proportion to the clear sky's."""
        clear = self._mean(self._clear)
        ratio = np.divide(irradiance, clear, out=np.zeros_like(clear), where=clear > 1)
        return np.asarray(np.repeat(ratio, self._parts) * self._clear)

    def _mean(self, values: Floats | Bools) -> Floats:
        return np.asarray(values.reshape(-1, self._parts).mean(axis=1), dtype=float)
