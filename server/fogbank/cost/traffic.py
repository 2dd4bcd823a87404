"""What a described traffic would cost on Workers AI, before anybody owns anything."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from fogbank.catalog.card import Card
from fogbank.catalog.document import read_document
from fogbank.catalog.expected import explain
from fogbank.catalog.mistakes import CatalogError
from fogbank.cost.prices import PriceTable
from fogbank.tasks import Usage

MANY = 10**9
FindCard = Callable[[str], Card]
"""The card of a model's name; raises LookupError, whose text says what is wrong."""


class Workload(BaseModel):
    """Requests of one model; tokens are means of a request."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    requests_per_day: float = Field(ge=0, le=1e12, allow_inf_nan=False)
    tokens_in: float = Field(0, ge=0, le=1e9, allow_inf_nan=False)
    tokens_out: float = Field(0, ge=0, le=1e9, allow_inf_nan=False)
    tokens_cached: float = Field(
        0, ge=0, le=1e9, allow_inf_nan=False, description="Of tokens_in, from a prefix cache."
    )
    audio_seconds: float = Field(0, ge=0, le=1e6, allow_inf_nan=False)
    images: float = Field(0, ge=0, le=1e6, allow_inf_nan=False)

    @model_validator(mode="after")
    def _cached_are_of_the_prompt(self) -> "Workload":
        if self.tokens_cached > self.tokens_in:
            raise ValueError("tokens_cached: more than tokens_in")
        return self


class Traffic(BaseModel):
    """A whole description: the same every day."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    days: float = Field(30, gt=0, le=36_600, allow_inf_nan=False)
    models: tuple[Workload, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Simulated:
    """One model of a simulation, over all days.

    `neurons` is None where it has no price; `assumed` says whence a price is that is not in
    Cloudflare's table.
    """

    model: str
    requests: float
    tokens_in: float
    tokens_out: float
    neurons: float | None
    assumed: str = ""


@dataclass(frozen=True, slots=True)
class Simulation:
    """The bill. `neurons_billed` is what is left of `neurons` after each day's free allocation.

    The allocation is the account's, not a model's: it is taken once from the day's sum.
    """

    days: float
    models: tuple[Simulated, ...]
    neurons: float
    neurons_billed: float
    usd: float

    @property
    def unpriced(self) -> list[str]:
        """Models that are in no sum, since the table lacks them."""
        return [each.model for each in self.models if each.neurons is None]


def simulate(traffic: Traffic, prices: PriceTable, find: FindCard) -> Simulation:
    """The bill of this traffic by this table. Raises LookupError for a model that is not known."""
    models = tuple(_simulated(each, traffic.days, prices, find) for each in traffic.models)
    daily = sum(each.neurons or 0.0 for each in models) / traffic.days
    billed = max(0.0, daily - prices.free_neurons_per_day) * traffic.days
    return Simulation(traffic.days, models, daily * traffic.days, billed, prices.usd(billed))


def read_traffic(file: Path) -> Traffic:
    """A description in YAML or JSON. Raises CatalogError with all mistakes, by line."""
    document = read_document(file)
    if not document.mistakes:
        try:
            return Traffic.model_validate(document.data)
        except ValidationError as error:
            details = error.errors(include_url=False)
            document.mistakes += [document.mistake(*explain(Traffic, each)) for each in details]
    raise CatalogError(document.mistakes)


def _simulated(load: Workload, days: float, prices: PriceTable, find: FindCard) -> Simulated:
    card = find(load.model)
    price = prices.price(card)
    requests = load.requests_per_day * days
    # Many at once, so that fractions of a token in the mean are not lost.
    usage = Usage(
        prompt_tokens=round(load.tokens_in * MANY),
        cached_tokens=round(load.tokens_cached * MANY),
        completion_tokens=round(load.tokens_out * MANY),
        audio_seconds=load.audio_seconds * MANY,
        images=round(load.images * MANY),
    )
    cost = None if price is None else price.cost(usage)
    return Simulated(
        card.name,
        requests,
        requests * load.tokens_in,
        requests * load.tokens_out,
        None if cost is None else requests * cost / MANY,
        price.note if price is not None and price.assumed else "",
    )
