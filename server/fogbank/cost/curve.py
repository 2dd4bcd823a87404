"""Both costs over the traffic, as a chart draws them."""

from dataclasses import dataclass
from math import ceil

from fogbank.cost.break_even import MILLION, BreakEven, CloudPrice
from fogbank.cost.own import SECONDS, Machine, own_month

BEYOND = 1.25
"""How far it goes: so many times the capacity of a machine, or the present traffic."""
STEPS = 12
"""Machines that are drawn as steps; with more of them the steps are too small to see."""
POINTS = 48
BESIDE = 1e-9
"""Of a machine's capacity: how near to a step its two sides are."""


@dataclass(frozen=True, slots=True)
class Point:
    """USD a month at a sustained rate, every day alike."""

    tokens_per_second: float
    cloud_usd: float
    own_usd: float


def curve(
    machine: Machine, cloud: CloudPrice, tokens_per_second: float, even: BreakEven
) -> tuple[Point, ...]:
    """Every corner of both, so that straight lines between the points are exact up to `STEPS`.

    The present traffic and the break-even are among them, the latter where one machine reaches it.
    """
    one = machine.tokens_per_second
    most = BEYOND * max(one, tokens_per_second)
    rates = {0.0, tokens_per_second, most}
    if even.tokens_per_second is not None and even.tokens_per_second <= one:
        rates.add(even.tokens_per_second)
    price = cloud.usd_per_million * SECONDS / MILLION
    if price and cloud.free_usd_per_month / price < most:
        rates.add(cloud.free_usd_per_month / price)
    machines = ceil(most / one)
    if machines <= STEPS:
        for count in range(1, machines):
            rates |= {count * one * (1 - BESIDE), count * one * (1 + BESIDE)}
    else:
        rates |= {most * step / POINTS for step in range(POINTS)}
    return tuple(
        Point(rate, cloud.month(rate), own_month(machine, rate).total) for rate in sorted(rates)
    )
