"""What a request costs and where it is written down, as far as the runtime knows of it."""

from dataclasses import dataclass
from typing import Protocol

from fogbank.catalog.card import Card
from fogbank.runtime.context import Context
from fogbank.tasks import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One request that reached an engine. `outcome` as in the metric `fogbank_requests`.

    `seconds` is the whole time, `first_seconds` until the first text of a stream; `streamed` tells
    whether it was one. `served_by` names a stand-in, if one answered.
    """

    card: Card
    context: Context
    usage: Usage
    outcome: str
    engine: str
    served_by: str | None
    streamed: bool
    seconds: float
    first_seconds: float | None = None


class Meter(Protocol):
    """Counts in neurons. Called on the event loop: nothing here waits for a disk or a network."""

    def admit(self, context: Context) -> None:
        """Raises AIError when the daily allocation is used up."""

    def neurons(self, card: Card, usage: Usage) -> float | None:
        """What this would have cost; None for a model that the price table lacks."""

    def record(self, record: Record) -> None:
        """Writes a finished request down, whatever its outcome."""


class NoMeter:
    """Counts nothing."""

    def admit(self, context: Context) -> None:
        return

    def neurons(self, card: Card, usage: Usage) -> float | None:
        return None

    def record(self, record: Record) -> None:
        return
