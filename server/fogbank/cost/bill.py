"""The cloud's bill of what was served: neurons by model and key, the free ones taken off each day.

Sums come from the ledger (`LedgerTotal`), from imported logs, or from anybody who has a `DayUse`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from fogbank.cost.prices import PriceTable
from fogbank.tasks import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class DayUse:
    """One UTC day of one model and key. `unpriced` requests are in no `neurons`."""

    day: date
    model: str
    key: str | None = None
    requests: int
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    audio_seconds: float = 0.0
    images: int = 0
    neurons: float = 0.0
    unpriced: int = 0


@dataclass(slots=True)
class Line:
    """A line of the bill. `billed` are its neurons once each day's free ones are taken off.

    A day's free neurons go to its lines in proportion to their neurons.
    """

    model: str
    key: str | None
    requests: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    audio_seconds: float = 0.0
    images: int = 0
    neurons: float = 0.0
    billed: float = 0.0
    unpriced: int = 0

    @property
    def tokens(self) -> int:
        """Of prompts and answers."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Bill:
    """`lines` the dearest first; `days` are (day, neurons, billed neurons), in order."""

    lines: tuple[Line, ...]
    days: tuple[tuple[date, float, float], ...]
    usd_per_1000_neurons: float
    free_neurons_per_day: float

    @property
    def neurons(self) -> float:
        """Before the free allocation."""
        return sum(neurons for _, neurons, _ in self.days)

    @property
    def billed(self) -> float:
        """After it."""
        return sum(billed for _, _, billed in self.days)

    @property
    def usd(self) -> float:
        """What Cloudflare would charge."""
        return self.usd_of(self.billed)

    def usd_of(self, neurons: float) -> float:
        """Dollars of so many billed neurons."""
        return neurons * self.usd_per_1000_neurons / 1000


SUMMED = (
    "requests",
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "audio_seconds",
    "images",
    "neurons",
    "unpriced",
)


def make_bill(uses: Iterable[DayUse], prices: PriceTable) -> Bill:
    """The bill of these days. Accounts are one: the free allocation is taken off once a day."""
    by_day: dict[date, list[DayUse]] = defaultdict(list)
    for use in uses:
        by_day[use.day].append(use)
    lines: dict[tuple[str, str | None], Line] = {}
    days = []
    for day in sorted(by_day):
        neurons = sum(use.neurons for use in by_day[day])
        billed = max(0.0, neurons - prices.free_neurons_per_day)
        share = billed / neurons if neurons else 0.0
        days.append((day, neurons, billed))
        for use in by_day[day]:
            line = lines.setdefault((use.model, use.key), Line(use.model, use.key))
            for name in SUMMED:
                setattr(line, name, getattr(line, name) + getattr(use, name))
            line.billed += use.neurons * share
    ordered = sorted(
        lines.values(), key=lambda line: (-line.neurons, -line.requests, line.model, line.key or "")
    )
    per_1000, free = prices.usd_per_1000_neurons, prices.free_neurons_per_day
    return Bill(tuple(ordered), tuple(days), per_1000, free)


def priced_again(use: DayUse, price: Callable[[str, Usage], float | None]) -> DayUse:
    """The same use by another table: `price` gives the neurons of a model's usage, None unpriced.

    Prices are lines in what is used, so a sum of requests costs what they cost one by one.
    """
    usage = Usage(
        prompt_tokens=use.prompt_tokens,
        completion_tokens=use.completion_tokens,
        cached_tokens=use.cached_tokens,
        audio_seconds=use.audio_seconds,
        images=use.images,
    )
    neurons = price(use.model, usage)
    values = {name: getattr(use, name) for name in DayUse.__slots__}
    values |= {"neurons": neurons or 0.0, "unpriced": use.requests if neurons is None else 0}
    return DayUse(**values)
