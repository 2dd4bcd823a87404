"""What changed between two price tables."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from fogbank.cost.prices import ModelPrice, PriceTable

Change = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class PriceChange:
    """One rate of one model, in neurons per `unit`; None where a table lacks it."""

    model: str
    unit: str
    rate: str
    before: float | None
    after: float | None

    @property
    def kind(self) -> Change:
        """Whether the rate is new, gone or different."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"

    @property
    def percent(self) -> float | None:
        """The change in per cent of what it was; None where there is nothing to compare."""
        if self.before is None or self.after is None:
            return None
        return 100 * (self.after - self.before) / self.before


def price_diff(before: PriceTable, after: PriceTable) -> list[PriceChange]:
    """Every rate that differs, by model and rate. A rate whose unit changed is gone and new."""
    return [
        change
        for model in sorted(before.models.keys() | after.models.keys())
        for change in _changes(model, before.models.get(model), after.models.get(model))
    ]


def _changes(
    model: str, before: ModelPrice | None, after: ModelPrice | None
) -> Iterator[PriceChange]:
    if before is not None and after is not None and before.unit != after.unit:
        yield from _changes(model, before, None)
        yield from _changes(model, None, after)
        return
    one = before or after
    assert one is not None
    old = {} if before is None else before.neurons
    new = {} if after is None else after.neurons
    for rate in sorted(old.keys() | new.keys()):
        if old.get(rate) != new.get(rate):
            yield PriceChange(model, one.unit, rate, old.get(rate), new.get(rate))
