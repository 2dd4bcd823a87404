"""Intervals: the ranks of split conformal prediction, and what they cover."""

import numpy as np
import pytest

from fogbank.deployments.esmap.models.renewable_forecast.interval import (
    crossed_coverage,
    half_widths,
    normal_width,
    scales,
)


def test_the_rank_of_a_finite_sample() -> None:
    scores = np.arange(1.0, 20.0, dtype=np.float64)[:, None]
    widths, calibrated = half_widths(scores, 0.9)
    assert (widths.tolist(), calibrated) == ([18.0], True)
    assert half_widths(scores, 0.5)[0].tolist() == [10.0]


def test_too_few_for_a_rank_are_not_called_calibrated() -> None:
    widths, calibrated = half_widths(np.ones((8, 1)), 0.9)
    assert not calibrated
    assert widths[0] == pytest.approx(1.8595 * (1 + 1 / 8) ** 0.5, rel=1e-4)
    assert widths[0] == normal_width(np.ones(8), 0.9)


def test_steps_without_errors_grow_wider() -> None:
    scores = np.full((30, 4), np.nan)
    scores[:, 0] = np.linspace(0.1, 1, 30)
    widths, calibrated = half_widths(scores, 0.9)
    assert not calibrated
    assert widths[1:] == pytest.approx(widths[0] * np.sqrt([2, 3, 4]))


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.95])
def test_they_cover_what_they_say(coverage: float) -> None:
    rng = np.random.default_rng(0)
    errors = np.abs(rng.standard_t(3, size=(2000, 61)))
    inside = [
        new[0] <= half_widths(old[:, None], coverage)[0][0]
        for old, new in zip(errors[:, :60], errors[:, 60:], strict=True)
    ]
    assert np.mean(inside) == pytest.approx(coverage, abs=0.02)


def test_noon_is_wider_than_dawn() -> None:
    rng = np.random.default_rng(1)
    targets = np.arange(400)[:, None]
    errors = rng.normal(size=(400, 1)) * np.where(targets % 4 == 2, 10.0, 1.0)
    found = scales(errors, targets, 4)
    assert found[2] > 5 * found[0]
    assert scales(errors, targets, 1).tolist() == [1.0]
    assert scales(np.full((3, 1), np.nan), targets[:3], 4).tolist() == [1.0] * 4


def test_coverage_is_measured_across_halves() -> None:
    rng = np.random.default_rng(2)
    crossed = crossed_coverage(np.abs(rng.normal(size=(400, 3))), 0.9)
    assert crossed == pytest.approx(0.9, abs=0.04)
    assert crossed_coverage(np.ones((6, 1)), 0.9) is None
