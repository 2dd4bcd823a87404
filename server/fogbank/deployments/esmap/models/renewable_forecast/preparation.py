"""From a request to the series that methods forecast."""

from dataclasses import replace

import numpy as np

from fogbank.deployments.esmap.models.renewable_forecast import plant, wind
from fogbank.deployments.esmap.models.renewable_forecast.config import Config
from fogbank.deployments.esmap.models.renewable_forecast.plant import Physical
from fogbank.deployments.esmap.models.renewable_forecast.request import Request
from fogbank.deployments.esmap.models.renewable_forecast.season import detect, nights
from fogbank.deployments.esmap.models.renewable_forecast.series import Series
from fogbank.deployments.esmap.models.renewable_forecast.step import DAY, seasons
from fogbank.deployments.esmap.models.renewable_forecast.values import Bools, Floats
from fogbank.deployments.esmap.models.renewable_forecast.weather import disturbed

SMALLEST = 1e-9
HIGHEST = 3.0
"""No forecast is above so many times the history's maximum, where no capacity is given."""


def windowed(request: Request, config: Config) -> Request:
    """The request with the last `config.window` steps of its history."""
    first = max(0, len(request.history) - config.window)
    weather = {
        name: replace(variable, past=None if variable.past is None else variable.past[first:])
        for name, variable in request.weather.items()
    }
    return replace(request, history=request.history[first:], weather=weather)


def prepare(request: Request, physical: Physical, config: Config) -> tuple[Series, float]:
    """The series, scaled to a maximum of 1, and the scale."""
    history = request.history
    count, length = len(history), len(history) + request.horizon
    unit = max(float(history.max()), SMALLEST)
    season = request.season
    if season is None or season > count // 2:
        season = detect(history / unit, seasons(request.step))
    dark = _dark(request, physical, history / unit, season)
    told, by_told = request, physical
    if any(variable.whole() is not None for variable in request.weather.values()):
        off = {**config.weather_error, **request.weather_error}
        told = replace(request, weather=disturbed(request.weather, off))
        by_told = plant.model(told, config) if physical.past is not None else physical
    capacity = request.plant.capacity
    clear = physical.clear
    return Series(
        values=history / unit,
        horizon=request.horizon,
        season=season,
        top=HIGHEST if capacity is None else capacity / unit,
        regressors=np.empty((length, 0)) if clear is None else clear[:, None],
        weather=_weather(request, config, physical, unit),
        told=_weather(told, config, by_told, unit),
        dark=dark,
        physical=_course(by_told, unit),
    ), unit


def _dark(request: Request, physical: Physical, scaled: Floats, season: int) -> Bools:
    if physical.dark is not None:
        return physical.dark
    if request.source == "solar" and (request.step is None or request.step < DAY):
        return nights(scaled, season, request.horizon)
    return np.zeros(len(scaled) + request.horizon, dtype=bool)


def _course(physical: Physical, unit: float) -> Floats | None:
    if physical.past is None or physical.future is None:
        return None
    return np.concatenate((physical.past, physical.future)) / unit


def _weather(request: Request, config: Config, physical: Physical, unit: float) -> Floats:
    """What is known of the weather in history and horizon, and the power that follows from it."""
    course = _course(physical, unit)
    columns = [] if course is None else [course]
    for name, variable in request.weather.items():
        whole = variable.whole()
        if whole is None:
            continue
        columns.append(whole)
        if name == "windSpeed" and request.source != "solar":
            columns += [wind.power(config, request.plant, whole), whole**2]
        if name == "cloudCover":
            columns.append(whole**3.4)
    length = len(request.history) + request.horizon
    return np.column_stack(columns) if columns else np.empty((length, 0))
