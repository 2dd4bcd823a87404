"""From a request of the API to the features that the forecasting model takes."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from fogbank.deployments.esmap.requests import BadRequest

DEFAULT_TYPE = "solar"
GENERATION = ("generation", "value", "power", "output")
WEATHER = {
    "temperature": "temperature",
    "wind_speed": "windSpeed",
    "windSpeed": "windSpeed",
    "cloud_cover": "cloudCover",
    "cloudCover": "cloudCover",
}
"""Other names go to the model as they are."""
MINUTE = timedelta(minutes=1)
LONGEST_STEP = 9999 * MINUTE
MOST_STEPS = 20_000
"""Of a history or of weather; the model reads no more."""
MOST_NAMES = 50
"""Of weather: each becomes a list with a value for every step."""


def features_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    """`input.features` of the model. Raises BadRequest.

    `historical_data`: numbers, or objects with `generation` and perhaps `timestamp`.
    `weather_data`: an object of numbers or lists by name, or a list of objects, one a step.
    `location`: whatever the model knows (a name, or latitude and longitude).
    """
    kind = asked.get("type", DEFAULT_TYPE)
    if not isinstance(kind, str) or not kind:
        raise BadRequest("type must be a text such as solar, wind or hydro")
    features: dict[str, Any] = {"type": kind}
    if (location := asked.get("location")) is not None:
        features["location"] = location
    features |= _history(asked.get("historical_data"))
    weather = _weather(asked.get("weather_data"))
    return features | {name: each for name, each in weather.items() if name not in features}


def _history(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, list):
        raise BadRequest("historical_data must be a list of numbers, or of {timestamp, generation}")
    _check_length(value, "historical_data")
    if not any(isinstance(each, dict) for each in value):
        return {"historicalGeneration": value}
    generation = [_generation(each) for each in value]
    return {"historicalGeneration": generation, **_times([each.get("timestamp") for each in value])}


def _times(stamps: list[Any]) -> dict[str, str]:
    """Step and first time ahead, where the history's times are even and of whole minutes."""
    try:
        times = [datetime.fromisoformat(stamp) for stamp in stamps]
        steps = {later - earlier for earlier, later in pairwise(times)}
    except (TypeError, ValueError):
        return {}
    if len(steps) != 1 or not MINUTE <= (step := steps.pop()) <= LONGEST_STEP or step % MINUTE:
        return {}
    try:
        start = times[-1] + step
    except OverflowError:
        return {}
    return {"step": f"PT{step // MINUTE}M", "startTime": start.isoformat()}


def _generation(each: Any) -> Any:
    if isinstance(each, dict):
        for name in GENERATION:
            if name in each:
                return each[name]
    raise BadRequest("every item of historical_data needs a generation")


def _weather(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if isinstance(value, dict):
        return {_known(name): each for name, each in value.items()}
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise BadRequest("weather_data must be an object, or a list of objects")
    _check_length(value, "weather_data")
    names = dict.fromkeys(name for each in value for name in each if name != "timestamp")
    if len(names) > MOST_NAMES:
        raise BadRequest(f"weather_data has {len(names)} names; {MOST_NAMES} are taken")
    return {_known(name): [each.get(name) for each in value] for name in names}


def _check_length(value: list[Any], name: str) -> None:
    if len(value) > MOST_STEPS:
        raise BadRequest(f"{name} has {len(value)} steps; {MOST_STEPS} are taken")


def _known(name: str) -> str:
    return WEATHER.get(name, name)
