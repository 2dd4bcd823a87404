"""Prediction intervals from the errors of a backtest: split conformal, a quantile for each step."""

import math

import numpy as np
from numpy.typing import NDArray

from fogbank.deployments.esmap.models.renewable_forecast.values import Floats

PRIOR = 5.0
"""Errors of all steps that stand behind those of one place in the season."""


def scales(errors: Floats, targets: NDArray[np.intp], season: int) -> Floats:
    """How large errors are at each place in the season, against the mean: wider at noon.

    Learned from other errors than the quantiles, or the quantiles' guarantee would not hold.
    """
    size = np.abs(errors)
    usual = float(np.nanmean(size)) if np.isfinite(size).any() else 0.0
    if season < 2 or usual <= 0:
        return np.ones(max(1, season))
    known = np.isfinite(size)
    place = targets[known] % season
    total = np.bincount(place, size[known], season) + PRIOR * usual
    count = np.bincount(place, minlength=season) + PRIOR
    return np.asarray(np.maximum(total / count / usual, 0.1))


def half_widths(scores: Floats, coverage: float) -> tuple[Floats, bool]:
    """Half the interval's width for each step, and whether all steps are calibrated.

    `scores` are absolute errors, a row an origin, NaN where unknown. With n of them the half-width
    is the ceil((n + 1) * coverage)-th smallest, so that a new error exchangeable with them is
    within it with at least that probability (Vovk et al. 2005; Lei et al. 2018). Where n is too
    small for that, Student's t stands in for it, and past the last known step the width grows
    with the square root of the steps: neither is calibrated.
    """
    widths = np.empty(scores.shape[1])
    calibrated, known = True, 0
    for step in range(scores.shape[1]):
        sample = np.sort(scores[np.isfinite(scores[:, step]), step])
        rank = math.ceil((len(sample) + 1) * coverage)
        if rank <= len(sample):
            widths[step] = sample[rank - 1]
            known = step
            continue
        calibrated = False
        if len(sample) >= 2:
            widths[step] = normal_width(sample, coverage)
            known = step
        else:
            before = widths[known] if step else 0.0
            widths[step] = before * math.sqrt((step + 1) / (known + 1))
    return widths, calibrated


def normal_width(sample: Floats, coverage: float) -> float:
    """Student's t times the root mean square, for so many errors of mean zero."""
    from scipy.special import stdtrit

    count = len(sample)
    t = float(stdtrit(count, (1 + coverage) / 2))
    return t * math.sqrt(float(np.mean(sample**2)) * (1 + 1 / count))


def crossed_coverage(scores: Floats, coverage: float) -> float | None:
    """The share of errors within the width that the other half of the origins gives."""
    half = len(scores) // 2
    inside = total = 0
    for one, other in ((scores[:half], scores[half:]), (scores[half:], scores[:half])):
        if not len(one) or not len(other):
            return None
        widths, calibrated = half_widths(one, coverage)
        if not calibrated:
            return None
        known = np.isfinite(other)
        inside += int((other[known] <= np.broadcast_to(widths, other.shape)[known]).sum())
        total += int(known.sum())
    return inside / total if total else None
