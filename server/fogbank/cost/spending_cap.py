"""A hard limit on what asking a cloud may cost.

Before a call the most that it can cost is reserved. What it did cost takes the place of that once
it is known; where it never is, as after a timeout, all of the reservation counts as spent.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil, isfinite

PARTS = 1_000_000
"""Sums are whole millionths of a neuron, so that no rounding of theirs can pass the cap."""


class CapReached(Exception):
    """A call could pass the cap, so it is not made."""


@dataclass(slots=True)
class Reservation:
    """Of one call. `worst` is in millionths of a neuron."""

    worst: int
    spent: int | None = None

    def settle(self, neurons: float) -> None:
        """What it cost; more than reserved is counted too. Raises ValueError for no such figure."""
        if not isfinite(neurons) or neurons < 0:
            raise ValueError(f"{neurons} is no number of neurons")
        self.spent = ceil(neurons * PARTS)


class SpendingCap:
    """`neurons` are all that may ever be spent; for calls of one thread or event loop.

    Once a call was refused, all further ones are: what comes after would be the torso of a run.
    """

    def __init__(self, neurons: float) -> None:
        self.neurons = neurons
        self._cap = int(neurons * PARTS)
        self._open = self._known = self._assumed = 0
        self._closed = ""

    @contextmanager
    def reserve(self, worst: float) -> Iterator[Reservation]:
        """For the time of one call of at most `worst` neurons. Raises CapReached."""
        most = ceil(worst * PARTS)
        left = self._cap - self._open - self._known - self._assumed
        if most > left and not self._closed:
            self._closed = (
                f"a call of at most {worst:,.2f} neurons was not made: {max(left, 0) / PARTS:,.2f}"
                f" of the cap of {self.neurons:,g} are left"
            )
        if self._closed:
            raise CapReached(self._closed)
        self._open += most
        made = Reservation(most)
        try:
            yield made
        finally:
            self._open -= most
            if made.spent is None:
                self._assumed += most
            else:
                self._known += made.spent

    @property
    def known(self) -> float:
        """Neurons that answers told."""
        return self._known / PARTS

    @property
    def assumed(self) -> float:
        """Neurons reserved for calls whose cost nobody told: the most that they can have cost."""
        return self._assumed / PARTS

    @property
    def committed(self) -> float:
        """Everything that is spent, may be spent, or is being spent now."""
        return (self._open + self._known + self._assumed) / PARTS
