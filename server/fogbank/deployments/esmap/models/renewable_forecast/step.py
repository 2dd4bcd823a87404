"""The time from one value to the next, and the seasons that go with it."""

import re
from typing import Any

from fogbank.deployments.esmap.model import InvalidInput

DAY, YEAR = 24.0, 8766.0
NAMES = {
    "hour": 1.0,
    "hourly": 1.0,
    "day": DAY,
    "daily": DAY,
    "week": 7 * DAY,
    "weekly": 7 * DAY,
    "month": YEAR / 12,
    "monthly": YEAR / 12,
    "year": YEAR,
    "yearly": YEAR,
}
ISO = {"H": 1.0, "M": 1 / 60, "D": DAY, "W": 7 * DAY, "month": YEAR / 12, "Y": YEAR}
SHORT = {"min": 1 / 60, "m": 1 / 60, "h": 1.0, "d": DAY}
UNKNOWN = (24, 12, 7, 48, 96, 52, 4)
"""Seasons that are looked for when the step is not given."""


def hours(value: Any) -> float:
    """Hours of a step: `hour`, `day`, `month` ..., `15min`, `1h`, or ISO 8601 (`PT15M`).

    Raises InvalidInput.
    """
    if isinstance(value, str):
        text = value.strip()
        if text.lower() in NAMES:
            return NAMES[text.lower()]
        if match := re.fullmatch(r"([1-9]\d{0,3})\s*(min|m|h|d)", text.lower()):
            return int(match[1]) * SHORT[match[2]]
        if match := re.fullmatch(r"P(T?)([1-9]\d{0,3})([HMDWY])", text.upper()):
            month = match[3] == "M" and not match[1]
            return int(match[2]) * ISO["month" if month else match[3]]
    raise InvalidInput(
        "step must be hour, day, week, month, year, a time such as 15min or 1h,"
        " or an ISO 8601 duration such as PT15M"
    )


def seasons(step: float | None) -> tuple[int, ...]:
    """Lengths, in steps, of the seasons that a series of this step (in hours) may have."""
    if step is None:
        return UNKNOWN
    if step < DAY:
        return (round(DAY / step),) if (DAY / step).is_integer() else ()
    if step == DAY:
        return (7, 365)
    return {7 * DAY: (52,), YEAR / 12: (12,)}.get(step, ())
