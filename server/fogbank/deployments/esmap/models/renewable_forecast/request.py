"""What is asked: the features of an input, read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from fogbank.deployments.esmap.model import InvalidInput, features_of
from fogbank.deployments.esmap.models.renewable_forecast import step as steps
from fogbank.deployments.esmap.models.renewable_forecast import weather as weathers
from fogbank.deployments.esmap.models.renewable_forecast.units import UNITS, WATTS, capacity_in
from fogbank.deployments.esmap.models.renewable_forecast.values import (
    Floats,
    choice,
    filled,
    integer,
    number,
    numbers,
)
from fogbank.deployments.esmap.models.renewable_forecast.weather import Variable

SOURCES = {"solar": None, "wind": None, "hydro": None}
HORIZON, MAX_HORIZON = 4, 168
COVERAGE = 0.9
LARGEST = 1e12
OVERLOAD = 1.2
"""A history above so many times the capacity has another unit, or the capacity is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """What is known of the plant; `capacity` is the most that a step gives, in the forecast's unit.

    Degrees, metres.
    """

    capacity: float | None
    latitude: float | None
    longitude: float | None
    altitude: float
    tilt: float | None
    azimuth: float | None
    hub_height: float | None
    wind_height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`history` and the forecast are in `unit`, one value a step; `step` is in hours.

    `start` is the beginning of the first step that is forecast.
    """

    source: str | None
    history: Floats
    horizon: int
    coverage: float
    unit: str | None
    step: float | None
    season: int | None
    start: datetime | None
    weather: dict[str, Variable]
    weather_error: dict[str, float]
    plant: Plant
    notes: tuple[str, ...]


def read(input: Any, options: Mapping[str, Any]) -> Request:
    """The request of an input. Raises InvalidInput with the name of the field that is wrong."""
    features = features_of(input)
    source = features.get("source", features.get("type"))
    horizon = _either(features, options, "horizon", HORIZON)
    horizon = integer(horizon, "horizon", 1, MAX_HORIZON)
    coverage = number(_either(features, options, "coverage", COVERAGE), "coverage", 0.5, 0.99)
    history, notes = _history(features)
    step = None if features.get("step") is None else steps.hours(features["step"])
    plant, unit = _plant(features, step)
    if plant.capacity is not None and len(history) and history.max() > OVERLOAD * plant.capacity:
        raise InvalidInput(
            f"historicalGeneration reaches {history.max():.6g}, more than the capacity of"
            f" {plant.capacity:.6g} {unit or ''}".rstrip()
            + ": check unit and capacityUnit"
        )
    return Request(
        source=None if source is None else choice(source, "source", SOURCES),
        history=history,
        horizon=horizon,
        coverage=coverage,
        unit=unit,
        step=step,
        season=_optional(features, "season", 1, max(1, len(history) // 2), whole=True),
        start=None if features.get("startTime") is None else _time(features["startTime"]),
        weather=weathers.parse(features, len(history), horizon),
        weather_error=weathers.errors(features),
        plant=plant,
        notes=notes,
    )


def _either(features: Mapping[str, Any], options: Mapping[str, Any], name: str, usual: Any) -> Any:
    given = features.get(name)
    given = options.get(name) if given is None else given
    return usual if given is None else given


def _optional(
    features: Mapping[str, Any], name: str, low: float, high: float, *, whole: bool = False
) -> Any:
    value = features.get(name)
    if value is None:
        return None
    if whole:
        return integer(value, name, int(low), int(high))
    return number(value, name, low, high)


def _history(features: Mapping[str, Any]) -> tuple[Floats, tuple[str, ...]]:
    given = features.get("historicalGeneration")
    if given is None or given == []:
        return np.empty(0), ()
    values = numbers(given, "historicalGeneration", -LARGEST, LARGEST)
    notes = []
    if gaps := int(np.isnan(values).sum()):
        notes.append(f"{gaps} missing values of the history were interpolated")
    values = filled(values, "historicalGeneration")
    if below := int((values < 0).sum()):
        notes.append(f"{below} negative values of the history count as 0")
    return np.maximum(values, 0.0), tuple(notes)


def _plant(features: Mapping[str, Any], step: float | None) -> tuple[Plant, str | None]:
    unit, given = features.get("unit"), features.get("capacityUnit")
    unit = None if unit is None else choice(unit, "unit", UNITS)
    given = None if given is None else choice(given, "capacityUnit", WATTS)
    capacity = _optional(features, "capacity", 1e-6, LARGEST)
    if capacity is not None:
        capacity, unit = capacity_in(capacity, given, unit, step)
    place = features.get("location")
    place = {**features, **place} if isinstance(place, dict) else features
    latitude = _optional(place, "latitude", -90, 90)
    longitude = _optional(place, "longitude", -180, 180)
    if (latitude is None) != (longitude is None):
        raise InvalidInput("latitude and longitude belong together; one is missing")
    return Plant(
        capacity=capacity,
        latitude=latitude,
        longitude=longitude,
        altitude=_optional(place, "altitude", -430, 6000) or 0.0,
        tilt=_optional(features, "tilt", 0, 90),
        azimuth=_optional(features, "azimuth", 0, 360),
        hub_height=_optional(features, "hubHeight", 2, 300),
        wind_height=_optional(features, "windSpeedHeight", 2, 300) or 10.0,
    ), unit


def _time(value: Any) -> datetime:
    try:
        time = datetime.fromisoformat(value)
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(
            "startTime must be the time at which the forecast begins, as ISO 8601:"
            " 2026-06-01T12:00:00Z"
        ) from None
    if not 1950 <= time.year < 2100:
        raise InvalidInput(f"startTime is in the year {time.year}, outside 1950 to 2099")
    return time


def times(request: Request) -> list[str] | None:
    """Beginnings of the forecast's steps, where the start and the step are known."""
    if request.start is None or request.step is None:
        return None
    step = timedelta(hours=request.step)
    return [(request.start + i * step).isoformat() for i in range(request.horizon)]
