"""The answer: the old service's fields, and what makes them worth trusting."""

from typing import Any

import numpy as np

from fogbank.deployments.esmap.models.renewable_forecast.forecast import SHORT, Outcome
from fogbank.deployments.esmap.models.renewable_forecast.plant import DRIVERS, Physical
from fogbank.deployments.esmap.models.renewable_forecast.request import Request, times
from fogbank.deployments.esmap.models.renewable_forecast.values import Floats

DIGITS = 6


def answer(request: Request, outcome: Outcome, physical: Physical) -> dict[str, Any]:
    """Bounded by 0 and the capacity, rounded to DIGITS, lower <= prediction <= upper."""
    top = np.inf if request.plant.capacity is None else request.plant.capacity
    middle = np.clip(outcome.predictions, 0.0, top)
    if outcome.dark is not None:
        middle = np.where(outcome.dark, 0.0, middle)
    lower, upper = (np.clip(middle + way * outcome.half, 0.0, top) for way in (-1, 1))
    if outcome.dark is not None:
        upper = np.where(outcome.dark, 0.0, upper)
    low, high = (np.minimum(_rounded(bound), top) for bound in (lower, upper))
    predictions = np.minimum(_rounded(middle), top)
    found = {
        "predictions": predictions.tolist(),
        "confidence_intervals": [
            {"lower": float(below), "upper": float(above)}
            for below, above in zip(low, high, strict=True)
        ],
        "metrics": _plain(outcome.metrics),
        "method": " + ".join(outcome.method),
        "weights": {name: round(weight, 4) for name, weight in outcome.method.items()},
        "coverage": request.coverage,
        "calibrated": outcome.calibrated,
        "horizon": request.horizon,
        "unit": request.unit,
        "source": request.source,
        "season": outcome.season,
        "weather": _weather(request, physical),
        "notes": [*request.notes, *_notes(request, physical)],
    }
    begins = times(request)
    return found if begins is None else {**found, "times": begins}


def _weather(request: Request, physical: Physical) -> dict[str, str]:
    """How each weather variable was used."""
    use = {}
    for name, variable in request.weather.items():
        if variable.future is None:
            use[name] = "unused: its values in the horizon are missing"
        elif variable.past is not None and len(request.history) >= SHORT:
            use[name] = "regressor"
        elif physical.future is not None and name in DRIVERS.get(request.source or "", ()):
            use[name] = "physical model"
        elif len(request.history) < SHORT:
            use[name] = f"unused: fewer than {SHORT} values say nothing of the weather"
        else:
            use[name] = "unused: its values beside the history are missing"
    return use


def _notes(request: Request, physical: Physical) -> list[str]:
    notes = []
    if not len(request.history) and physical.future is None:
        notes.append(
            "neither a history nor a plant was told: the mean of such plants, as a share of the"
            " capacity. historicalGeneration, or capacity, place, time and weather make it a"
            " forecast"
        )
    if request.source in ("solar", "wind") and physical.future is None:
        notes.append(f"the physical model was not used; it lacks {physical.missing}")
    if len(request.history) and physical.future is not None and physical.past is None:
        notes.append(
            "the weather beside the history is missing: the physical model is blended by its"
            " assumed error, and the intervals are not calibrated"
        )
    return notes


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return float(_rounded(np.array([value]))[0]) if isinstance(value, float) else value


def _rounded(values: Floats) -> Floats:
    """To DIGITS significant digits; it keeps the order."""
    return np.array([float(f"{value:.{DIGITS}g}") for value in values.tolist()])
