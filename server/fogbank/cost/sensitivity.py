"""What moves the answer most, and how sure it is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fogbank.cost.break_even import CloudPrice, break_even
from fogbank.cost.figure import Figure
from fogbank.cost.own import Machine, own_month

SAMPLES = 10_000
SEED = 20261128
QUANTILES = (0.05, 0.5, 0.95)


@dataclass(frozen=True, slots=True)
class Question:
    """A machine, the figures it is made of, its price in the cloud, a sustained rate of tokens."""

    machine: Machine
    figures: Mapping[str, Figure]
    cloud: CloudPrice
    tokens_per_second: float

    @property
    def uncertain(self) -> dict[str, Figure]:
        """The figures that have a range."""
        return {name: figure for name, figure in self.figures.items() if not figure.known}


@dataclass(frozen=True, slots=True)
class Swing:
    """One figure at its two ends, all others at their best guess: own USD a month."""

    figure: str
    low: float
    high: float

    @property
    def width(self) -> float:
        """How far the month's cost moves."""
        return abs(self.high - self.low)


@dataclass(frozen=True, slots=True)
class Odds:
    """A seeded Monte Carlo: how often own hardware is cheaper, and quantiles at 5, 50 and 95 %.

    `own` are USD a month, `utilisation` the break-even as a share of capacity, None where it is
    never reached.
    """

    probability: float
    own: tuple[float, ...]
    utilisation: tuple[float | None, ...]
    samples: int
    seed: int


def swings(asked: Question) -> list[Swing]:
    """One at a time, the widest first. A figure that no cost depends on is left out."""
    found = [
        Swing(name, _own(asked, {name: figure.low}), _own(asked, {name: figure.high}))
        for name, figure in asked.uncertain.items()
    ]
    moved = [swing for swing in found if swing.width > 0]
    return sorted(moved, key=lambda swing: (-swing.width, swing.figure))


def odds(asked: Question, samples: int = SAMPLES, seed: int = SEED) -> Odds:
    """Every figure drawn at once from a triangle over its range, its best guess at the top."""
    random = np.random.default_rng(seed)
    drawn = {
        name: random.triangular(figure.low, figure.value, figure.high, samples)
        for name, figure in sorted(asked.uncertain.items())
    }
    cloud = asked.cloud.month(asked.tokens_per_second)
    own, shares = np.empty(samples), np.empty(samples)
    for at in range(samples):
        machine = replace(asked.machine, **{name: float(each[at]) for name, each in drawn.items()})
        own[at] = own_month(machine, asked.tokens_per_second).total
        share = break_even(machine, asked.cloud).utilisation
        shares[at] = np.inf if share is None else share
    utilisation = (each if np.isfinite(each) else None for each in _quantiles(shares))
    return Odds(float(np.mean(own < cloud)), _quantiles(own), tuple(utilisation), samples, seed)


def _own(asked: Question, values: Mapping[str, float]) -> float:
    return own_month(replace(asked.machine, **values), asked.tokens_per_second).total


def _quantiles(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(each) for each in np.quantile(values, QUANTILES, method="lower"))
