"""The physical model of a plant: what weather and sun alone say of its power."""

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from fogbank.deployments.esmap.models.renewable_forecast import solar, wind
from fogbank.deployments.esmap.models.renewable_forecast.config import Config
from fogbank.deployments.esmap.models.renewable_forecast.request import Request
from fogbank.deployments.esmap.models.renewable_forecast.season import OFTEN, SURPRISE
from fogbank.deployments.esmap.models.renewable_forecast.values import Bools, Floats
from fogbank.deployments.esmap.models.renewable_forecast.weather import Variable

DRIVERS = {
    "solar": ("cloudCover", "irradiance", "temperature", "windSpeed"),
    "wind": ("windSpeed",),
}
"""The weather that a source's model looks at."""
REST = 0.03
"""Error that no weather explains (availability, soiling), as a fraction of the capacity."""


@dataclass(frozen=True, slots=True)
class Physical:
    """`past`, `future`, `error` in the forecast's unit, None where something is missing.

    `error` is the standard deviation that is assumed of `future`. `clear` (power under a clear
    sky, a fraction of the capacity) and `dark` cover history and horizon. `missing` says why there
    is no `future`.
    """

    past: Floats | None = None
    future: Floats | None = None
    error: Floats | None = None
    clear: Floats | None = None
    dark: Bools | None = None
    missing: str | None = None


def model(request: Request, config: Config) -> Physical:
    """The physical model of a request's plant, as far as its input reaches."""
    if request.source == "solar":
        return _solar(request, config)
    if request.source == "wind":
        return _wind(request, config)
    return Physical(missing="source solar or wind")


def fitting(physical: Physical, history: Floats) -> Physical:
    """The model, unless the plant gave much in the dark: then its place or its times are wrong."""
    if physical.dark is None or not len(history):
        return physical
    night = history[physical.dark[: len(history)]]
    if float((night > SURPRISE * history.max()).sum()) <= max(1.0, OFTEN * len(night)):
        return physical
    return Physical(
        missing="a sun that fits the history (it generated at night: check startTime, step,"
        " latitude and longitude)"
    )


def _solar(request: Request, config: Config) -> Physical:
    plant, step = request.plant, request.step
    lacking = [
        name
        for name, value in (
            ("latitude and longitude", plant.latitude),
            ("startTime", request.start),
            ("step", step),
        )
        if value is None
    ]
    if step is not None and step > solar.LONGEST:
        lacking.append("a step of a day or less")
    if lacking or request.start is None or step is None:
        return Physical(missing=" and ".join(lacking))
    past, horizon = len(request.history), request.horizon
    first = request.start - timedelta(hours=past * step)
    sky = solar.Sky(plant, first, step, past + horizon)
    clear = sky.power(config)
    physical = Physical(clear=clear, dark=sky.dark)
    cover, irradiance = request.weather.get("cloudCover"), request.weather.get("irradiance")
    seen = irradiance if _reaches(irradiance) else cover
    if plant.capacity is None:
        return replace(physical, missing="capacity")
    if not _reaches(seen) or seen is None:
        return replace(physical, missing="cloudCover or irradiance of the horizon")
    extra = {"temperature": "temperature", "wind": "windSpeed"}
    given = {
        "irradiance" if seen is irradiance else "cover": _whole(seen, past),
        **{key: _whole(request.weather.get(name), past) for key, name in extra.items()},
    }
    power = plant.capacity * sky.power(config, **given)
    error = plant.capacity * config.solar_error * clear[past:]
    known = seen.past is not None and past > 0
    return replace(physical, past=power[:past] if known else None, future=power[past:], error=error)


def _wind(request: Request, config: Config) -> Physical:
    plant, speed = request.plant, request.weather.get("windSpeed")
    if plant.capacity is None:
        return Physical(missing="capacity")
    if speed is None or speed.future is None:
        return Physical(missing="windSpeed of the horizon")
    spread = {**config.weather_error, **request.weather_error}["windSpeed"]
    future, slower, faster = (
        plant.capacity * wind.power(config, plant, np.maximum(speed.future + by, 0.0))
        for by in (0.0, -spread, spread)
    )
    error = np.maximum(np.abs(future - slower), np.abs(future - faster)) + REST * plant.capacity
    past = None
    if speed.past is not None:
        past = plant.capacity * wind.power(config, plant, speed.past)
    return Physical(past=past, future=future, error=error)


def _reaches(variable: Variable | None) -> bool:
    return variable is not None and variable.future is not None


def _whole(variable: Variable | None, past: int) -> Floats | None:
    """History and horizon; a history that is not known is the horizon's mean (and not used)."""
    if variable is None or variable.future is None:
        return None
    earlier = variable.past
    if earlier is None:
        earlier = np.full(past, float(variable.future.mean()))
    return np.concatenate((earlier, variable.future))
