"""Twelve months of electricity: totals, the peak, the pattern. Computed, never asked of a model."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from fogbank.deployments.energygenius.money import exactly, share, total

Pattern = Literal["consistent", "seasonal", "high-variance"]

STEADY = Decimal("0.20")
"""A consistent household's months differ from the mean by no more."""

PEAK = Decimal("1.30")
"""Of the mean: what a month of a peak is above."""

MOST_PEAKS = 2
"""Seasons of a year with peaks: summer and winter. More separate peaks are no seasons."""

DATE = re.compile(r"[0-9]{4}-([0-9]{2})\b")
NUMBER = re.compile("0?[1-9]|1[0-2]")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, slots=True)
class Month:
    """`label` as the client wrote it, `number` 1 to 12 where it is a month's; kWh and dollars."""

    label: str
    number: int | None
    usage: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Usage:
    """What twelve months come to. `annual_kwh` and `annual_cost` are exact."""

    months: tuple[Month, ...]
    annual_kwh: Decimal
    annual_cost: Decimal
    average_kwh: Decimal
    peak: Month
    pattern: Pattern


def usage_of(months: Sequence[Month]) -> Usage:
    """Of twelve months in any order. The first of several equal peaks is the peak."""
    annual = total(month.usage for month in months)
    return Usage(
        months=tuple(months),
        annual_kwh=annual,
        annual_cost=total(month.cost for month in months),
        average_kwh=share(annual, len(months)),
        peak=max(months, key=lambda month: month.usage),
        pattern=pattern_of(months),
    )


def pattern_of(months: Sequence[Month]) -> Pattern:
    """consistent: no month is more than 20 % from the mean; seasonal: the months above 130 % of it
    lie together, in one or two seasons; high-variance: all else (deployments.md, C; what a clear
    peak is, it leaves open).
    """
    if all(month.number is not None for month in months):
        months = sorted(months, key=lambda month: month.number or 0)
    whole, parts = total(month.usage for month in months), len(months)
    # Of twelve times a month beside the sum, since the mean may be a third that never ends.
    with exactly():
        if all(abs(parts * month.usage - whole) <= STEADY * whole for month in months):
            return "consistent"
        high = [parts * month.usage > PEAK * whole for month in months]
    begins = sum(here and not high[at - 1] for at, here in enumerate(high))
    return "seasonal" if 1 <= begins <= MOST_PEAKS else "high-variance"


def month_number(label: str) -> int | None:
    """1 to 12 for January, jan, 01, 2026-01 and the like; None for other words."""
    text = label.strip().lower()
    first = re.split("[^a-z]", text)[0]
    for number, name in enumerate(MONTHS, 1):
        if len(first) >= 3 and name.lower().startswith(first):
            return number
    dated = DATE.match(text)
    text = dated[1] if dated else text
    return int(text) if NUMBER.fullmatch(text) else None
