"""From a request to the answer: history, physics, or both."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fogbank.deployments.esmap.models.renewable_forecast import plant
from fogbank.deployments.esmap.models.renewable_forecast.backtest import backtest, forecast
from fogbank.deployments.esmap.models.renewable_forecast.config import Config
from fogbank.deployments.esmap.models.renewable_forecast.interval import (
    crossed_coverage,
    half_widths,
    normal_width,
)
from fogbank.deployments.esmap.models.renewable_forecast.plant import Physical, fitting
from fogbank.deployments.esmap.models.renewable_forecast.preparation import (
    SMALLEST,
    prepare,
    windowed,
)
from fogbank.deployments.esmap.models.renewable_forecast.request import Request
from fogbank.deployments.esmap.models.renewable_forecast.series import Series
from fogbank.deployments.esmap.models.renewable_forecast.typical import of_capacity_one, typical
from fogbank.deployments.esmap.models.renewable_forecast.values import Bools, Floats

SHORT = 12
"""Values that a backtest needs."""
TRUSTED = 10.0
"""Forecasts in the backtest that give half of the confidence."""
APART = "rolling-origin backtest on the last part of the history"
TOGETHER = "rolling-origin backtest; the method was chosen on the same forecasts"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is answered; powers in the request's unit. `dark` steps are exactly 0."""

    predictions: Floats
    half: Floats
    metrics: dict[str, Any]
    method: dict[str, float]
    calibrated: bool
    season: int | None = None
    dark: Bools | None = None


def predict(request: Request, config: Config) -> tuple[Outcome, Physical, Request]:
    """The outcome for the request as it was understood. Raises InvalidInput."""
    request = windowed(request, config)
    count = len(request.history)
    if not count:
        request = of_capacity_one(request)
    physical = fitting(plant.model(request, config), request.history)
    if not count:
        outcome = (
            _typical(request, config)
            if physical.future is None
            else _physical_only(request, physical)
        )
        return outcome, physical, request
    outcome = _short(request) if count < SHORT else _learned(request, physical, config)
    if physical.future is not None and physical.past is None:
        outcome = _blended(outcome, physical, request.coverage)
    return outcome, physical, request


def _typical(request: Request, config: Config) -> Outcome:
    predictions, half = typical(request, config)
    metrics = {
        "mae": float(half[0]) / 2,
        "rmse": float(half[0]) / 2,
        "confidence": 0.0,
        "basis": "a guess: half of what the interval spans to either side",
    }
    return Outcome(predictions, half, metrics, {"typical": 1.0}, False)


def _physical_only(request: Request, physical: Physical) -> Outcome:
    assert physical.future is not None
    assert physical.error is not None
    error = physical.error
    metrics = {
        "mae": float(error.mean()) * np.sqrt(2 / np.pi),
        "rmse": float(np.sqrt(np.mean(error**2))),
        "confidence": 0.0,
        "basis": "the error that is assumed of the physical model",
    }
    dark = None if physical.dark is None else physical.dark[len(request.history) :]
    half = _normal(request.coverage) * error
    return Outcome(physical.future, half, metrics, {"physical": 1.0}, False, dark=dark)


def _short(request: Request) -> Outcome:
    """The last value. Its error is that of one-step persistence, and never taken to be small."""
    history = request.history
    last, changes = float(history[-1]), np.abs(np.diff(history))
    ahead = np.sqrt(np.arange(1, request.horizon + 1))
    floor = float(history.max()) / (1 + len(changes))
    half = max(normal_width(changes, request.coverage) if len(changes) > 1 else 0.0, floor)
    metrics = {
        "mae": float(changes.mean()) if len(changes) else half / 2,
        "rmse": float(np.sqrt(np.mean(changes**2))) if len(changes) else half / 2,
        "confidence": round(0.5 * len(changes) / (len(changes) + TRUSTED), 4),
        "basis": "changes from one value to the next"
        if len(changes)
        else "a guess: half of the only value",
    }
    predictions = np.full(request.horizon, last)
    return Outcome(predictions, half * ahead, metrics, {"persistence": 1.0}, False)


def _learned(request: Request, physical: Physical, config: Config) -> Outcome:
    series, unit = prepare(request, physical, config)
    tested = backtest(series)
    widths, enough = half_widths(tested.scores, request.coverage)
    place = (len(series) + np.arange(request.horizon)) % len(tested.scale)
    absolute = np.abs(tested.errors[np.isfinite(tested.errors)])
    mae, rmse = float(absolute.mean()), float(np.sqrt(np.mean(absolute**2)))
    baseline = tested.baselines.get("seasonal-naive", tested.baselines["persistence"])
    origins = len(tested.errors)
    skill = 1.0 if mae <= SMALLEST else 1 / (1 + mae / max(baseline, SMALLEST))
    crossed = crossed_coverage(tested.scores, request.coverage)
    naive = np.abs(np.diff(series.values)) if series.season == 1 else _seasonal_changes(series)
    metrics = {
        "mae": mae * unit,
        "rmse": rmse * unit,
        "confidence": round(skill * origins / (origins + TRUSTED), 4),
        "basis": APART if tested.apart else TOGETHER,
        "mase": round(mae / float(naive.mean()), 4) if naive.mean() > SMALLEST else None,
        "coverage": None if crossed is None else round(crossed, 4),
        "n": origins,
        "baselines": {name: {"mae": value * unit} for name, value in tested.baselines.items()},
    }
    future = series.dark[len(series) :]
    half = np.where(future, 0.0, widths * tested.scale[place]) * unit
    predictions = forecast(series, tested.weights) * unit
    return Outcome(
        predictions,
        half,
        metrics,
        tested.weights,
        enough and tested.apart,
        series.season,
        dark=future,
    )


def _seasonal_changes(series: Series) -> Floats:
    return np.abs(series.values[series.season :] - series.values[: -series.season])


def _blended(outcome: Outcome, physical: Physical, coverage: float) -> Outcome:
    """Both by the inverse of their variance, where no past weather says how physics does here.

    The half-width is the weighted sum of both: the blend's error is never above that of its parts.
    """
    assert physical.future is not None
    assert physical.error is not None
    z = _normal(coverage)
    statistical = np.maximum(outcome.half / z, SMALLEST)
    assumed = np.maximum(physical.error, SMALLEST)
    weight = assumed**2 / (assumed**2 + statistical**2)
    share = round(float(weight.mean()), 4)
    method = {name: part * share for name, part in outcome.method.items()}
    return Outcome(
        weight * outcome.predictions + (1 - weight) * physical.future,
        weight * outcome.half + (1 - weight) * z * physical.error,
        outcome.metrics,
        {**method, "physical": 1 - share},
        False,
        outcome.season,
        outcome.dark,
    )


def _normal(coverage: float) -> float:
    from scipy.special import ndtri

    return float(ndtri((1 + coverage) / 2))
