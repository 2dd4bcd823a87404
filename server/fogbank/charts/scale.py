"""Where a value lies on an axis, and what stands beside the axis."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

FARTHEST = 1e15
"""Values beyond are drawn here: no chart of energy, cost or emissions reaches it."""
NARROWEST = 1e-9
"""A range below is drawn as if its values were the same."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps `low..high` of the data to `start..end` of the drawing. `low` is below `high`."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]

    def __call__(self, value: float) -> float:
        """The place of a value; what lies outside of the axis is put at its end."""
        inside = min(max(_tame(value), self.low), self.high)
        return self.start + (inside - self.low) / (self.high - self.low) * (self.end - self.start)


def finite(values: Iterable[float | None]) -> list[float]:
    """The values that can be drawn."""
    return [_tame(value) for value in values if value is not None and not math.isnan(value)]


def scale(
    values: Iterable[float | None],
    start: float,
    end: float,
    *,
    zero: bool = True,
    ticks: int = 5,
) -> Scale:
    """An axis with about `ticks` round marks that holds all values, and 0 where `zero`.

    Without values it goes from 0 to 1; values that are all the same get room around them.
    """
    known = finite(values)
    if zero or not known:
        known.append(0.0)
    low, high = min(known), max(known)
    if high - low < max(NARROWEST, NARROWEST * max(abs(low), abs(high))):
        room = abs(high) / 2 or 1.0
        room = max(room, NARROWEST * 10)
        low, high = (0.0, room) if zero and not high else (low - room, high + room)
    step = _round_step((high - low) / max(ticks, 1))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    marks = tuple(round(index * step, 12) for index in range(first, last + 1))
    return Scale(marks[0], marks[-1], start, end, marks)


def _round_step(step: float) -> float:
    """The next of 1, 2, 2.5, 5 and 10 times a power of ten."""
    power: float = 10.0 ** math.floor(math.log10(step))
    return next(f * power for f in (1, 2, 2.5, 5, 10, 20) if f * power >= step * (1 - 1e-9))


def _tame(value: float) -> float:
    return 0.0 if math.isnan(value) else min(max(float(value), -FARTHEST), FARTHEST)
